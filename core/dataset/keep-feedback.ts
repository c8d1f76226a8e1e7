// Keeps pictures that people have sent with their right labels, in a dataset of its own for each model. Does not know whether that is allowed.

import { contentHashOf } from '../content-hash.ts';
import { FoveaError } from '../errors/errors.ts';
import { imageUnsupported } from '../image/image-errors.ts';
import { sniffFormat } from '../image/image-format.ts';
import { removePlace } from '../image/remove-place.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { putFile } from './put-file.ts';

/** Digits of the sha256 with which a file's name begins: enough that no two pictures have the same. */
export const NAME_DIGITS = 32;
const FEEDBACK_FILE = new RegExp(`^[^/]+/[0-9a-f]{${NAME_DIGITS}}(-\\d+)?\\.[a-z]+$`);
const SUFFIX = '-feedback';

/** The dataset of the pictures that were sent for a model. */
export const feedbackDataset = (model: string): string => `${model}${SUFFIX}`;

/** The model of such a dataset; undefined for other names. */
export const feedbackModel = (dataset: string): string | undefined =>
  dataset.endsWith(SUFFIX) ? dataset.slice(0, -SUFFIX.length) : undefined;

/** Whether a path of such a dataset may be one that {@link keepFeedback} gave: its name is made of the content. */
export const isFeedbackFile = (path: string): boolean => FEEDBACK_FILE.test(path);

/** Where a picture is kept. */
export interface KeptPicture {
  readonly dataset: string;
  /** Below the dataset. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Whether it was not there before. */
  readonly isNew: boolean;
}

/**
 * Stores a picture without the place where it was taken. Its name comes from its content, so that it is kept once for each label.
 * @param label a valid name of a class.
 * @throws {FoveaError} what {@link putFile} throws.
 */
export async function keepFeedback(
  store: ObjectStore,
  model: string,
  label: string,
  picture: Uint8Array,
): Promise<KeptPicture> {
  const { kept, file, bytes } = await lookUp(store, model, label, picture);
  if (kept.isNew) await putFile(store, kept.dataset, [label, file], bytes);
  return kept;
}

/**
 * A picture that {@link keepFeedback} has kept before.
 * @throws {FoveaError} `dataset-file-not-found` where it is not there any more.
 */
export async function findFeedback(
  store: ObjectStore,
  model: string,
  label: string,
  picture: Uint8Array,
): Promise<KeptPicture> {
  const { kept } = await lookUp(store, model, label, picture);
  if (kept.isNew)
    throw new FoveaError(
      'dataset-file-not-found',
      `The picture is not in class "${label}" of the dataset "${kept.dataset}": it was deleted or moved.`,
      { param: 'image' },
    );
  return kept;
}

/** What is kept of a picture, where, and whether it is there. */
async function lookUp(store: ObjectStore, model: string, label: string, picture: Uint8Array) {
  const format = sniffFormat(picture);
  if (format === undefined) throw imageUnsupported(picture);
  const bytes = removePlace(picture);
  const file = `${contentHashOf(bytes).slice(0, NAME_DIGITS)}.${format}`;
  const dataset = feedbackDataset(model);
  const isNew = (await store.head(keys.datasetFile(dataset, label, file))) === undefined;
  const kept: KeptPicture = { dataset, path: `${label}/${file}`, sizeBytes: bytes.byteLength, isNew };
  return { kept, file, bytes };
}
