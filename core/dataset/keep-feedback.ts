// Keeps pictures that people have sent with their right labels, in a dataset of its own for each model. Does not know whether that is allowed.

import { contentHashOf } from '../content-hash.ts';
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
  const format = sniffFormat(picture);
  if (format === undefined) throw imageUnsupported(picture);
  const kept = removePlace(picture);
  const dataset = feedbackDataset(model);
  const file = `${contentHashOf(kept).slice(0, NAME_DIGITS)}.${format}`;
  const isNew = (await store.head(keys.datasetFile(dataset, label, file))) === undefined;
  if (isNew) await putFile(store, dataset, [label, file], kept);
  return { dataset, path: `${label}/${file}`, sizeBytes: kept.byteLength, isNew };
}
