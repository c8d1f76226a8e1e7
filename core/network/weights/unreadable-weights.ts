// The error for files that are no Keras weight files.

import { FoveaError } from '../../errors/errors.ts';

/** The error `weights-unreadable`, which says what to give instead. */
export const unreadable = (problem: string, cause?: unknown): FoveaError =>
  new FoveaError(
    'weights-unreadable',
    `The weights cannot be read: ${problem}. Give a Keras weight file: .h5, .weights.h5 or .keras, as ` +
      'keras.applications publish them or `model.save_weights` and `model.save` write them.',
    { cause },
  );
