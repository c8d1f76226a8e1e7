// Finds pictures that are held out and that training has seen in another cut: shifted, cropped, scaled or mirrored. The backbone's
// features say which pictures are alike, and their pixels whether they show the same scene.

import type { CopyPair } from '../../core/dataset/add-copies.ts';
import type { DatasetInspection, DatasetItem } from '../../core/dataset/inspect-dataset.ts';
import { isFoveaError } from '../../core/errors/errors.ts';
import { forEachConcurrent } from '../../core/for-each-concurrent.ts';
import { decodeImage } from '../../core/image/decode-image.ts';
import { OVERLAP_SIDE, overlapOf } from '../../core/image/find-overlap.ts';
import type { ModelInput } from '../../core/image/model-input.ts';
import type { Savings } from '../../core/job/recipe/memory-record.ts';
import type { Network } from '../../core/network/description/network.ts';
import { present } from '../../core/present.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import type { JobReporter } from '../attempt/job-reporter.ts';
import type { Base } from '../base/base.ts';
import type { Decision } from '../decide/decide-recipe.ts';
import { countFeatures } from '../examples/feature-progress.ts';
import type { FeatureTable } from '../examples/feature-table.ts';
import { createFeatureExtractor, type FeatureExtractor } from '../examples/features.ts';
import type { Splits } from '../inspect/splits.ts';
import { tableRows } from '../logistic/table-rows.ts';
import type { JobMemory } from '../memory/job-memory.ts';
import type { Engine } from '../tensorflow/engine/engine.ts';
import { type NearPair, nearestPictures } from './nearest-pictures.ts';

/** What the search needs. */
export interface FindCopiesDeps {
  readonly store: ObjectStore;
  readonly reporter: Pick<JobReporter, 'signal' | 'message' | 'startStage' | 'update'>;
  readonly memory: Pick<JobMemory, 'enter' | 'check'>;
  readonly savings: Pick<Savings, 'partSizes' | 'halfPrecision'>;
  readonly engine: Engine;
  readonly base: Pick<Base, 'isPretrained' | 'loadFrozen'>;
  readonly network: Network;
  readonly weightsDir: string | undefined;
  readonly input: ModelInput;
  readonly splits: Splits;
  readonly decision: Pick<Decision, 'exactHead'>;
  readonly inspection: Pick<DatasetInspection, 'items' | 'leaders'>;
}

/** The least correlation of copies: 99 in 100 cuts of a photograph reach it, and none of 500 pairs of photographs of the same fruit (bench/README.md). */
const SAME_SCENE = 0.94;
/** The least correlation of their details: 95 in 100 cuts of photographs and drawings reach it, and one in ten pairs of digits that look alike. */
const SAME_DETAIL = 0.8;
/** Pairs whose pixels are compared, the most alike first: a few seconds. */
const MAX_COMPARED = 1000;
/** Products of two features that are worth it: a minute on two cores. */
const MAX_PRODUCTS = 2e12;
const CONCURRENT_PICTURES = 4;

/**
 * Finds the pairs of pictures in different splits that are copies in another cut. Near-duplicates that the inspection found are not
 * among them. Features are those of the stage `head`, from the store's cache; only those of the test are new.
 * @returns none where the network has no pretrained layers, or no picture is held out.
 * @throws the reason of the reporter's signal when it is aborted.
 */
export async function findCopies(deps: FindCopiesDeps): Promise<readonly CopyPair[]> {
  const { store, base, network, weightsDir, reporter, memory, savings, input, engine } = deps;
  const [trained = [], ...others] = partsOf(deps);
  if (!base.isPretrained || others.length === 0) return [];
  await memory.enter('features');
  const { signal } = reporter;
  const { backbone } = await base.loadFrozen(network, { store, weightsDir, signal });
  const held = others.reduce((sum, { length }) => sum + length, 0);
  if (held * trained.length * backbone.features > MAX_PRODUCTS) {
    await reporter.message(
      `${held} pictures that are held out were not compared with ${trained.length} training pictures: it would take too long.`,
    );
    return [];
  }
  const batchSize = savings.partSizes['features'];
  const { halfPrecision } = savings;
  const extractor = await createFeatureExtractor({
    store,
    backbone,
    input,
    engine,
    batchSize,
    halfPrecision,
  });
  try {
    const near = await nearestOfSplits(extractor, deps);
    return await keepCopies(store, near, signal);
  } finally {
    await extractor.release();
  }
}

/** The pictures as the head was trained on them, whose features are cached so, then those that were held out. */
function partsOf({ splits, decision }: FindCopiesDeps): readonly (readonly DatasetItem[])[] {
  const { train, validation, test } = splits;
  const parts = decision.exactHead?.usesValidation
    ? [[...train, ...validation], test]
    : [train, validation, test];
  return parts.filter(({ length }) => length > 0);
}

type NearItems = CopyPair & Pick<NearPair, 'cosine'>;

/** The nearest pictures in the splits before, the most alike first. */
async function nearestOfSplits(extractor: FeatureExtractor, deps: FindCopiesDeps): Promise<NearItems[]> {
  const { reporter, memory, inspection } = deps;
  const { signal } = reporter;
  const parts = partsOf(deps);
  const steps = parts.reduce((sum, { length }) => sum + length, 0);
  const onProgress = countFeatures({ reporter, memory }, steps);
  // The stage has said which pictures cannot be read.
  const onUnreadable = async () => undefined;
  const known = leadersOf(inspection);
  const found: NearItems[] = [];
  const opened: { readonly items: readonly DatasetItem[]; readonly table: FeatureTable }[] = [];
  try {
    for (const items of parts) {
      const table = await extractor.extract(items, { signal, onProgress, onUnreadable });
      const features = tableRows(table, items.length);
      for (const before of opened) {
        for (const { row, otherRow, cosine } of await nearestPictures(
          features,
          tableRows(before.table, before.items.length),
          signal,
        )) {
          const [one, other] = [
            present(items[row], 'a picture'),
            present(before.items[otherRow], 'a picture'),
          ];
          if (known.get(one) !== known.get(other)) found.push({ held: one, seen: other, cosine });
        }
      }
      opened.push({ items, table });
    }
  } finally {
    for (const { table } of opened) table.close();
  }
  return found.sort((a, b) => b.cosine - a.cosine);
}

/** The leader of each picture's group of near-duplicates. */
const leadersOf = ({ items, leaders }: FindCopiesDeps['inspection']): ReadonlyMap<DatasetItem, number> =>
  new Map(items.map((item, index) => [item, leaders[index] ?? index]));

/** Keeps pairs whose pixels are of the same scene, in the order of the held picture's key. */
async function keepCopies(
  store: ObjectStore,
  near: readonly NearItems[],
  signal: AbortSignal,
): Promise<readonly CopyPair[]> {
  const pairs = near.slice(0, MAX_COMPARED);
  const pictures = new Map<string, Uint8Array | undefined>();
  const wanted = [...new Set(pairs.flatMap(({ held, seen }) => [held.key, seen.key]))];
  await forEachConcurrent(wanted, CONCURRENT_PICTURES, async (key) => {
    pictures.set(key, await readSmall(store, key, signal));
  });
  const copies: CopyPair[] = [];
  for (const { held, seen } of pairs) {
    const [one, other] = [pictures.get(held.key), pictures.get(seen.key)];
    if (one === undefined || other === undefined) continue;
    const { whole, detail } = overlapOf(one, other);
    if (whole < SAME_SCENE || detail < SAME_DETAIL) continue;
    copies.push({ held, seen });
    // The lease is renewed between pairs.
    await new Promise(setImmediate);
    signal.throwIfAborted();
  }
  return copies.sort((a, b) => (a.held.key < b.held.key ? -1 : a.held.key > b.held.key ? 1 : 0));
}

/** A picture as {@link overlapOf} takes it; undefined where it can no longer be read. */
async function readSmall(
  store: ObjectStore,
  key: string,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const object = await store.get(key, { signal });
  if (object === undefined) return undefined;
  try {
    const size = { height: OVERLAP_SIDE, width: OVERLAP_SIDE, resize: 'stretch' } as const;
    return (await decodeImage(object.body, { channels: 1, size, signal })).pixels;
  } catch (error) {
    if (isFoveaError(error)) return undefined;
    throw error;
  }
}
