import { describe, expect, it } from 'vitest';
import { holdOuts, toOutOfFold } from '../../../batch-job/stages/hold-out.ts';
import type { DatasetItem } from '../../../core/dataset/inspect-dataset.ts';

const picture = (name: string, split: 'train' | 'validation', classIndex = 0) =>
  ({ key: name, split, classIndex }) as DatasetItem;
const [a, b, c] = ['a', 'b', 'c'].map((name) => picture(name, 'train'));
const [d, e] = ['d', 'e'].map((name) => picture(name, 'validation', 1));
const splits = { train: [a, b, c], validation: [d, e] } as {
  train: DatasetItem[];
  validation: DatasetItem[];
};

const headOf = (items: readonly (DatasetItem | undefined)[], folds: readonly number[]) => ({
  weights: new Map([['head', Float32Array.of(1)]]),
  outOfFold: {
    items: items as DatasetItem[],
    predictions: {
      probabilities: new Float32Array(2 * items.length),
      labels: new Int32Array(items.length),
      classes: 2,
    },
    groups: Int32Array.from(items, (_, i) => 10 + i),
    folds: Int32Array.from(folds),
    foldCount: 2,
  },
  withoutFolds: [1, 0].map((fold) => ({ fold, weights: new Map([['head', Float32Array.of(1 + fold)]]) })),
});

const first = (...[given, head]: [typeof splits, Parameters<typeof holdOuts>[1]]) =>
  holdOuts(given, head, 1)[0];

describe('holdOuts', () => {
  it('holds a fold out, trains on all other pictures of both splits, and starts from the head that has not seen the fold', () => {
    const held = first(splits, headOf([a, b, c, d, e], [0, 1, 0, 1, 0]));
    expect(held.splits.validation).toEqual([b, d]);
    expect(held.splits.train).toEqual([a, c, e]);
    expect(held.ofFold).toEqual({ fold: 1, groups: Int32Array.of(11, 13) });
    expect(held.weights.get('head')).toEqual(Float32Array.of(2));
  });

  it('trains on pictures that no fold could hold out', () => {
    expect(first(splits, headOf([a, b, d, e], [0, 1, 1, 0])).splits.train).toEqual([a, c, e]);
  });

  it('holds the validation split out where the head has not seen it', () => {
    const { weights, outOfFold } = headOf([a, b, c], [0, 1, 0]);
    expect(holdOuts(splits, { weights, outOfFold }, 5)).toEqual([{ splits, weights }]);
    expect(holdOuts(splits, { weights }, 5)).toEqual([{ splits, weights }]);
  });

  it('holds as many folds out in turn as are wanted and there are heads without', () => {
    const held = holdOuts(splits, headOf([a, b, c, d, e], [0, 1, 0, 1, 0]), 5);
    expect(held.map(({ splits: { validation } }) => validation)).toEqual([
      [b, d],
      [a, c, e],
    ]);
    expect(held.map(({ weights }) => weights.get('head'))).toEqual([Float32Array.of(2), Float32Array.of(1)]);
  });
});

describe('toOutOfFold', () => {
  it('has what the trained network says of the pictures held out, with their groups', () => {
    const held = holdOuts(splits, headOf([a, b, c, d, e], [0, 1, 0, 1, 0]), 1);
    const probabilities = Float32Array.of(0.9, 0.1, 0.2, 0.8);
    expect(toOutOfFold(held, probabilities)).toEqual({
      items: [b, d],
      predictions: { probabilities, labels: Int32Array.of(0, 1), classes: 2 },
      groups: Int32Array.of(11, 13),
      folds: Int32Array.of(0, 0),
      foldCount: 1,
    });
  });

  it('has nothing where the validation split was held out', () => {
    expect(toOutOfFold([{ splits, weights: new Map() }], Float32Array.of(1, 0, 1, 0))).toBeUndefined();
  });

  it('has the pictures of several folds one fold after another', () => {
    const held = holdOuts(splits, headOf([a, b, c, d, e], [0, 1, 0, 1, 0]), 2);
    const answers = toOutOfFold(held, new Float32Array(10));
    expect(answers?.items).toEqual([b, d, a, c, e]);
    expect(answers?.folds).toEqual(Int32Array.of(0, 0, 1, 1, 1));
    expect(answers?.groups).toEqual(Int32Array.of(11, 13, 10, 12, 14));
    expect(answers?.foldCount).toBe(2);
  });
});
