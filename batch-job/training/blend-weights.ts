// Weights on the line between two points of a training: where it began and where it came to. What lies in between often
// does better on pictures of other origin than either end (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models").

import type { NetworkWeights } from '../../core/network/description/network.ts';
import type { Trainer } from '../tensorflow/engine/engine.ts';
import type { BestEpoch } from './fit-state.ts';

/** Of the way from the first weights to the trained ones; the ends are scored anyway. */
const SHARES_BETWEEN = [0.25, 0.5, 0.75];

export interface Blend {
  /** 0: the first weights. 1: the trained ones. */
  readonly share: number;
  readonly validationLoss: number | null;
  readonly weights: NetworkWeights;
}

/** `(1 - share) * from + share * to`, weight by weight; both have the same names and sizes. */
export function interpolate(from: NetworkWeights, to: NetworkWeights, share: number): NetworkWeights {
  return new Map(
    [...from].map(([name, start]) => {
      const end = to.get(name) ?? start;
      return [name, start.map((value, i) => (1 - share) * value + share * (end[i] as number))];
    }),
  );
}

/**
 * The blend with the lowest validation loss; where several have it, the one closest to the first weights.
 * @param lossOf Validation loss of the trainer's weights as they are. The trainer is left with some of those tried.
 */
export async function blendWeights(
  trainer: Pick<Trainer, 'setWeights'>,
  first: BestEpoch,
  trained: BestEpoch,
  lossOf: () => Promise<number | null>,
): Promise<Blend> {
  let best: Blend = { ...first, share: 0 };
  const consider = (blend: Blend) => {
    if (
      blend.validationLoss !== null &&
      (best.validationLoss === null || blend.validationLoss < best.validationLoss)
    ) {
      best = blend;
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
