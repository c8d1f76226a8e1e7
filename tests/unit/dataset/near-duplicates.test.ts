import { describe, expect, it } from 'vitest';
import { contentHashOf } from '../../../core/content-hash.ts';
import type { Picture } from '../../../core/dataset/drop-duplicates.ts';
import { inspectDataset } from '../../../core/dataset/inspect-dataset.ts';
import { groupNearDuplicates } from '../../../core/dataset/near-duplicates.ts';
import { splitClass } from '../../../core/dataset/split-by-hash.ts';
import { THUMBNAIL_HEIGHT, THUMBNAIL_WIDTH } from '../../../core/image/thumbnail.ts';
import { verifyImage } from '../../../core/image/verify-image.ts';
import { makePattern, makePicture, makePictures, storeOf } from '../../support/make-dataset.ts';

const SPLIT = { train: 0.6, validation: 0.2, test: 0.2 };

async function pictureOf(bytes: Uint8Array): Promise<Picture> {
  const { width, height, thumbnail, isFlat } = await verifyImage(bytes);
  return {
    key: 'k',
    sizeBytes: 1,
    label: 'a',
    split: null,
    contentHash: contentHashOf(bytes),
    width,
    height,
    thumbnail,
    isFlat,
  };
}
/** A gray picture, by the values of its thumbnail. */
const picture = (index: number, value: (x: number, y: number) => number): Picture => ({
  key: String(index),
  sizeBytes: 1,
  label: 'a',
  split: null,
  contentHash: String(index).padStart(4, '0'),
  width: THUMBNAIL_WIDTH,
  height: THUMBNAIL_HEIGHT,
  isFlat: false,
  thumbnail: Uint8Array.from({ length: 3 * THUMBNAIL_WIDTH * THUMBNAIL_HEIGHT }, (_, i) => {
    const pixel = Math.floor(i / 3);
    return value(pixel % THUMBNAIL_WIDTH, Math.floor(pixel / THUMBNAIL_WIDTH));
  }),
});
const leadersOf = async (files: readonly Uint8Array[]) =>
  groupNearDuplicates(await Promise.all(files.map(pictureOf)));

describe('groupNearDuplicates', () => {
  it('gives others their turn, and ends when told to', async () => {
    const picture = await pictureOf(await makePicture(1));
    const many = Array.from({ length: 3000 }, (_, index) => ({ ...picture, contentHash: String(index) }));
    const controller = new AbortController();
    setImmediate(() => controller.abort(new Error('told to end')));
    await expect(groupNearDuplicates(many, controller.signal)).rejects.toThrow('told to end');
  });

  it('finds a picture that was saved again, and one that was scaled', async () => {
    const leaders = await leadersOf([
      await makePattern(1),
      await makePattern(2),
      await makePattern(1, 'jpeg'),
      await makePattern(1, 'png', 150),
    ]);
    expect(new Set([leaders[0], leaders[2], leaders[3]]).size).toBe(1);
    expect(leaders[1]).toBe(1);
  });

  it('keeps different pictures apart: patterns, colors and plain ones', async () => {
    const patterns = await Promise.all(Array.from({ length: 60 }, (_, i) => makePattern(i)));
    const plain = await Promise.all([1, 2, 3].map(makePicture));
    const files = [...patterns, ...plain];
    expect([...(await leadersOf(files))]).toEqual([...files.keys()]);
  });

  it('keeps pictures apart that are built alike in other colors', async () => {
    // The same hash, and 10 to 40 of 255 between their values.
    const shades = [0, 10, 20, 40].map((shift) =>
      picture(shift, (x, y) => 60 + 12 * ((5 * x + 3 * y) % 7) + shift),
    );
    expect([...(await groupNearDuplicates(shades))]).toEqual([0, 1, 2, 3]);
  });

  it('keeps pictures apart whose light differs little, and everywhere in its direction', async () => {
    // Half of the picture is the same; in the other, small steps go up in one and down in the other.
    const steps = [1, -1].map((sign, index) =>
      picture(index, (x, y) => (y < 4 ? 40 + 20 * ((5 * x + 3 * y) % 7) : 128 + sign * 2 * (x % 2))),
    );
    expect([...(await groupNearDuplicates(steps))]).toEqual([0, 1]);
  });

  it('finds the same groups in any order', async () => {
    const files = await Promise.all(
      [1, 2, 3].flatMap((seed) => [
        makePattern(seed),
        makePattern(seed, 'jpeg'),
        makePattern(seed, 'png', 60),
      ]),
    );
    const groups = async (order: readonly Uint8Array[]) => {
      const leaders = await leadersOf(order);
      return order
        .map((file, i) => [contentHashOf(file), contentHashOf(order[leaders[i] as number] as Uint8Array)])
        .sort();
    };
    expect(await groups(files.toReversed())).toEqual(await groups(files));
  });
});

describe('inspectDataset', () => {
  it('keeps pictures that look the same on one side of the split', async () => {
    const files: Record<string, Uint8Array> = await makePictures({ dog: 12 });
    for (let i = 0; i < 30; i++) {
      files[`cat/${i}.png`] = await makePattern(i);
      files[`cat/${i}-again.jpg`] = await makePattern(i, 'jpeg');
    }
    const { items, nearDuplicates } = await inspectDataset(await storeOf(files), 'pets', { split: SPLIT });
    const splitOf = new Map(items.map(({ key, split }) => [key, split]));
    const cats = Array.from({ length: 30 }, (_, i) => [
      splitOf.get(`datasets/pets/cat/${i}.png`),
      splitOf.get(`datasets/pets/cat/${i}-again.jpg`),
    ]);
    for (const [first, again] of cats) expect(again).toBe(first);
    expect(new Set(cats.map(([first]) => first)).size).toBe(3);
    expect(nearDuplicates).toMatchObject({ groupCount: 30, pictureCount: 60, acrossSplits: 0 });
    // Alone, each would have gone where its own content puts it, and many pairs would have been torn apart.
    const hashes = items.filter(({ classIndex }) => classIndex === 0).map(({ contentHash }) => contentHash);
    const alone = splitClass(hashes, SPLIT);
    expect(alone).not.toEqual(items.filter(({ classIndex }) => classIndex === 0).map(({ split }) => split));
  });

  it('still fills every split of a class that is one film', async () => {
    const files: Record<string, Uint8Array> = await makePictures({ dog: 12 });
    for (let i = 0; i < 9; i++) files[`cat/${i}.png`] = await makePattern(1, 'png', 90 + i);
    const { items, nearDuplicates } = await inspectDataset(await storeOf(files), 'pets', { split: SPLIT });
    const splits = items.filter(({ classIndex }) => classIndex === 0).map(({ split }) => split);
    expect(new Set(splits).size).toBe(3);
    expect(nearDuplicates.acrossSplits).toBe(1);
  });
});
