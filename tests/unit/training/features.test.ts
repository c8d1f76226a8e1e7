// Features of more pictures than share a cache object, some of which can no longer be read.

import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { toOnnxBackbone } from '../../../batch-job/base/backbone-session.ts';
import { createFeatureExtractor } from '../../../batch-job/examples/features.ts';
import type { Engine } from '../../../batch-job/tensorflow/engine/engine.ts';
import { openEngine } from '../../../batch-job/tensorflow/open-engine.ts';
import { cacheDirectory } from '../../../core/cache-directory.ts';
import { contentHashOf } from '../../../core/content-hash.ts';
import type { DatasetItem } from '../../../core/dataset/inspect-dataset.ts';
import { AugmentationSchema } from '../../../core/job/recipe/recipe.ts';
import { createNetworkBuilder } from '../../../core/network/description/network-builder.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';
import { availableRunners } from '../../support/engines.ts';
import { randomWeights } from '../../support/random-weights.ts';

const INPUT = { height: 4, width: 4, channels: 3, preprocessing: 'tf', resize: 'stretch' } as const;
const CLASSES = 100;
const PICTURES_PER_CLASS = 3;
const PICTURES = CLASSES * PICTURES_PER_CLASS;
/** Of four groups of pictures that share a cache object, by the first hexadecimal digit of their content's hash. */
const groupOf = ({ contentHash }: DatasetItem) =>
  Math.floor(Number.parseInt(contentHash.slice(0, 1), 16) / 4);

function backbone() {
  const n = createNetworkBuilder('net', INPUT);
  n.conv2d(n.input(), { filters: 2, kernelSize: 3, activation: 'relu' });
  const network = n.build();
  return toOnnxBackbone(network, randomWeights(network, 1));
}

async function setUp() {
  const store = createMemoryStore();
  const items: DatasetItem[] = [];
  for (let index = 0; index < PICTURES; index++) {
    const background = { r: index % 256, g: (7 * index) % 256, b: Math.floor(index / 256) };
    const bytes = await sharp({ create: { width: 4, height: 4, channels: 3, background } })
      .png()
      .toBuffer();
    const key = `${index}.png`;
    await store.put(key, bytes);
    items.push({ key, contentHash: contentHashOf(bytes), classIndex: index % CLASSES } as DatasetItem);
  }
  return { store, items };
}

/** The features of every picture, then of a view of each; and who could not be read. */
async function extract(store: ObjectStore, items: readonly DatasetItem[], seed = 1, engine?: Engine) {
  const extractor = await createFeatureExtractor({
    store,
    backbone: backbone(),
    input: INPUT,
    ...(engine === undefined ? {} : { engine }),
  });
  const unreadable: string[] = [];
  let cached = 0;
  const table = await extractor.extract(items, {
    views: { count: 1, augmentation: AugmentationSchema.parse({ color: 0.5 }), seed },
    signal: new AbortController().signal,
    onUnreadable: async ({ key }) => {
      unreadable.push(key);
    },
    onProgress: (count, isCached) => {
      if (isCached) cached += count;
    },
  });
  const rows = Array.from({ length: 2 * items.length }, (_, row) => {
    const values = new Float32Array(table.width);
    table.read(row, values);
    return values;
  });
  table.close();
  await extractor.release();
  return { rows, unreadable, cached };
}

describe('a feature extractor', () => {
  it('puts another picture of the class in the place of one that broke, wherever that is cached', async () => {
    const { store, items } = await setUp();
    const broken = items.findIndex((item, index) =>
      items.every(
        (other, at) =>
          at === index || other.classIndex !== item.classIndex || groupOf(other) !== groupOf(item),
      ),
    );
    const { key } = items[broken] as DatasetItem;
    const { body } = (await store.get(key)) as { body: Uint8Array };
    const expected = await extract((await setUp()).store, items);
    expect(expected).toMatchObject({ unreadable: [], cached: 0 });

    await store.put(key, 'broken');
    const { rows, unreadable } = await extract(store, items);
    expect(unreadable).toEqual([key]);
    const other = (broken + CLASSES) % PICTURES;
    const standIns = new Map([
      [broken, other],
      [PICTURES + broken, PICTURES + other],
    ]);
    expect(rows).toEqual(expected.rows.map((row, at) => expected.rows[standIns.get(at) ?? -1] ?? row));

    // What stands in for it is not in the cache.
    await store.put(key, body);
    const again = await extract(store, items);
    expect(again.rows).toEqual(expected.rows);
    const isShared = (item: DatasetItem) => groupOf(item) === groupOf(items[broken] as DatasetItem);
    expect(again.cached).toBe(2 * (PICTURES - items.filter(isShared).length));
  });

  it('takes the pictures of another seed from the cache, and not their views', async () => {
    const { store, items } = await setUp();
    const first = await extract(store, items, 1);
    const second = await extract(store, items, 2);
    expect(second.cached).toBe(PICTURES);
    expect(second.rows.slice(0, PICTURES)).toEqual(first.rows.slice(0, PICTURES));
    expect(second.rows).toEqual((await extract((await setUp()).store, items, 2)).rows);
    expect(second.rows.slice(PICTURES)).not.toEqual(first.rows.slice(PICTURES));
    expect((await extract(store, items, 1)).cached).toBe(2 * PICTURES);
  });
});

// A GPU's features come by the same programs as those of TensorFlow on processors.
const HAS_NATIVE = (await availableRunners()).some(({ backend }) => backend === 'native');

describe.skipIf(!HAS_NATIVE)('a feature extractor on a device', () => {
  const openDevice = async (): Promise<Engine> => {
    const engine = await openEngine({ backend: 'native', cacheDirectory: cacheDirectory(process.env) });
    return { ...engine, info: { ...engine.info, backend: 'gpu' } };
  };

  it('makes the features of pictures and views that processors make, and gives its tensors back', async () => {
    const { store, items } = await setUp();
    const device = await openDevice();
    const before = device.numTensors();
    const expected = await extract(store, items);
    const made = await extract(store, items, 1, device);
    expect(device.numTensors()).toBe(before);
    expect(made.cached).toBe(0);
    const largest = Math.max(...expected.rows.map((row) => Math.max(...row)));
    const apart = made.rows.map((row, i) =>
      Math.max(...row.map((value, k) => Math.abs(value - (expected.rows[i]?.[k] ?? Number.NaN)))),
    );
    expect(largest).toBeGreaterThan(0.1);
    // A view's pixel may be off by one step of 255.
    expect(Math.max(...apart)).toBeLessThan(0.02 * largest);
    expect(Math.max(...apart.slice(0, PICTURES))).toBeLessThan(1e-5 * largest);
  });

  it('finds its own features again, and not those of processors', async () => {
    const { store, items } = await setUp();
    const device = await openDevice();
    await extract(store, items, 1, device);
    expect((await extract(store, items, 1, device)).cached).toBe(2 * items.length);
    expect((await extract(store, items)).cached).toBe(0);
  });
});
