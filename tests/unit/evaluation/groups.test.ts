import { describe, expect, it } from 'vitest';
import { scoreGroups } from '../../../core/evaluation/group-scores.ts';
import { gainsOfMore } from '../../../core/evaluation/learning-curve.ts';
import { meanByGroups } from '../../../core/evaluation/mean-by-groups.ts';
import type { Predictions } from '../../../core/evaluation/predictions.ts';
import { fitTemperature } from '../../../core/evaluation/temperature.ts';
import { uniformAt } from '../../../core/random.ts';

/** Answers of which each is right or wrong, all with the same confidence. */
const answers = (labels: readonly number[], isRight: (example: number) => boolean, confidence = 0.9) => {
  const classes = Math.max(...labels) + 1;
  const probabilities = labels.flatMap((label, example) => {
    const named = isRight(example) ? label : (label + 1) % classes;
    return Array.from({ length: classes }, (_, index) =>
      index === named ? confidence : (1 - confidence) / (classes - 1),
    );
  });
  return {
    probabilities: Float32Array.from(probabilities),
    labels: Int32Array.from(labels),
    classes,
  } satisfies Predictions;
};
const range = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('meanByGroups', () => {
  it('gives the usual standard error where no example is like another', () => {
    const { mean, error } = meanByGroups(Float64Array.of(1, 2, 3, 4));
    expect(mean).toBe(2.5);
    expect(error).toBeCloseTo(Math.sqrt(5 / 3 / 4), 12);
  });

  it('counts ten copies of an example once', () => {
    const values = [1, 2, 3, 4];
    const copied = values.flatMap((value) => range(10).map(() => value));
    const groups = Int32Array.from(copied, (value) => value);
    const alone = meanByGroups(Float64Array.from(values));
    const copies = meanByGroups(Float64Array.from(copied), { groups });
    expect(copies.mean).toBeCloseTo(alone.mean, 12);
    expect(copies.error).toBeCloseTo(alone.error, 12);
    expect(meanByGroups(Float64Array.from(copied)).error).toBeLessThan(copies.error / 3);
  });

  it('leaves out what weighs nothing', () => {
    const { mean } = meanByGroups(Float64Array.of(1, 3, 100), { weights: Float64Array.of(1, 1, 0) });
    expect(mean).toBe(2);
  });
});

describe('fitTemperature', () => {
  const labels = range(60).map((example) => example % 2);
  // Four of five are right, and the scores say 90 %.
  const tooSure = answers(labels, (example) => example % 5 !== 0);

  it('moves off 1 where many examples say so', () => {
    const many = answers(
      range(600).map((example) => example % 2),
      (example) => example % 5 !== 0,
    );
    const { temperature, reason } = fitTemperature(many);
    expect(reason).toBe('fitted');
    // The temperature at which the scores say 80 %.
    expect(temperature).toBeCloseTo(Math.log(9) / Math.log(4), 2);
  });

  it('stays at 1 where the same examples are a few groups', () => {
    const groups = Int32Array.from(labels, (_, example) => (example % 5 === 0 ? 0 : 1));
    expect(fitTemperature(tooSure, { groups })).toEqual({ temperature: 1, reason: 'too-few-examples' });
  });

  it('weighs examples', () => {
    const many = answers(
      range(600).map((example) => example % 2),
      (example) => example % 5 !== 0,
    );
    const weights = Float64Array.from(many.labels, (_, example) => (example % 5 === 0 ? 4 : 1));
    // Half of the weight is wrong, so that no score above one half is right.
    expect(fitTemperature(many, { weights }).temperature).toBeGreaterThan(10);
  });
});

describe('scoreGroups', () => {
  const labels = range(200).map((example) => Math.floor(example / 100));
  const isRight = (example: number) => Math.floor(example / 10) % 4 !== 0;

  it('has wider intervals where examples are alike', () => {
    const alone = scoreGroups(answers(labels, isRight), Int32Array.from(range(200)), { seed: 1 });
    const groups = Int32Array.from(labels, (_, example) => Math.floor(example / 10));
    const alike = scoreGroups(answers(labels, isRight), groups, { seed: 1 });
    const width = (found: typeof alone) => (found?.accuracy.high ?? 0) - (found?.accuracy.low ?? 0);
    expect(alike?.accuracy.value).toBeCloseTo(0.75, 12);
    expect(width(alike)).toBeGreaterThan(2 * width(alone));
  });

  it('weighs classes alike in balanced accuracy', () => {
    const unequal = range(100).map((example) => (example < 90 ? 0 : 1));
    const found = scoreGroups(
      answers(unequal, (example) => example < 90),
      Int32Array.from(range(100)),
      { seed: 1 },
    );
    expect(found?.accuracy.value).toBeCloseTo(0.9, 12);
    expect(found?.balancedAccuracy.value).toBeCloseTo(0.5, 12);
  });

  it('has room where all are right, as much as the groups leave', () => {
    const found = scoreGroups(
      answers(labels, () => true),
      Int32Array.from(labels),
      { seed: 1 },
    );
    expect(found?.accuracy).toMatchObject({ value: 1, high: 1 });
    expect(found?.accuracy.low).toBeLessThan(0.5);
  });

  it('says nothing of no examples', () => {
    const none = { probabilities: new Float32Array(), labels: new Int32Array(), classes: 2 };
    expect(scoreGroups(none, new Int32Array(), { seed: 1 })).toBeUndefined();
  });
});

describe('gainsOfMore', () => {
  const CLASSES = 4;
  const PICTURES = 200;
  /** Answers whose error is that of a power law: class 0 is three times as hard as the others. */
  const ofSize = (share: number, seed: number) => {
    const labels = range(CLASSES * PICTURES).map((example) => example % CLASSES);
    return answers(labels, (example) => {
      const error = (example % CLASSES === 0 ? 0.3 : 0.1) * share ** -0.5;
      return uniformAt(seed, example) >= error;
    });
  };
  const groups = Int32Array.from(range(CLASSES * PICTURES));
  const gains = (more: number) =>
    gainsOfMore(
      { predictions: ofSize(1, 5), smaller: { predictions: ofSize(0.5, 5), share: 0.5 }, groups },
      more,
      { seed: 1 },
    );

  it('finds what the power law says, and most for the hardest class', () => {
    const found = gains(200);
    const expected = 0.3 * (1 - Math.SQRT1_2);
    expect(found[0]?.low).toBeLessThan(expected);
    expect(found[0]?.high).toBeGreaterThan(expected);
    expect(found[0]?.value).toBeGreaterThan(found[1]?.value ?? 1);
  });

  it('does not know where smaller models do as well, and says that nothing is gained where nothing is wrong', () => {
    const same = ofSize(1, 5);
    const flat = gainsOfMore({ predictions: same, smaller: { predictions: same, share: 0.5 }, groups }, 50, {
      seed: 1,
    });
    expect(flat).toEqual([undefined, undefined, undefined, undefined]);
    const right = answers(
      range(800).map((example) => example % CLASSES),
      () => true,
    );
    const none = gainsOfMore(
      { predictions: right, smaller: { predictions: ofSize(0.5, 5), share: 0.5 }, groups },
      50,
      { seed: 1 },
    );
    expect(none.map((gain) => gain?.high)).toEqual([0, 0, 0, 0]);
  });

  it('leaves out a class without examples', () => {
    const two = {
      ...answers([0, 1, 0, 1], () => true),
      classes: 3,
      probabilities: new Float32Array(12).fill(1 / 3),
    };
    const found = gainsOfMore(
      { predictions: two, smaller: { predictions: two, share: 0.5 }, groups: Int32Array.from(range(4)) },
      50,
      { seed: 1 },
    );
    expect(found[2]).toBeUndefined();
  });
});
