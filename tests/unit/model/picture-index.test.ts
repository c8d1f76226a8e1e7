import { describe, expect, it } from 'vitest';
import { chooseEvenly } from '../../../batch-job/export/index-pictures.ts';
import { eraseFromIndexes } from '../../../core/erasure/erase-from-indexes.ts';
import {
  mostPictures,
  nearestPictures,
  PICTURE_INDEX_FILE,
  type PictureIndex,
  packFeature,
  packPictureIndex,
  unpackPictureIndex,
  withoutPictures,
} from '../../../core/model/picture-index.ts';
import { uniformAt } from '../../../core/random.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { keys } from '../../../core/storage/keys.ts';
import { commitColorModel } from '../../support/color-model.ts';

const WIDTH = 64;

function makeIndex(count: number, seed = 1) {
  const vectors = Array.from({ length: count }, (_, row) =>
    Float32Array.from({ length: WIDTH }, (_, i) => Math.max(0, uniformAt(seed, row * WIDTH + i) - 0.3)),
  );
  const features = new Int8Array(count * WIDTH);
  for (const [row, vector] of vectors.entries())
    packFeature(vector, features.subarray(row * WIDTH, (row + 1) * WIDTH));
  const index: PictureIndex = {
    dataset: 'colors',
    width: WIDTH,
    trainedPictures: count,
    pictures: vectors.map((_, row) => ({
      path: `a/${row}.png`,
      label: 0,
      contentHash: `${row}`.padStart(64, '0'),
      sizeBytes: row,
    })),
    features,
  };
  return { index, vectors };
}

const cosine = (a: Float32Array, b: Float32Array) => {
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * (y[i] ?? 0), 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
};

describe('a picture index', () => {
  it('comes back from its bytes, and refuses damaged ones', () => {
    const { index } = makeIndex(5);
    const bytes = packPictureIndex(index);
    expect(unpackPictureIndex('k', bytes)).toEqual(index);
    // Wherever they lie in their buffer.
    const shifted = new Uint8Array(bytes.length + 3).subarray(3);
    shifted.set(bytes);
    expect(unpackPictureIndex('k', shifted)).toEqual(index);
    for (const cut of [bytes.subarray(0, 2), bytes.subarray(0, -1), new Uint8Array(40).fill(255)])
      expect(() => unpackPictureIndex('k', cut)).toThrow(
        expect.objectContaining({ code: 'explanation-unavailable' }),
      );
  });

  it('finds the pictures with the largest cosine, which 8 bits change by less than 0.001', () => {
    const { index, vectors } = makeIndex(300);
    const [query] = makeIndex(1, 2).vectors;
    const feature = query as Float32Array;
    const near = nearestPictures(index, feature, 7);
    const cosines = vectors.map((vector) => cosine(vector, feature));
    const largest = cosines.toSorted((a, b) => b - a);
    expect(near).toHaveLength(7);
    for (const [at, { path, similarity }] of near.entries()) {
      const row = index.pictures.findIndex((picture) => picture.path === path);
      expect(Math.abs(similarity - (cosines[row] ?? 0))).toBeLessThan(1e-3);
      expect(Math.abs(similarity - (largest[at] ?? 0))).toBeLessThan(1e-3);
    }
    expect(near.map(({ similarity }) => similarity)).toEqual(
      near.map(({ similarity }) => similarity).toSorted((a, b) => b - a),
    );
    expect(nearestPictures(index, vectors[42] as Float32Array, 1)[0]?.path).toBe('a/42.png');
    expect(nearestPictures(index, new Float32Array(WIDTH), 2).map(({ similarity }) => similarity)).toEqual([
      0, 0,
    ]);
  });

  it('keeps the features of the pictures that stay', () => {
    const { index, vectors } = makeIndex(9);
    const left = withoutPictures(index, ({ path }) => path === 'a/3.png');
    expect([left.pictures.length, left.trainedPictures]).toEqual([8, 9]);
    expect(nearestPictures(left, vectors[4] as Float32Array, 1)[0]?.path).toBe('a/4.png');
    expect(nearestPictures(left, vectors[3] as Float32Array, 8).map(({ path }) => path)).not.toContain(
      'a/3.png',
    );
  });

  it('has at most 20,000 pictures and 16 MB of features', () => {
    expect([1, 512, 1280, 4096].map(mostPictures)).toEqual([20_000, 20_000, 13_107, 4096]);
  });

  it('takes as many pictures of each class as there are, up to its size', () => {
    const items = [0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 2, 2].map((classIndex) => ({ classIndex }));
    const chosen = chooseEvenly(items, 7);
    const counts = [0, 1, 2].map((label) => chosen.filter((at) => items[at]?.classIndex === label).length);
    expect(counts).toEqual([3, 1, 3]);
    expect(chosen).toEqual([0, 2, 5, 8, 9, 10, 11]);
    expect(chooseEvenly(items, 12)).toHaveLength(12);
  });
});

describe('an erasure from picture indexes', () => {
  const key = keys.modelFile('color', '1', PICTURE_INDEX_FILE);
  const isErased = ({ path }: { readonly path: string }) => path === 'a/1.png';

  it('leaves versions of other datasets alone, and finds those by an earlier name', async () => {
    const store = createMemoryStore();
    await commitColorModel(store);
    await store.put(key, packPictureIndex(makeIndex(3).index));
    const etag = (await store.head(key))?.etag;
    await eraseFromIndexes(store, new Set(['others']), isErased);
    expect((await store.head(key))?.etag).toBe(etag);
    await eraseFromIndexes(store, new Set(['colors-2', 'colors']), isErased);
    const left = unpackPictureIndex(key, (await store.get(key))?.body ?? new Uint8Array());
    expect(left.pictures.map(({ path }) => path)).toEqual(['a/0.png', 'a/2.png']);
  });

  it('reaches a copy that a rename has begun and that has no manifest yet', async () => {
    const store = createMemoryStore();
    await store.put(key, packPictureIndex(makeIndex(3).index));
    await eraseFromIndexes(store, new Set(['colors']), isErased);
    const left = unpackPictureIndex(key, (await store.get(key))?.body ?? new Uint8Array());
    expect(left.pictures).toHaveLength(2);
  });

  it('erases an index that cannot be read', async () => {
    const store = createMemoryStore();
    await commitColorModel(store);
    await store.put(key, 'damaged');
    await eraseFromIndexes(store, new Set(['colors']), isErased);
    expect(await store.head(key)).toBeUndefined();
  });
});
