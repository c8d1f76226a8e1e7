// The frozen backbone's output for every picture, computed once by ONNX Runtime and kept in the store under what it
// depends on, so that later epochs, attempts and jobs find it there.

import { createHash } from 'node:crypto';
import type { DatasetItem } from '../../core/dataset/inspect-dataset.ts';
import { fromHalves, toHalves } from '../../core/float16.ts';
import { forEachConcurrent } from '../../core/for-each-concurrent.ts';
import { DECODING_VERSION } from '../../core/image/decode-image.ts';
import type { ModelInput } from '../../core/image/model-input.ts';
import type { Augmentation } from '../../core/job/recipe/recipe.ts';
import { keys } from '../../core/storage/keys.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import type { OnnxBackbone } from '../base/backbone-session.ts';
import type { Engine } from '../tensorflow/engine/engine.ts';
import type { ExampleSource } from './example-source.ts';
import { createFeatureTable, type FeatureTable } from './feature-table.ts';
import { openPictureBackbone } from './picture-backbone.ts';
import { type PictureOptions, pictureExamples } from './pictures.ts';

/** Batches at a time, of which one is mostly being decoded. */
const CONCURRENT_BATCHES = 3;
/** Pictures whose features share a cache object: few enough that a new picture costs little, enough for few requests. */
const SHARD_SIZE = 128;
/** Of the features in such an object, which is in memory as a whole: 16 MiB. */
const SHARD_BYTES = 16 * 2 ** 20;
/** Hexadecimal digits of a content's hash that decide its shard. */
const HASH_DIGITS = 8;

export interface FeatureExtractor {
  /** Identifies backbone, weights and input: part of every cache key. */
  readonly hash: string;
  /** Features of a picture: the values of a vector or map. */
  readonly features: number;
  /**
   * A row for each picture in the order of `items`, then as many of each further view. The caller closes the table.
   */
  extract(items: readonly DatasetItem[], options: ExtractOptions): Promise<FeatureTable>;
  release(): Promise<void>;
}

export interface ExtractOptions {
  /** Views of each picture besides the picture itself, each by the augmentation of one epoch. */
  readonly views?: { readonly count: number; readonly augmentation: Augmentation; readonly seed: number };
  readonly onUnreadable?: PictureOptions['onUnreadable'];
  readonly signal: AbortSignal;
  /** Called as pictures are done, with how many of them since the last call and whether they came from the cache. */
  readonly onProgress: (count: number, cached: boolean) => void;
}

export interface FeatureExtractorOptions {
  readonly store: ObjectStore;
  readonly backbone: OnnxBackbone;
  readonly input: ModelInput;
  /** Whose GPU makes the features, where it has one; left out, processors do. */
  readonly engine?: Engine;
  /** Pictures run through the backbone together; left out, as many as suit what computes. */
  readonly batchSize?: number | undefined;
  /** Whether features are kept in 16 bits, in memory and in the store. */
  readonly halfPrecision?: boolean;
}

/** All pictures of an extraction as one of their views shows them. */
interface ViewOfPictures {
  readonly items: readonly DatasetItem[];
  /** 0: the pictures as they are. */
  readonly view: number;
  readonly source: ExampleSource;
  /** Those found so that have others in their place. */
  readonly unreadable: ReadonlySet<DatasetItem>;
}

/** Opens the backbone; the caller releases it. */
export async function createFeatureExtractor(options: FeatureExtractorOptions): Promise<FeatureExtractor> {
  const { store, backbone, input, halfPrecision = false } = options;
  const { features } = backbone;
  const runner = await openPictureBackbone(backbone, input, options.engine);
  const { batchSize = runner.batchSize } = options;
  const hash = createHash('sha256')
    .update(backbone.onnx)
    .update(JSON.stringify({ ...input, decoding: DECODING_VERSION }))
    .update(runner.device)
    .digest('hex');

  async function compute(
    source: ExampleSource,
    shard: readonly number[],
    { signal, onProgress }: ExtractOptions,
  ): Promise<Float32Array> {
    const result = new Float32Array(shard.length * features);
    const order = Int32Array.from(shard);
    const starts = Array.from(
      { length: Math.ceil(shard.length / batchSize) },
      (_, batch) => batch * batchSize,
    );
    await forEachConcurrent(starts, CONCURRENT_BATCHES, async (first) => {
      const indices = order.subarray(first, first + batchSize);
      result.set(await runner.run(source, indices, signal), first * features);
      onProgress(indices.length, false);
    });
    return result;
  }

  /** @param shard Indices of pictures. */
  async function loadShard(
    { items: all, view, source, unreadable }: ViewOfPictures,
    shard: readonly number[],
    extract: ExtractOptions,
  ): Promise<Float32Array> {
    const items = shard.map((index) => all[index] as DatasetItem);
    const shardHash = createHash('sha256').update(hash);
    if (view > 0 && extract.views !== undefined) {
      const { augmentation, seed } = extract.views;
      shardHash.update(JSON.stringify({ view, augmentation, seed }));
    }
    for (const item of items) shardHash.update(item.contentHash);
    if (halfPrecision) shardHash.update('float16');
    const key = keys.feature(shardHash.digest('hex'));
    const cached = await store.get(key, { signal: extract.signal });
    const bytesPerValue = (halfPrecision ? Uint16Array : Float32Array).BYTES_PER_ELEMENT;
    if (cached?.body.byteLength === items.length * features * bytesPerValue) {
      extract.onProgress(items.length, true);
      const { buffer } = cached.body.slice();
      return halfPrecision ? fromHalves(new Uint16Array(buffer)) : new Float32Array(buffer);
    }
    const result = await compute(source, shard, extract);
    // The cache is every job's: what stands in for an unreadable picture is this job's alone.
    const kept = halfPrecision ? toHalves(result) : result;
    if (!items.some((item) => unreadable.has(item))) await store.put(key, new Uint8Array(kept.buffer));
    return result;
  }

  return {
    hash,
    features,
    async extract(items, extractOptions) {
      const views = 1 + (extractOptions.views?.count ?? 0);
      const table = createFeatureTable({ rows: views * items.length, width: features, halfPrecision });
      const { pictures, unreadable } = openPictures(store, items, { ...extractOptions, input });
      try {
        const shards = shardsOf(items, shardSizeFor(features));
        for (let view = 0; view < views; view++) {
          const source = view === 0 ? pictures : (pictures.atEpoch?.(view) ?? pictures);
          for (const shard of shards) {
            const values = await loadShard({ items, view, source, unreadable }, shard, extractOptions);
            shard.forEach((index, position) => {
              const row = view * items.length + index;
              table.write(row, values.subarray(position * features, (position + 1) * features));
            });
          }
        }
        return table;
      } catch (error) {
        table.close();
        throw error;
      }
    },
    release: () => runner.release(),
  };
}

/** All of them together, so that any other of its class may take an unreadable picture's place. */
function openPictures(
  store: ObjectStore,
  items: readonly DatasetItem[],
  {
    input,
    views,
    onUnreadable,
  }: Pick<ExtractOptions, 'views' | 'onUnreadable'> & { readonly input: ModelInput },
): { readonly pictures: ExampleSource; readonly unreadable: ReadonlySet<DatasetItem> } {
  const unreadable = new Set<DatasetItem>();
  const pictures = pictureExamples(store, items, input, {
    ...views,
    // A view needs each picture once.
    keptBytes: 0,
    ...(onUnreadable === undefined
      ? {}
      : {
          onUnreadable: async (item, error) => {
            unreadable.add(item);
            await onUnreadable(item, error);
          },
        }),
  });
  return { pictures, unreadable };
}

const shardSizeFor = (features: number): number =>
  Math.max(1, Math.min(SHARD_SIZE, Math.floor(SHARD_BYTES / (features * Float32Array.BYTES_PER_ELEMENT))));

/**
 * Groups items by the first bits of their content's hash: a picture that comes or goes changes one group alone.
 * Each group is sorted by hash, so that the order of items does not matter to the cache.
 */
function shardsOf(items: readonly DatasetItem[], size: number): number[][] {
  const bits = Math.max(0, Math.ceil(Math.log2(Math.max(1, items.length / size))));
  const shards = new Map<number, number[]>();
  items.forEach((item, index) => {
    const shard = Math.floor(
      Number.parseInt(item.contentHash.slice(0, HASH_DIGITS), 16) / 2 ** (4 * HASH_DIGITS - bits),
    );
    const members = shards.get(shard);
    if (members === undefined) shards.set(shard, [index]);
    else members.push(index);
  });
  const byHash = (a: number, b: number) =>
    (items[a] as DatasetItem).contentHash < (items[b] as DatasetItem).contentHash ? -1 : 1;
  return [...shards.values()].map((members) => members.sort(byHash));
}

export interface FeatureExamplesOptions {
  /** In the table besides the pictures themselves; the epochs take turns with all of them. */
  readonly views: number;
  /** `[height, width, channels]` of a row; a vector `[1, 1, features]` where it is left out. */
  readonly shape?: ExampleSource['shape'];
}

/** A table of features as examples, the input of the layers above. */
export function featureExamples(
  table: FeatureTable,
  items: readonly DatasetItem[],
  { views, shape = [1, 1, table.width] }: FeatureExamplesOptions,
): ExampleSource {
  const labels = Int32Array.from(items, (item) => item.classIndex);
  const { width } = table;
  const of = (view: number): ExampleSource => ({
    shape,
    labels,
    async fill(indices, images) {
      indices.forEach((index, position) => {
        const target = images.subarray(position * width, (position + 1) * width);
        table.read(view * items.length + index, target);
      });
    },
  });
  return { ...of(0), atEpoch: (epoch) => of((epoch - 1) % (1 + views)) };
}
