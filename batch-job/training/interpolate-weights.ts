// Weight interpolation (WiSE-FT): weights on the line between those that training began with and those it came to. What lies
// in between often does better on pictures of other origin than either end (Wortsman et al. 2022, "Robust fine-tuning of
// zero-shot models").

import type { NetworkWeights } from '../../core/network/description/network.ts';
import type { Trainer } from '../tensorflow/engine/engine.ts';
import type { BestEpoch } from './fit-state.ts';

/** The shares that are tried. The ends, 0 and 1, are scored anyway. */
const SHARES_BETWEEN = [0.25, 0.5, 0.75];

/** Weights between the first and the trained ones, and how they did. */
export interface Interpolation {
  /** The share of the trained weights: 0 gives the first weights, 1 the trained ones. */
  readonly share: number;
  readonly validationLoss: number | null;
  readonly weights: NetworkWeights;
}

/**
 * `(1 - share) * from + share * to`, weight by weight; both have the same names and sizes. A weight that `to` lacks stays.
 */
export function interpolate(from: NetworkWeights, to: NetworkWeights, share: number): NetworkWeights {
  return new Map(
    [...from].map(([name, start]) => {
      const end = to.get(name) ?? start;
      return [name, start.map((value, i) => (1 - share) * value + share * (end[i] as number))];
    }),
  );
}

/**
 * Finds the interpolation with the lowest validation loss; where several have it, the one closest to the first weights. The
 * trainer is left with the last one that was tried.
 *
 * @param lossOf Validation loss of the trainer's weights as they are.
 */
export async function interpolateWeights(
  trainer: Pick<Trainer, 'setWeights'>,
  first: BestEpoch,
  trained: BestEpoch,
  lossOf: () => Promise<number | null>,
): Promise<Interpolation> {
  let best: Interpolation = { ...first, share: 0 };
  const consider = (interpolation: Interpolation) => {
    if (
      interpolation.validationLoss !== null &&
      (best.validationLoss === null || interpolation.validationLoss < best.validationLoss)
    ) {
      best = interpolation;
    }
  };
  for (const share of SHARES_BETWEEN) {
    const weights = interpolate(first.weights, trained.weights, share);
    await trainer.setWeights(weights);
    consider({ share, validationLoss: await lossOf(), weights });
  }
  consider({ ...trained, share: 1 });
  return best;
}
