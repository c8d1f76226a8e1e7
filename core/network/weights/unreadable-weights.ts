// The one error of files that are no weight files.

import { FoveaError } from '../../errors/errors.ts';

/** `weights-unreadable`, with what is to be given instead. */
export const unreadable = (problem: string, cause?: unknown): FoveaError =>
  new FoveaError(
    'weights-unreadable',
    `The weights cannot be read: ${problem}. Give a Keras weight file: .h5, .weights.h5 or .keras, as ` +
      'keras.applications publish them or `model.save_weights` and `model.save` write them.',
    { cause },
  );
