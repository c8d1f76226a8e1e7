// What is known of a second stage's network from the pictures that were held out from it.

import { type HoldOuts, toOutOfFold } from './hold-out.ts';
import type { Trained } from './run-stage.ts';

/**
 * The answers as out-of-fold predictions. One fold leaves most pictures out, and those that the head was judged by stay beside it; several
 * folds have them all.
 * @param probabilities of the pictures held out, `[pictures, classes]`, where there are any.
 */
export function heldAnswers(
  held: HoldOuts,
  head: Trained | undefined,
  probabilities: Float32Array | undefined,
): Pick<Trained, 'outOfFold' | 'headOutOfFold'> {
  const outOfFold = probabilities && toOutOfFold(held, probabilities);
  const ofHead = head?.outOfFold;
  if (outOfFold !== undefined && held.length > 1)
    return {
      outOfFold: {
        ...outOfFold,
        ...(ofHead?.ungrouped === undefined ? {} : { ungrouped: ofHead.ungrouped }),
      },
    };
  return {
    ...(outOfFold === undefined ? {} : { outOfFold }),
    ...(ofHead === undefined ? {} : { headOutOfFold: ofHead }),
  };
}
