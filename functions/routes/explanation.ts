// The explanation of predictions on the wire: which training pictures are the most alike, for whoever may see them.

import type { Context } from 'hono';
import type { WireExplanation } from '../../api/prediction.ts';
import { mapConcurrently } from '../../core/concurrently.ts';
import { FoveaError, isFoveaError } from '../../core/errors/errors.ts';
import type { NearPicture } from '../../core/model/picture-index.ts';
import type { ExplainRequest, ImageOutcome, PredictResult } from '../../core/predict/predictor.ts';
import { keys } from '../../core/storage/keys.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import type { AppEnv } from '../deps/deps.ts';
import { requirePicturesOf } from '../http/named-objects.ts';

/** Which explanation a request asks for. It shows names of pictures, so the key has to allow the dataset. */
export const toExplainRequest = (c: Context<AppEnv>, count: number): ExplainRequest => ({
  count,
  refuse(dataset) {
    try {
      requirePicturesOf(c, dataset);
      return undefined;
    } catch (error) {
      if (isFoveaError(error, 'scope-missing') || isFoveaError(error, 'key-limited')) return error;
      throw error;
    }
  },
});

/** Makes the explanation of an outcome. */
export type ToExplanation = (outcome: Extract<ImageOutcome, { ok: true }>) => WireExplanation;

/** Objects that are looked up at a time. */
const LOOK_UP_CONCURRENCY = 16;

/**
 * Prepares the explanations of an answer: looks up which of the pictures are still there.
 * @returns undefined where the request asked for none.
 */
export async function prepareExplanations(
  store: ObjectStore,
  { explained, outcomes }: PredictResult,
): Promise<ToExplanation | undefined> {
  if (explained === undefined) return undefined;
  if (explained instanceof FoveaError) {
    const { code, message } = explained;
    return () => ({
      nearest: [],
      indexed_pictures: 0,
      trained_pictures: 0,
      unavailable: { code, message },
    });
  }
  const { dataset, labels, indexedPictures, trainedPictures } = explained;
  const shown = new Map<string, NearPicture>();
  for (const outcome of outcomes)
    for (const picture of (outcome.ok && outcome.nearest) || []) shown.set(picture.path, picture);
  const there = new Set<string>();
  await mapConcurrently(
    [...shown.values()],
    async ({ path, sizeBytes }) => {
      const info = await store.head(`${keys.dataset(dataset)}${path}`);
      // A file of another size is another picture.
      if (info?.sizeBytes === sizeBytes) there.add(path);
    },
    LOOK_UP_CONCURRENCY,
  );
  return ({ nearest = [] }) => ({
    nearest: nearest.map(({ path, label, similarity, contentHash }) => ({
      dataset,
      path,
      file: path.slice(path.lastIndexOf('/') + 1),
      class: labels[label] ?? String(label),
      similarity,
      content_hash: contentHash,
      thumbnail: there.has(path) ? thumbnailOf(dataset, path) : null,
    })),
    indexed_pictures: indexedPictures,
    trained_pictures: trainedPictures,
    unavailable: null,
  });
}

const thumbnailOf = (dataset: string, path: string): string =>
  `/v1/datasets/${encodeURIComponent(dataset)}/files/thumbnail?path=${encodeURIComponent(path)}`;
