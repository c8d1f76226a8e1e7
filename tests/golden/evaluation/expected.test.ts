// The arithmetic of an evaluation against scikit-learn, SciPy, statsmodels and cleanlab: versions, seed and tolerance are
// in expected.json, which make-golden.py writes.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { accuracyOf, topKAccuracy } from '../../../core/evaluation/accuracy.ts';
import { bestF1Thresholds } from '../../../core/evaluation/best-f1-threshold.ts';
import { quantile } from '../../../core/evaluation/bootstrap.ts';
import { calibrationError, reliabilityBins } from '../../../core/evaluation/calibration.ts';
import { scoreClasses } from '../../../core/evaluation/class-scores.ts';
import { confusionMatrix } from '../../../core/evaluation/confusion-matrix.ts';
import { confidences, type Predictions } from '../../../core/evaluation/predictions.ts';
import { brierScore, crossEntropy } from '../../../core/evaluation/probability-losses.ts';
import { riskCoverage } from '../../../core/evaluation/risk-coverage.ts';
import { suspectedLabels } from '../../../core/evaluation/suspected-labels.ts';
import { fitTemperature, scaleByTemperature } from '../../../core/evaluation/temperature.ts';

const golden = JSON.parse(readFileSync(new URL('expected.json', import.meta.url), 'utf8'));
const DIGITS = -Math.log10(2 * golden.source.tolerance);
const predictions: Predictions = {
  probabilities: Float32Array.from(golden.probabilities),
  labels: Int32Array.from(golden.labels),
  classes: golden.classes,
};
const close = (actual: number | undefined, expected: number) => expect(actual).toBeCloseTo(expected, DIGITS);

describe('the evaluation of seeded predictions', () => {
  it('has the accuracy, its Wilson interval and the top-k accuracy', () => {
    const accuracy = accuracyOf(predictions);
    expect(accuracy).toMatchObject({
      successes: golden.accuracy.successes,
      trials: golden.accuracy.trials,
    });
    close(accuracy?.low, golden.accuracy.low);
    close(accuracy?.high, golden.accuracy.high);
    close(topKAccuracy(predictions, 2)?.value, golden.top2);
  });

  it('has the confusion matrix and the scores of every class', () => {
    expect(confusionMatrix(predictions)).toEqual(golden.confusionMatrix);
    const { classes, macroF1, balancedAccuracy } = scoreClasses(predictions, { seed: 1 });
    classes.forEach((scores, index) => {
      expect(scores.support).toBe(golden.support[index]);
      close(scores.precision?.value, golden.precision[index]);
      close(scores.recall?.value, golden.recall[index]);
      close(scores.f1?.value, golden.f1[index]);
    });
    close(macroF1?.value, golden.macroF1);
    close(balancedAccuracy?.value, golden.balancedAccuracy);
  });

  it('has the thresholds with the best F1', () => {
    bestF1Thresholds(predictions).forEach((best, index) => {
      close(best?.threshold, golden.thresholds[index].threshold);
      close(best?.f1, golden.thresholds[index].f1);
    });
  });

  it('has the losses and the calibration error, before and after the temperature', () => {
    close(crossEntropy(predictions), golden.crossEntropy);
    close(brierScore(predictions), golden.brier);
    close(calibrationError(reliabilityBins(predictions)), golden.calibrationError);
    const { temperature, reason } = fitTemperature(predictions);
    expect(reason).toBe('fitted');
    close(temperature, golden.temperature);
    const probabilities = scaleByTemperature(predictions.probabilities, golden.classes, temperature);
    probabilities.forEach((value, index) => {
      close(value, golden.scaled[index]);
    });
    const scaled = { ...predictions, probabilities };
    close(crossEntropy(scaled), golden.scaledCrossEntropy);
    close(calibrationError(reliabilityBins(scaled)), golden.scaledCalibrationError);
  });

  it('has the area under risk against coverage, and the best possible one', () => {
    const curve = riskCoverage(predictions);
    close(curve?.area, golden.riskArea);
    close(curve?.bestArea, golden.bestRiskArea);
  });

  it('suspects the same labels', () => {
    const suspects = suspectedLabels(predictions).map(({ example }) => example);
    expect(suspects.toSorted((a, b) => a - b)).toEqual(golden.suspects);
  });

  it('has the quantiles of NumPy', () => {
    const sorted = confidences(predictions).sort();
    [0, 0.025, 0.31, 0.975, 1].forEach((share, index) => {
      close(quantile(sorted, share), golden.quantiles[index]);
    });
  });
});
