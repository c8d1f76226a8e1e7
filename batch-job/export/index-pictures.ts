// Makes the picture index of a new version: what the served model sees in its training pictures, so that predictions can be explained by
// the most alike of them.

import type { DatasetInspection, DatasetItem } from '../../core/dataset/inspect-dataset.ts';
import { isFoveaError } from '../../core/errors/errors.ts';
import { inputLength } from '../../core/image/decode-to-input.ts';
import type { ModelInput } from '../../core/image/model-input.ts';
import type { Savings } from '../../core/job/recipe/memory-record.ts';
import { mostPictures, packFeature, packPictureIndex } from '../../core/model/picture-index.ts';
import type { Network, NetworkWeights } from '../../core/network/description/network.ts';
import type { ClassifierOnnx } from '../../core/network/onnx/attach-head.ts';
import { splitAt } from '../../core/network/surgery/split-at.ts';
import { toFeatureOnnx } from '../../core/predict/explainer.ts';
import { present } from '../../core/present.ts';
import { keys } from '../../core/storage/keys.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import type { JobReporter } from '../attempt/job-reporter.ts';
import { type OnnxBackbone, openBackbone, toOnnxBackbone } from '../base/backbone-session.ts';
import type { Base, FrozenBackbone } from '../base/base.ts';
import type { Decision } from '../decide/decide-recipe.ts';
import { countFeatures } from '../examples/feature-progress.ts';
import { createFeatureTable, type FeatureTable } from '../examples/feature-table.ts';
import { createFeatureExtractor } from '../examples/features.ts';
import { openPictureBackbone } from '../examples/picture-backbone.ts';
import { pictureExamples } from '../examples/pictures.ts';
import type { Splits } from '../inspect/splits.ts';
import type { JobMemory } from '../memory/job-memory.ts';
import type { Engine } from '../tensorflow/engine/engine.ts';

/** What the index is made from. */
export interface IndexPicturesDeps {
  readonly store: ObjectStore;
  readonly reporter: JobReporter;
  readonly memory: Pick<JobMemory, 'enter' | 'check'>;
  readonly savings: Pick<Savings, 'partSizes' | 'halfPrecision'>;
  readonly engine: Engine;
  readonly base: Base;
  readonly network: Network;
  readonly weightsDir: string | undefined;
  readonly input: ModelInput;
  readonly splits: Splits;
  readonly decision: Pick<Decision, 'exactHead'>;
  readonly inspection: Pick<DatasetInspection, 'dataset'>;
}

/** An index, as the version keeps it. */
export interface IndexedPictures {
  /** Name of the value in the served model that is the feature. */
  readonly featureName: string;
  /** The file. */
  readonly bytes: Uint8Array;
}

/** Pictures on which the features are compared with those of the served model. */
const COMPARED = 4;
/** The least cosine of the same picture's features: those of a cache in 16 bits and of a GPU reach 0.9999. */
const LEAST_COSINE = 0.999;

/** A row for each of some pictures; those that could not be read are missing among them. */
interface Features {
  readonly items: readonly DatasetItem[];
  readonly table: FeatureTable;
  readonly unreadable: ReadonlySet<DatasetItem>;
}

/**
 * Computes the features of the pictures that a model was trained on, or reads them from the cache where its pretrained layers stayed as
 * they were. Of more pictures than an index may have, it takes the same number of each class as far as there are some.
 * @returns undefined where the network has no such features; the job is told of it.
 * @throws the reason of the reporter's signal when it is aborted.
 */
export async function indexPictures(
  deps: IndexPicturesDeps,
  { weights, served }: { readonly weights: NetworkWeights; readonly served: ClassifierOnnx },
): Promise<IndexedPictures | undefined> {
  const { splits, decision, inspection, reporter, memory } = deps;
  const { featureName } = served;
  if (featureName === undefined) return undefined;
  await memory.enter('features');
  const trained = decision.exactHead?.usesValidation ? [...splits.train, ...splits.validation] : splits.train;
  const { items, table, unreadable } = await featuresOf(deps, trained, weights);
  try {
    const { width } = table;
    const rows = chooseEvenly(items, mostPictures(width)).filter(
      (row) => !unreadable.has(itemAt(items, row)),
    );
    const prefix = keys.dataset(inspection.dataset);
    const features = new Int8Array(rows.length * width);
    const feature = new Float32Array(width);
    rows.forEach((row, at) => {
      table.read(row, feature);
      packFeature(feature, features.subarray(at * width, (at + 1) * width));
    });
    const problem = await compareWithServed(deps, { items, table, rows }, { ...served, featureName });
    if (problem !== undefined) {
      await reporter.warn(
        `Predictions of the model cannot be explained by its training pictures: ${problem}`,
      );
      return undefined;
    }
    await reporter.message(
      `Predictions of the model can be explained by ${rows.length} of ${trained.length} training pictures.`,
      { indexed_pictures: rows.length, trained_pictures: trained.length },
    );
    const pictures = rows.map((row) => {
      const { key, classIndex, contentHash, sizeBytes } = itemAt(items, row);
      return { path: key.slice(prefix.length), label: classIndex, contentHash, sizeBytes };
    });
    const { dataset } = inspection;
    return {
      featureName,
      bytes: packPictureIndex({ dataset, width, trainedPictures: trained.length, pictures, features }),
    };
  } finally {
    table.close();
  }
}

const itemAt = (items: readonly DatasetItem[], row: number): DatasetItem => present(items[row], 'a picture');

/** Features of pictures: of all where the cache has them, else of those that an index may have. */
async function featuresOf(
  deps: IndexPicturesDeps,
  trained: readonly DatasetItem[],
  weights: NetworkWeights,
): Promise<Features> {
  const { base, network, store, weightsDir, reporter } = deps;
  const frozen = base.isPretrained
    ? await base.loadFrozen(network, { store, weightsDir, signal: reporter.signal })
    : undefined;
  if (frozen !== undefined && isUnchanged(frozen, weights)) return cachedFeatures(deps, trained, frozen);
  const layer = present(base.featureLayer, 'the feature layer of an architecture');
  const backbone = toOnnxBackbone(splitAt(network, layer).backbone, weights);
  const chosen = chooseEvenly(trained, mostPictures(backbone.features));
  return newFeatures(
    deps,
    chosen.map((row) => itemAt(trained, row)),
    backbone,
  );
}

/** Whether the pretrained layers are as they were before training. */
const isUnchanged = ({ weights: frozen }: FrozenBackbone, weights: NetworkWeights): boolean =>
  [...frozen].every(([key, values]) => {
    const now = weights.get(key);
    return now?.length === values.length && values.every((value, i) => value === now[i]);
  });

/** The features that the head was trained on, from the store's cache. */
async function cachedFeatures(
  { store, reporter, memory, savings, input, engine }: IndexPicturesDeps,
  items: readonly DatasetItem[],
  { backbone }: FrozenBackbone,
): Promise<Features> {
  const extractor = await createFeatureExtractor({
    store,
    backbone,
    input,
    engine,
    batchSize: savings.partSizes['features'],
    halfPrecision: savings.halfPrecision,
  });
  try {
    const unreadable = new Set<DatasetItem>();
    const onProgress = countFeatures({ reporter, memory }, items.length);
    const table = await extractor.extract(items, {
      signal: reporter.signal,
      onProgress,
      onUnreadable: async (item) => void unreadable.add(item),
    });
    return { items, table, unreadable };
  } finally {
    await extractor.release();
  }
}

/** Features of layers that were trained. No other job could use them, so they are not kept. */
async function newFeatures(
  { store, reporter, memory, savings, input, engine }: IndexPicturesDeps,
  items: readonly DatasetItem[],
  backbone: OnnxBackbone,
): Promise<Features> {
  const runner = await openPictureBackbone(backbone, input, engine);
  const table = createFeatureTable({ rows: items.length, width: backbone.features });
  try {
    const unreadable = new Set<DatasetItem>();
    const source = pictureExamples(store, items, input, {
      kept: { memoryBytes: 0 },
      onUnreadable: async (item) => void unreadable.add(item),
    });
    const batchSize = Math.min(savings.partSizes['features'] ?? runner.batchSize, runner.batchSize);
    const onProgress = countFeatures({ reporter, memory }, items.length);
    for (let start = 0; start < items.length; start += batchSize) {
      const count = Math.min(batchSize, items.length - start);
      const indices = Int32Array.from({ length: count }, (_, i) => start + i);
      const values = await runner.run(source, indices, reporter.signal);
      for (let i = 0; i < count; i++)
        table.write(start + i, values.subarray(i * table.width, (i + 1) * table.width));
      onProgress(count);
    }
    return { items, table, unreadable };
  } catch (error) {
    table.close();
    throw error;
  } finally {
    await runner.release();
  }
}

/** Says how the features differ from those that the served model computes; undefined where they do not. */
async function compareWithServed(
  { store, input, reporter }: IndexPicturesDeps,
  { items, table, rows }: Pick<Features, 'items' | 'table'> & { readonly rows: readonly number[] },
  { onnx, featureName }: { readonly onnx: Uint8Array; readonly featureName: string },
): Promise<string | undefined> {
  const { width } = table;
  const compared = rows.filter((_, at) => at % Math.ceil(rows.length / COMPARED) === 0);
  const images = new Float32Array(compared.length * inputLength(input));
  const source = pictureExamples(
    store,
    compared.map((row) => itemAt(items, row)),
    input,
  );
  await source.fill(Int32Array.from(compared.keys()), images, reporter.signal);
  try {
    const session = await openBackbone({ onnx: toFeatureOnnx(onnx, featureName), features: width }, input);
    try {
      const served = await session.run(images, compared.length);
      if (served.length !== compared.length * width) return `"${featureName}" is no feature of a picture.`;
      const kept = new Float32Array(width);
      const cosines = compared.map((row, at) => {
        table.read(row, kept);
        return cosineOf(kept, served.subarray(at * width, (at + 1) * width));
      });
      const least = Math.min(...cosines);
      return least >= LEAST_COSINE
        ? undefined
        : `"${featureName}" of the served model differs, cosine ${least.toFixed(4)}.`;
    } finally {
      await session.release();
    }
  } catch (error) {
    if (!isFoveaError(error, 'backbone-output-unsupported')) throw error;
    return error.message;
  }
}

/** The cosine of two features; 1 where both are zero, 0 where one is. */
function cosineOf(a: Float32Array, b: Float32Array): number {
  let [product, squareOfA, squareOfB] = [0, 0, 0];
  for (const [i, value] of a.entries()) {
    const other = b[i] ?? 0;
    product += value * other;
    squareOfA += value * value;
    squareOfB += other * other;
  }
  if (squareOfA === 0 && squareOfB === 0) return 1;
  return squareOfA === 0 || squareOfB === 0 ? 0 : product / Math.sqrt(squareOfA * squareOfB);
}

/**
 * Indices of at most so many items, in their order: as many of each class as of any other, as far as there are some, evenly spread within
 * the class.
 */
export function chooseEvenly(items: readonly Pick<DatasetItem, 'classIndex'>[], most: number): number[] {
  if (items.length <= most) return items.map((_, index) => index);
  const classes = new Map<number, number[]>();
  for (const [index, { classIndex }] of items.entries()) {
    const members = classes.get(classIndex);
    if (members === undefined) classes.set(classIndex, [index]);
    else members.push(index);
  }
  const smallestFirst = [...classes.values()].sort((a, b) => a.length - b.length);
  let left = most;
  return smallestFirst
    .flatMap((members, at) => {
      const count = Math.min(members.length, Math.floor(left / (smallestFirst.length - at)));
      left -= count;
      return Array.from({ length: count }, (_, i) => members[Math.floor((i * members.length) / count)] ?? 0);
    })
    .sort((a, b) => a - b);
}
