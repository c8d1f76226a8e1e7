import { describe, expect, it } from 'vitest';
import { accuracyOf } from '../../../core/evaluation/accuracy.ts';
import { bootstrap, type Estimate } from '../../../core/evaluation/bootstrap.ts';
import {
  calibrationError,
  chanceCalibrationError,
  reliabilityBins,
} from '../../../core/evaluation/calibration.ts';
import { scoreClasses } from '../../../core/evaluation/class-scores.ts';
import { topConfusions } from '../../../core/evaluation/confusion-matrix.ts';
import { confidences, hits, type Predictions } from '../../../core/evaluation/predictions.ts';
import { balancedCrossEntropy, crossEntropy } from '../../../core/evaluation/probability-losses.ts';
import { toProportion } from '../../../core/evaluation/proportion.ts';
import { rejectionEffect, rejectionThreshold } from '../../../core/evaluation/rejection.ts';
import { riskCoverage } from '../../../core/evaluation/risk-coverage.ts';
import { suspectedLabels } from '../../../core/evaluation/suspected-labels.ts';
import { fitTemperature, scaleByTemperature } from '../../../core/evaluation/temperature.ts';
import { worstMistakes } from '../../../core/evaluation/worst-mistakes.ts';
import { uniformAt } from '../../../core/random.ts';

const of = (rows: readonly (readonly number[])[], labels: readonly number[]): Predictions => ({
  probabilities: Float32Array.from(rows.flat()),
  labels: Int32Array.from(labels),
  classes: rows[0]?.length ?? 2,
});
const NONE = of([], []);

describe('an evaluation without examples', () => {
  it('says nothing rather than a number', () => {
    expect(accuracyOf(NONE)).toBeUndefined();
    expect(crossEntropy(NONE)).toBeUndefined();
    expect(balancedCrossEntropy(NONE)).toBeUndefined();
    expect(riskCoverage(NONE)).toBeUndefined();
    expect(calibrationError(reliabilityBins(NONE))).toBeUndefined();
    expect(chanceCalibrationError(NONE, { seed: 1 })).toBeUndefined();
    expect(rejectionThreshold(NONE)).toBeUndefined();
    expect(fitTemperature(NONE)).toEqual({ temperature: 1, reason: 'too-few-examples' });
    expect(scoreClasses(NONE, { seed: 1 }).macroF1).toBeUndefined();
  });
});

describe('toProportion', () => {
  it('leaves room where every trial went the same way', () => {
    expect(toProportion(10, 10)).toMatchObject({ value: 1, high: 1 });
    expect(toProportion(10, 10)?.low).toBeCloseTo(0.7225, 4);
    expect(toProportion(0, 10)).toMatchObject({ value: 0, low: 0 });
  });
});

describe('fitTemperature', () => {
  const sure = Array.from({ length: 30 }, () => [0.9, 0.1]);

  it('leaves scores alone where no mistake says that they are too sure', () => {
    const fitted = fitTemperature(
      of(
        sure,
        sure.map(() => 0),
      ),
    );
    expect(fitted).toEqual({ temperature: 1, reason: 'not-too-sure' });
  });

  it('finds the temperature that was applied to honest scores', () => {
    const examples = 4000;
    const honest = Array.from({ length: examples }, (_, i) => {
      const p = 0.5 + uniformAt(3, i) / 2.2;
      return [p, 1 - p];
    });
    const labels = honest.map(([p], i) => (uniformAt(4, i) < (p as number) ? 0 : 1));
    const predictions = of(honest, labels);
    const oversure = { ...predictions, probabilities: scaleByTemperature(predictions.probabilities, 2, 0.4) };
    expect(fitTemperature(predictions).temperature).toBeCloseTo(1, 1);
    expect(fitTemperature(oversure).temperature).toBeCloseTo(2.5, 0);
    const modest = { ...predictions, probabilities: scaleByTemperature(predictions.probabilities, 2, 3) };
    expect(fitTemperature(modest)).toEqual({ temperature: 1, reason: 'not-too-sure' });
  });

  it('takes probabilities of exactly 0 and 1', () => {
    const rows = sure.map(() => [1, 0]);
    const predictions = of(
      rows,
      rows.map((_, i) => (i % 10 === 0 ? 1 : 0)),
    );
    const { temperature } = fitTemperature(predictions);
    expect(Number.isFinite(temperature)).toBe(true);
    expect([...scaleByTemperature(predictions.probabilities, 2, 20)].every(Number.isFinite)).toBe(true);
  });
});

describe('chanceCalibrationError', () => {
  it('is what honest scores show by chance', () => {
    const rows = Array.from({ length: 300 }, (_, i) => [
      0.5 + uniformAt(1, i) / 2,
      0.5 - uniformAt(1, i) / 2,
    ]);
    const labels = rows.map(([p], i) => (uniformAt(2, i) < (p as number) ? 0 : 1));
    const predictions = of(rows, labels);
    const chance = chanceCalibrationError(predictions, { seed: 1 }) as number;
    const found = calibrationError(reliabilityBins(predictions)) as number;
    expect(found / chance).toBeGreaterThan(0.4);
    expect(found / chance).toBeLessThan(2.5);
  });
});

describe('bootstrap', () => {
  it('has an interval like the normal one for a mean', () => {
    const values = Float64Array.from({ length: 200 }, (_, i) => uniformAt(9, i));
    const mean = (sample: Int32Array) => [
      sample.reduce((sum, i) => sum + (values[i] as number), 0) / sample.length,
    ];
    const [estimate] = bootstrap(values.length, mean, { seed: 3 });
    const half = 1.96 * Math.sqrt(1 / 12 / 200);
    expect(estimate?.low).toBeCloseTo((estimate?.value ?? 0) - half, 2);
    expect(estimate?.high).toBeCloseTo((estimate?.value ?? 0) + half, 2);
  });
});

describe('scoreClasses', () => {
  /** Predictions with these answers to these labels. */
  const answers = (pairs: readonly (readonly [label: number, answer: number])[], classes: number) =>
    of(
      pairs.map(([, answer]) => Array.from({ length: classes }, (_, index) => (index === answer ? 1 : 0))),
      pairs.map(([label]) => label),
    );
  const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);
  const close = (estimate: Estimate | undefined, expected: Estimate) => {
    for (const end of ['value', 'low', 'high'] as const)
      expect(estimate?.[end]).toBeCloseTo(expected[end], 5);
  };

  it('leaves room where all are right', () => {
    const scores = scoreClasses(answers([...times(3, [0, 0] as const), ...times(5, [1, 1] as const)], 2), {
      seed: 1,
    });
    // By hand: n / (n + 1.959964²) for F*, then 2 F* / (1 + F*).
    close(scores.classes[0]?.f1, { value: 1, low: 0.60967, high: 1 });
    close(scores.classes[1]?.f1, { value: 1, low: 0.72247, high: 1 });
    // Both classes count alike: 2² / (1/3 + 1/5) = 7.5 trials.
    close(scores.macroF1, { value: 1, low: 0.66129, high: 1 });
    expect(scores.balancedAccuracy).toEqual(scores.macroF1);
  });

  it('knows no more of classes that count alike than of the one with the fewest pictures', () => {
    const large = times(10, [0, 0] as const);
    const balanced = (pairs: readonly (readonly [number, number])[]) =>
      scoreClasses(answers(pairs, 2), { seed: 1 }).balancedAccuracy;
    // By hand: 2² / (1/10 + 1) = 3.636 trials; Wilson's interval of all and of half of them.
    close(balanced([...large, [1, 1]]), { value: 1, low: 0.48629, high: 1 });
    close(balanced([...large, [1, 0]]), { value: 0.5, low: 0.14163, high: 0.85837 });
    // With as many pictures of each it is that of all of them.
    const { low = 0 } = toProportion(18, 20) ?? {};
    const same = balanced([...large, ...times(8, [1, 1] as const), ...times(2, [1, 0] as const)]);
    expect(same?.low).toBeCloseTo(low, 12);
  });

  it('leaves room where none is right', () => {
    const scores = scoreClasses(answers([...times(2, [0, 1] as const), ...times(2, [1, 0] as const)], 2), {
      seed: 1,
    });
    // By hand: 1.959964² / (4 + 1.959964²) of the four that are of the class or named so.
    close(scores.classes[0]?.f1, { value: 0, low: 0, high: 0.65762 });
    close(scores.macroF1, { value: 0, low: 0, high: 0.48989 });
    close(scores.balancedAccuracy, { value: 0, low: 0, high: 0.48989 });
  });

  it('has an interval of F1 in between, and none of a class that is neither there nor named', () => {
    const pairs = [
      ...times(8, [0, 0] as const),
      ...times(2, [1, 0] as const),
      ...times(1, [0, 1] as const),
      ...times(9, [1, 1] as const),
    ];
    const scores = scoreClasses(answers(pairs, 3), { seed: 1 });
    // By hand: F* is 8 of 11, Wilson's 0.434354 to 0.902540.
    close(scores.classes[0]?.f1, { value: 16 / 19, low: 0.60564, high: 0.94877 });
    expect(scores.classes[2]?.f1).toBeUndefined();
    const { value, low, high } = scores.macroF1 ?? { value: 0, low: 0, high: 0 };
    expect(low).toBeLessThan(value);
    expect(high).toBeGreaterThan(value);
  });
});

describe('rankings', () => {
  const predictions = of(
    [
      [0.9, 0.1, 0],
      [0.2, 0.7, 0.1],
      [0.95, 0.03, 0.02],
      [0.6, 0.3, 0.1],
      [0, 0.2, 0.8],
    ],
    [0, 0, 1, 1, 2],
  );

  it('names the surest mistakes first', () => {
    expect(worstMistakes(predictions, 2).map(({ example, predicted }) => [example, predicted])).toEqual([
      [2, 0],
      [1, 1],
    ]);
  });

  it('names the most frequent confusion first, with its share of the class', () => {
    expect(
      topConfusions(
        [
          [4, 1],
          [3, 7],
        ],
        5,
      ),
    ).toEqual([
      { actual: 1, predicted: 0, count: 3, share: 0.3 },
      { actual: 0, predicted: 1, count: 1, share: 0.2 },
    ]);
  });

  it('suspects the label that the model is surest to be another', () => {
    expect(suspectedLabels(predictions)[0]).toMatchObject({ example: 2, label: 1, suggested: 0 });
  });

  it('counts what a threshold rejects', () => {
    expect(rejectionEffect(confidences(predictions), hits(predictions), 0.75)).toEqual({
      threshold: 0.75,
      rejected: 2,
      rejectedRight: 0,
      accepted: 3,
      acceptedRight: 2,
    });
  });
});
