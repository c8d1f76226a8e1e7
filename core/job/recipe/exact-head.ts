// Whether a head is solved exactly instead of trained in epochs: for the trainer, and for an estimate. Knows nothing of how it is solved.

import type { Hyperparameters } from './hyperparameters.ts';

/** What the record of a stage has as its optimizer where the stage is solved. */
export const EXACT_OPTIMIZER = 'l-bfgs';

/** Folds of the cross-validation of a head, which may decide on a second stage, too. */
export const FOLDS = 5;

/**
 * Whether a request leaves it to the trainer how the head is trained, so that it may be solved. The course's settings are those of a book.
 * @param options `hasFull`: whether a second stage follows, to which n_epochs applies.
 */
export const mayBeSolved = (
  { preset }: { readonly preset: string },
  { n_epochs, batch_size, learning_rate_multiplier }: Hyperparameters,
  { hasFull }: { readonly hasFull: boolean },
): boolean =>
  preset !== 'course' &&
  (hasFull || n_epochs === 'auto') &&
  batch_size === 'auto' &&
  learning_rate_multiplier === 'auto';
