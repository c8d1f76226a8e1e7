import { describe, expect, it } from 'vitest';
import { holdOut, toOutOfFold } from '../../../batch-job/stages/hold-out.ts';
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
  withoutFold: { fold: 1, weights: new Map([['head', Float32Array.of(2)]]) },
});

describe('holdOut', () => {
  it('holds a fold out, trains on all other pictures of both splits, and starts from the head that has not seen the fold', () => {
    const held = holdOut(splits, headOf([a, b, c, d, e], [0, 1, 0, 1, 0]));
    expect(held.splits.validation).toEqual([b, d]);
    expect(held.splits.train).toEqual([a, c, e]);
    expect(held.groups).toEqual(Int32Array.of(11, 13));
    expect(held.weights.get('head')).toEqual(Float32Array.of(2));
  });

  it('trains on pictures that no fold could hold out', () => {
    expect(holdOut(splits, headOf([a, b, d, e], [0, 1, 1, 0])).splits.train).toEqual([a, c, e]);
  });

  it('holds the validation split out where the head has not seen it', () => {
    const { weights, outOfFold } = headOf([a, b, c], [0, 1, 0]);
    expect(holdOut(splits, { weights, outOfFold })).toEqual({ splits, weights });
    expect(holdOut(splits, { weights })).toEqual({ splits, weights });
  });
});

describe('toOutOfFold', () => {
  it('has what the trained network says of the pictures held out, with their groups', () => {
    const held = holdOut(splits, headOf([a, b, c, d, e], [0, 1, 0, 1, 0]));
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
    expect(toOutOfFold({ splits, weights: new Map() }, Float32Array.of(1, 0, 1, 0))).toBeUndefined();
  });
});
