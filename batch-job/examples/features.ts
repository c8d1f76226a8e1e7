// Computes the frozen backbone's output for every picture once, by ONNX Runtime or TensorFlow, and keeps it in the store. The key
// is made of everything that it depends on, so that later epochs, attempts and jobs find it there.

import { createHash } from 'node:crypto';
import type { DatasetItem } from '../../core/dataset/inspect-dataset.ts';
import { forEachConcurrent } from '../../core/for-each-concurrent.ts';
import { EARLIER_DECODING, type ModelInput } from '../../core/image/model-input.ts';
import type { Augmentation } from '../../core/job/recipe/recipe.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import type { OnnxBackbone } from '../base/backbone-session.ts';
import type { Engine } from '../tensorflow/engine/engine.ts';
import type { ExampleSource } from './example-source.ts';
import { createFeatureCache } from './feature-cache.ts';
import { createFeatureTable, type FeatureTable } from './feature-table.ts';
import { type OpenOnGpu, openPictureBackbone } from './picture-backbone.ts';
import { type PictureOptions, pictureExamples } from './pictures.ts';

/** Concurrent batches; one of them is mostly being decoded. */
const CONCURRENT_BATCHES = 3;
/** Pictures whose features share a cache object: few, so that a new picture costs little; enough to need few requests. */
const SHARD_SIZE = 128;
/** Largest size of the features in a cache object, which is in memory as a whole. */
const SHARD_BYTES = 16 * 2 ** 20;
/** Hexadecimal digits of a content hash that choose the shard. */
const HASH_DIGITS = 8;

/** Computes features of pictures, or reads them from the cache. */
export interface FeatureExtractor {
  /** Identifies backbone, weights, input and device; every cache key depends on it. */
  readonly hash: string;
  /** Number of features of a picture: the values of its vector or map. */
  readonly features: number;
  /** What computes them, for people: a clause without a subject. */
  readonly computedBy: string;
  /**
   * Computes or reads all features. The table has a row for each picture in the order of `items`, then as many rows for each
   * further view. The caller closes it.
   * @throws {FoveaError} `disk-full`, `dataset-changed`; the reason of `options.signal` when it is aborted.
   */
  extract(items: readonly DatasetItem[], options: ExtractOptions): Promise<FeatureTable>;
  /** Frees the backbone. */
  release(): Promise<void>;
}

/** Which views of the pictures are computed, and who is told of it. */
export interface ExtractOptions {
  /** Augmented views of each picture in addition to the picture itself; each has the augmentation of one epoch. */
  readonly views?: { readonly count: number; readonly augmentation: Augmentation; readonly seed: number };
  readonly onUnreadable?: PictureOptions['onUnreadable'];
  readonly signal: AbortSignal;
  /** Called with the number of pictures since the last call, and whether they came from the cache. */
  readonly onProgress: (count: number, cached: boolean) => void;
}

/** The backbone, and how its features are computed and stored. */
export interface FeatureExtractorOptions {
  readonly store: ObjectStore;
  readonly backbone: OnnxBackbone;
  readonly input: ModelInput;
  /** An engine whose GPU computes the features, where it has one; without it, CPUs do. */
  readonly engine?: Engine;
  /** How an imported backbone gets onto the GPU. */
  readonly openOnGpu?: OpenOnGpu;
  /** Pictures that run through the backbone together; default: what suits the device. */
  readonly batchSize?: number | undefined;
  /** Whether features are stored in 16 bits, in memory and in the cache; default: no. */
  readonly halfPrecision?: boolean;
}

/** All pictures of an extraction in one of their views. */
interface ViewOfPictures {
  readonly items: readonly DatasetItem[];
  /** Number of the view; 0 is the pictures themselves. */
  readonly view: number;
  readonly source: ExampleSource;
  /** Pictures that were found unreadable, which others replace. */
  readonly unreadable: ReadonlySet<DatasetItem>;
}

/**
 * Opens the backbone; the caller releases it.
 * @throws what opening the backbone throws.
 */
export async function createFeatureExtractor(options: FeatureExtractorOptions): Promise<FeatureExtractor> {
  const { store, backbone, input, halfPrecision = false } = options;
  const { features } = backbone;
  const runner = await openPictureBackbone(backbone, input, options.engine, options.openOnGpu);
  // A part that was made smaller for the memory's sake may be larger than what suits the device that is used in the end.
  const batchSize = Math.min(options.batchSize ?? runner.batchSize, runner.batchSize);
  const hash = createHash('sha256')
    .update(backbone.onnx)
    .update(JSON.stringify({ ...input, decoding: input.decoding ?? EARLIER_DECODING }))
    .update(runner.device)
    .digest('hex');
  const cache = createFeatureCache({ store, hash, features, halfPrecision });

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

  /** Reads or computes the features of one group of pictures. @param shard indices of the pictures. */
  async function loadShard(
    { items: all, view, source, unreadable }: ViewOfPictures,
    shard: readonly number[],
    extract: ExtractOptions,
  ): Promise<Float32Array> {
    const items = shard.map((index) => all[index] as DatasetItem);
    const augmented = view > 0 && extract.views !== undefined ? { ...extract.views, view } : undefined;
    const hashes = items.map(({ contentHash }) => contentHash);
    const name = cache.nameOf(hashes, augmented);
    const cached = await cache.read(name, items.length, extract.signal);
    if (cached !== undefined) {
      extract.onProgress(items.length, true);
      return cached;
    }
    const result = await compute(source, shard, extract);
    // All jobs share the cache, but the replacement of an unreadable picture concerns this job alone.
    if (!items.some((item) => unreadable.has(item))) await cache.write(name, result, hashes);
    return result;
  }

  return {
    hash,
    features,
    computedBy: runner.computedBy,
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

/** Opens all pictures together, so that any other of its class may replace an unreadable one. */
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
    // A view reads each picture once, so nothing is kept in memory.
    kept: { memoryBytes: 0 },
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
 * Groups items by the first bits of their content hash, so that adding or removing a picture changes one group alone. Each group
 * is sorted by hash, so that the order of items does not matter to the cache.
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

/** What the rows of a table of features are. */
export interface FeatureExamplesOptions {
  /** Number of augmented views in the table, in addition to the pictures; the epochs use them in turn. */
  readonly views: number;
  /** `[height, width, channels]` of a row; default: a vector, `[1, 1, features]`. */
  readonly shape?: ExampleSource['shape'];
}

/** A table of features as examples: the input of the trainable layers. */
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
