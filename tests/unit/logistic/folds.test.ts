import { describe, expect, it } from 'vitest';
import { dealToFolds, NO_FOLD } from '../../../batch-job/logistic/deal-to-folds.ts';
import { groupLookAlikes } from '../../../batch-job/logistic/look-alikes.ts';
import { uniformAt } from '../../../core/random.ts';
import { featureRows } from '../../support/feature-rows.ts';

const WIDTH = 16;
/** Pictures of some objects: the features of an object, with a little noise. */
function picturesOf(objects: number, each: number, offset = 0): Float32Array {
  return Float32Array.from({ length: objects * each * WIDTH }, (_, i) => {
    const object = Math.floor(i / (each * WIDTH));
    return offset + uniformAt(object, i % WIDTH) + 0.05 * uniformAt(99, i);
  });
}

describe('groupLookAlikes', () => {
  it('groups the pictures of an object', async () => {
    const labels = new Int32Array(12);
    const groups = await groupLookAlikes({
      table: featureRows(picturesOf(4, 3), WIDTH),
      labels,
      classes: 1,
    });
    expect([...groups]).toEqual([0, 0, 0, 3, 3, 3, 6, 6, 6, 9, 9, 9]);
  });

  it('groups them as well where all features of the network are alike', async () => {
    const groups = await groupLookAlikes({
      table: featureRows(picturesOf(4, 3, 20), WIDTH),
      labels: new Int32Array(12),
      classes: 1,
    });
    expect([...groups]).toEqual([0, 0, 0, 3, 3, 3, 6, 6, 6, 9, 9, 9]);
  });

  it('keeps classes apart', async () => {
    const groups = await groupLookAlikes({
      table: featureRows(picturesOf(4, 3), WIDTH),
      labels: Int32Array.from({ length: 12 }, (_, i) => i % 3),
      classes: 3,
    });
    expect([...groups]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  it('compares with leaders of all blocks', async () => {
    // Objects come again after more pictures than are compared at once.
    const once = picturesOf(200, 1);
    const values = new Float32Array(3 * once.length);
    for (const time of [0, 1, 2]) values.set(once, time * once.length);
    const groups = await groupLookAlikes({
      table: featureRows(values, WIDTH),
      labels: new Int32Array(600),
      classes: 1,
    });
    // By then, all leaders are known.
    expect(groups.slice(400)).toEqual(groups.slice(200, 400));
    expect(groups.some((leader) => leader >= 200)).toBe(false);
  });
});

describe('dealToFolds', () => {
  it('keeps groups together, and every class in every fold', () => {
    const labels = Int32Array.from({ length: 60 }, (_, i) => Math.floor(i / 30));
    const leaders = Int32Array.from({ length: 60 }, (_, i) => 3 * Math.floor(i / 3));
    const { folds, groups, ungrouped } = dealToFolds(leaders, labels, { classes: 2, foldCount: 5 });
    expect(ungrouped).toEqual([]);
    expect(groups).toEqual(leaders);
    for (let i = 0; i < 60; i++) expect(folds[i]).toBe(folds[leaders[i] as number]);
    for (const label of [0, 1])
      for (const fold of [0, 1, 2, 3, 4])
        expect(folds.filter((own, i) => own === fold && labels[i] === label)).toHaveLength(6);
  });

  it('takes apart a class that is one object', () => {
    const { folds, groups, ungrouped } = dealToFolds(new Int32Array(5), new Int32Array(5), {
      classes: 1,
      foldCount: 5,
    });
    expect(ungrouped).toEqual([0]);
    expect([...folds].sort()).toEqual([0, 1, 2, 3, 4]);
    expect([...groups]).toEqual([0, 1, 2, 3, 4]);
  });

  it('never holds out the only picture of a class', () => {
    const { folds } = dealToFolds(Int32Array.of(0, 1, 2), Int32Array.of(0, 1, 1), {
      classes: 2,
      foldCount: 5,
    });
    expect(folds[0]).toBe(NO_FOLD);
    expect(folds[1]).not.toBe(NO_FOLD);
  });
});
