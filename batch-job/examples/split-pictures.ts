// Opens the pictures of a job's splits as examples. Where a picture can no longer be read, an event tells of it and the job
// continues.

import type { ModelInput } from '../../core/image/model-input.ts';
import type { Augmentation } from '../../core/job/recipe/recipe.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import type { JobReporter } from '../attempt/job-reporter.ts';
import type { Splits } from '../inspect/splits.ts';
import type { ExampleSource } from './example-source.ts';
import type { KeptPictures } from './picture-reader.ts';
import { type PictureOptions, pictureExamples } from './pictures.ts';

/** What reading the pictures of a split needs. */
export interface SplitPicturesDeps {
  readonly store: ObjectStore;
  readonly reporter: Pick<JobReporter, 'warn'>;
  readonly splits: Pick<Splits, 'train' | 'validation'>;
  readonly input: ModelInput;
  /** Where pictures of both splits together are kept for later epochs; by default a little is kept in memory. */
  readonly keptPictures?: KeptPictures;
}

/** Tells in the job's events that a picture became unreadable; the job continues without it. */
export const reportUnreadable =
  ({ reporter }: Pick<SplitPicturesDeps, 'reporter'>): NonNullable<PictureOptions['onUnreadable']> =>
  (item, error) =>
    reporter.warn(
      `The picture "${item.key}" can no longer be read; another picture of its class replaces it. ${error.message}`,
      { key: item.key, error_code: error.code },
    );

/** The training split, augmented anew in every epoch. */
export const trainingPictures = (
  deps: SplitPicturesDeps,
  augmented: { readonly augmentation: Augmentation; readonly seed: number },
): ExampleSource =>
  pictureExamples(deps.store, deps.splits.train, deps.input, {
    ...augmented,
    ...keptOf(deps, 'train'),
    onUnreadable: reportUnreadable(deps),
  });

/** The validation split, not augmented. */
const validationPictures = (deps: SplitPicturesDeps): ExampleSource =>
  pictureExamples(deps.store, deps.splits.validation, deps.input, {
    ...keptOf(deps, 'validation'),
    onUnreadable: reportUnreadable(deps),
  });

/** Each split has as large a share of the memory as of the pictures. */
function keptOf(
  { keptPictures, splits: { train, validation } }: SplitPicturesDeps,
  split: 'train' | 'validation',
): Pick<PictureOptions, 'kept'> {
  if (keptPictures === undefined) return {};
  const share = (split === 'train' ? train : validation).length / (train.length + validation.length);
  return { kept: { ...keptPictures, memoryBytes: share * keptPictures.memoryBytes } };
}

/** Uses the pictures of both splits, and frees what is kept of them at the end. */
export async function withSplitPictures<T>(
  deps: SplitPicturesDeps,
  augmented: { readonly augmentation: Augmentation; readonly seed: number },
  use: (pictures: { readonly train: ExampleSource; readonly validation: ExampleSource }) => Promise<T>,
): Promise<T> {
  const train = trainingPictures(deps, augmented);
  const validation = validationPictures(deps);
  try {
    return await use({ train, validation });
  } finally {
    train.close?.();
    validation.close?.();
  }
}
