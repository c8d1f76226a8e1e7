// What must hold for the evaluation of any predictions.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accuracyOf, topKAccuracy } from '../../../core/evaluation/accuracy.ts';
import { bestF1Thresholds } from '../../../core/evaluation/best-f1-threshold.ts';
import { calibrationError, reliabilityBins } from '../../../core/evaluation/calibration.ts';
import { scoreClasses } from '../../../core/evaluation/class-scores.ts';
import { confusionMatrix } from '../../../core/evaluation/confusion-matrix.ts';
import { hits, type Predictions, predictedClasses } from '../../../core/evaluation/predictions.ts';
import { crossEntropy } from '../../../core/evaluation/probability-losses.ts';
import { toProportion } from '../../../core/evaluation/proportion.ts';
import { rejectionThreshold } from '../../../core/evaluation/rejection.ts';
import { riskCoverage } from '../../../core/evaluation/risk-coverage.ts';
import { sliceByQuantile } from '../../../core/evaluation/slices.ts';
import { suspectedLabels } from '../../../core/evaluation/suspected-labels.ts';
import { fitTemperature, scaleByTemperature } from '../../../core/evaluation/temperature.ts';
import { uniformAt } from '../../../core/random.ts';

const RUNS = { seed: 20240602, numRuns: 60 };

/** Softmax over random logits that lean to the label; sharpness from unsure to rounding to 0 and 1. */
const predictionsOf = (minExamples: number) =>
  fc
    .record({
      examples: fc.integer({ min: minExamples, max: 60 }),
      classes: fc.integer({ min: 1, max: 6 }),
      seed: fc.nat(1e9),
      sharpness: fc.constantFrom(0, 0.5, 3, 40),
    })
    .map(({ examples, classes, seed, sharpness }): Predictions => {
      const labels = Int32Array.from({ length: examples }, (_, i) =>
        Math.floor(uniformAt(seed, i) * classes),
      );
      const probabilities = new Float32Array(examples * classes);
      labels.forEach((label, example) => {
        const weights = Array.from({ length: classes }, (_, index) => {
          const noise = uniformAt(seed + 1, example * classes + index);
          return Math.exp(sharpness * (noise + (index === label ? 0.3 : 0)));
        });
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        probabilities.set(
          weights.map((weight) => weight / total),
          example * classes,
        );
      });
      return { probabilities, labels, classes };
    });

describe('any evaluation', () => {
  it('has an accuracy inside its interval, equal to the diagonal of the confusion matrix', () => {
    fc.assert(
      fc.property(predictionsOf(1), (predictions) => {
        const accuracy = accuracyOf(predictions);
        const matrix = confusionMatrix(predictions);
        expect(accuracy?.successes).toBe(matrix.reduce((sum, row, i) => sum + (row[i] ?? 0), 0));
        expect(matrix.flat().reduce((sum, count) => sum + count, 0)).toBe(predictions.labels.length);
        expect(accuracy?.low).toBeLessThanOrEqual(accuracy?.value ?? -1);
        expect(accuracy?.high).toBeGreaterThanOrEqual(accuracy?.value ?? 2);
      }),
      RUNS,
    );
  });

  it('has a top-k accuracy that grows from the accuracy to 1', () => {
    fc.assert(
      fc.property(predictionsOf(1), (predictions) => {
        const shares = Array.from(
          { length: predictions.classes },
          (_, k) => topKAccuracy(predictions, k + 1)?.value ?? 0,
        );
        expect(shares[0]).toBe(accuracyOf(predictions)?.value);
        expect(shares).toEqual(shares.toSorted((a, b) => a - b));
        expect(shares.at(-1)).toBe(1);
      }),
      RUNS,
    );
  });

  it('keeps every answer and loses no likelihood by the fitted temperature', () => {
    fc.assert(
      fc.property(predictionsOf(20), (predictions) => {
        const { temperature } = fitTemperature(predictions);
        const scaled = {
          ...predictions,
          probabilities: scaleByTemperature(predictions.probabilities, predictions.classes, temperature),
        };
        expect(crossEntropy(scaled)).toBeLessThanOrEqual((crossEntropy(predictions) ?? 0) + 1e-5);
        // Rounding may make two probabilities equal, but never turns them around.
        predictedClasses(predictions).forEach((answer, example) => {
          const row = scaled.probabilities.subarray(
            example * predictions.classes,
            (example + 1) * predictions.classes,
          );
          expect(row[answer]).toBe(Math.max(...row));
          expect(row.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
        });
      }),
      RUNS,
    );
  });

  it('has a calibration error between 0 and 1, of bins that hold every example', () => {
    fc.assert(
      fc.property(predictionsOf(1), fc.integer({ min: 1, max: 20 }), (predictions, count) => {
        const bins = reliabilityBins(predictions, count);
        expect(bins.reduce((sum, bin) => sum + bin.count, 0)).toBe(predictions.labels.length);
        for (const { low, high, confidence } of bins) {
          if (confidence === null) continue;
          expect(confidence).toBeGreaterThan(low - 1e-6);
          expect(confidence).toBeLessThan(high + 1e-6);
        }
        const error = calibrationError(bins) ?? -1;
        expect(error).toBeGreaterThanOrEqual(0);
        expect(error).toBeLessThanOrEqual(1);
      }),
      RUNS,
    );
  });

  it('ends its risk–coverage curve at all examples and the error rate, above the best area', () => {
    fc.assert(
      fc.property(predictionsOf(1), (predictions) => {
        const curve = riskCoverage(predictions);
        const errors = 1 - (accuracyOf(predictions)?.value ?? 0);
        expect(curve?.points.at(-1)?.coverage).toBe(1);
        expect(curve?.points.at(-1)?.risk).toBeCloseTo(errors, 9);
        expect(curve?.area).toBeGreaterThanOrEqual((curve?.bestArea ?? 0) - 1e-9);
      }),
      RUNS,
    );
  });

  it('rejects no more of the split than was allowed', () => {
    fc.assert(
      fc.property(predictionsOf(20), fc.double({ min: 0, max: 0.5, noNaN: true }), (predictions, rate) => {
        const threshold = rejectionThreshold(predictions, rate) ?? Number.NaN;
        const rejected = Array.from(predictions.labels, (_, example) =>
          Math.max(
            ...predictions.probabilities.subarray(
              example * predictions.classes,
              (example + 1) * predictions.classes,
            ),
          ),
        ).filter((confidence) => confidence < threshold);
        expect(rejected.length).toBeLessThanOrEqual(rate * predictions.labels.length);
      }),
      RUNS,
    );
  });

  it('never suspects a label for itself, and says the same for the same seed', () => {
    fc.assert(
      fc.property(predictionsOf(1), (predictions) => {
        for (const { label, suggested, margin } of suspectedLabels(predictions)) {
          expect(suggested).not.toBe(label);
          expect(margin).toBeLessThanOrEqual(1);
        }
        for (const best of bestF1Thresholds(predictions)) expect(best?.f1 ?? 1).toBeGreaterThan(0);
      }),
      RUNS,
    );
    fc.assert(
      fc.property(predictionsOf(1), (predictions) => {
        const once = scoreClasses(predictions, { seed: 7 });
        expect(scoreClasses(predictions, { seed: 7 })).toEqual(once);
        for (const { f1 } of once.classes) if (f1 !== undefined) expect(f1.low).toBeLessThanOrEqual(f1.high);
      }),
      { ...RUNS, numRuns: 8 },
    );
  });

  it('puts every example into one slice', () => {
    fc.assert(
      fc.property(predictionsOf(1), fc.integer({ min: 1, max: 5 }), (predictions, parts) => {
        const right = hits(predictions);
        const values = Float64Array.from(right, (_, example) => predictions.probabilities[example] ?? 0);
        const slices = sliceByQuantile(values, right, parts);
        const sum = (read: (slice: (typeof slices)[number]) => number) =>
          slices.reduce((total, slice) => total + read(slice), 0);
        expect(sum(({ accuracy }) => accuracy.trials)).toBe(right.length);
        expect(sum(({ accuracy }) => accuracy.successes)).toBe(right.reduce((a, b) => a + b, 0));
        expect(slices.length).toBeLessThanOrEqual(parts);
      }),
      RUNS,
    );
  });
});

describe('toProportion', () => {
  it('covers the true share in about 95 of 100 samples', () => {
    const TRIALS = 40;
    for (const share of [0.05, 0.5, 0.9]) {
      let covered = 0;
      const SAMPLES = 2000;
      for (let sample = 0; sample < SAMPLES; sample++) {
        let successes = 0;
        for (let i = 0; i < TRIALS; i++) if (uniformAt(sample, i) < share) successes += 1;
        const interval = toProportion(successes, TRIALS);
        if (interval !== undefined && interval.low <= share && share <= interval.high) covered += 1;
      }
      expect(covered / SAMPLES).toBeGreaterThan(0.92);
      expect(covered / SAMPLES).toBeLessThan(0.985);
    }
  });
});
