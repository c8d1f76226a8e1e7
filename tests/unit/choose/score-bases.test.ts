// Features are drawn: those of the informative base depend on the class, those of the other do not.

import { describe, expect, it } from 'vitest';
import { samplePictures } from '../../../batch-job/choose/sample-pictures.ts';
import { scoreBases } from '../../../batch-job/choose/score-bases.ts';
import type { FeatureRows } from '../../../batch-job/logistic/feature-products.ts';
import type { DatasetItem } from '../../../core/dataset/inspect-dataset.ts';
import { uniformAt } from '../../../core/random.ts';
import { featureRows } from '../../support/feature-rows.ts';

const PICTURES = 80;
const WIDTH = 6;
const items = Array.from({ length: PICTURES }, (_, i) => ({ classIndex: i % 2 }));
const features = (seed: number, signal: number) =>
  featureRows(
    Float32Array.from({ length: PICTURES * WIDTH }, (_, i) => {
      const isOwn = i % WIDTH === Math.floor(i / WIDTH) % 2;
      return uniformAt(seed, i) + (isOwn ? signal : 0);
    }),
    WIDTH,
  );
const signal = new AbortController().signal;
const share = (hits: Uint8Array | undefined) =>
  (hits ?? new Uint8Array()).reduce((sum, hit) => sum + hit, 0) / PICTURES;

describe('scoreBases', () => {
  it('scores all bases on the same pictures, with the same folds', async () => {
    const tables = [features(1, 2), features(2, 0)];
    const { hits, pictures } = await scoreBases({ tables, items, classes: 2, signal });
    expect([...pictures.labels]).toEqual(items.map(({ classIndex }) => classIndex));
    expect(hits.map(({ length }) => length)).toEqual([PICTURES, PICTURES]);
    expect(share(hits[0])).toBe(1);
    expect(share(hits[1])).toBeLessThan(0.75);
    const again = await scoreBases({ tables, items, classes: 2, signal });
    expect(again).toEqual({ hits, pictures });
  });

  it('takes the folds of the base that sees most look-alikes, whatever the order', async () => {
    const near = features(3, 0);
    // Four pictures in a row, two of each class, have the same features and are unlike all others.
    const twins = featureRows(
      Float32Array.from({ length: PICTURES * PICTURES }, (_, i) =>
        i % PICTURES === Math.floor(i / PICTURES / 4) ? 1 : 0,
      ),
      PICTURES,
    );
    const groupsOf = async (...tables: FeatureRows[]) =>
      new Set((await scoreBases({ tables, items, classes: 2, signal })).pictures.groups).size;
    const [nearAlone, twinsAlone] = [await groupsOf(near), await groupsOf(twins)];
    expect(twinsAlone).toBe(PICTURES / 2);
    expect(await groupsOf(near, twins)).toBe(Math.min(nearAlone, twinsAlone));
    expect(await groupsOf(twins, near)).toBe(Math.min(nearAlone, twinsAlone));
  });
});

describe('samplePictures', () => {
  const all = Array.from(
    { length: 300 },
    (_, i) => ({ classIndex: i < 270 ? 0 : 1, contentHash: String(uniformAt(5, i)) }) as DatasetItem,
  );

  it('takes all pictures where they are few, otherwise a share of each class', () => {
    expect(samplePictures(all, 300)).toBe(all);
    const some = samplePictures(all, 100);
    expect([0, 1].map((label) => some.filter(({ classIndex }) => classIndex === label).length)).toEqual([
      90, 10,
    ]);
  });

  it('takes the same pictures in whatever order they come', () => {
    const hashes = (items: readonly DatasetItem[]) => items.map(({ contentHash }) => contentHash).toSorted();
    expect(hashes(samplePictures(all.toReversed(), 100))).toEqual(hashes(samplePictures(all, 100)));
  });
});
