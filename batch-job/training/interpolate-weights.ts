// Weight interpolation (WiSE-FT): weights on the line between those that training began with and those it came to. What lies
// in between often does better on pictures of other origin than either end (Wortsman et al. 2022, "Robust fine-tuning of
// zero-shot models").

import type { Predictions } from '../../core/evaluation/predictions.ts';
import type { NetworkWeights } from '../../core/network/description/network.ts';
import { present } from '../../core/present.ts';
import type { Trainer } from '../tensorflow/engine/engine.ts';
import type { BestEpoch } from './fit-state.ts';
import { type ComparedExamples, type Gain, surestGain } from './surest-gain.ts';

/** The shares of the trained weights that are tried beside the first weights. */
const SHARES = [0.25, 0.5, 0.75, 1];
/** Those of settled weights: out of fold, half was best on all sets, and each takes a solution (bench/README.md). */
const SETTLED_SHARES = [0.5, 1];

/** Which weights between the first and trained ones. */
export interface Interpolated {
  /** The epoch of the trained ones; 0 for the first weights alone. */
  readonly epoch: number;
  /** The share of the trained weights: 0 gives the first weights, 1 the trained ones. */
  readonly share: number;
}

/** Weights between the first and the trained ones. */
export interface Interpolation extends Interpolated {
  readonly weights: NetworkWeights;
}

/** Interpolated weights, and what they say of the examples held out. */
export interface Tried extends Interpolated {
  /** `[examples, classes]`. */
  readonly probabilities: Float32Array;
}

/** The weights that are kept, with what they say, and what they gain. */
export interface BestInterpolation {
  readonly interpolation: Interpolation;
  readonly predictions: Predictions;
  readonly gain: Gain;
  /** All that were tried, the first weights before the others. */
  readonly tried: readonly Tried[];
}

/**
 * `(1 - share) * from + share * to`, weight by weight; both have the same names and sizes. A weight that `to` lacks stays.
 */
export function interpolate(from: NetworkWeights, to: NetworkWeights, share: number): NetworkWeights {
  if (share === 1) return new Map([...from, ...to]);
  return new Map(
    [...from].map(([name, start]) => {
      const end = to.get(name) ?? start;
      return [name, start.map((value, i) => (1 - share) * value + share * (end[i] as number))];
    }),
  );
}

/** How interpolated weights are compared. */
export interface InterpolateOptions extends ComparedExamples {
  /** What is done to interpolated weights before they are scored. */
  readonly settle?: ((weights: NetworkWeights) => Promise<NetworkWeights>) | undefined;
}

/**
 * Finds the interpolation whose gain on the examples held out is surest; the first weights, where it is not enough. The trainer is left
 * with the last weights that were tried.
 *
 * @param trained Weights at the ends of some epochs.
 * @param predict What the trainer's weights as they are say of the examples.
 */
export async function interpolateWeights(
  trainer: Pick<Trainer, 'setWeights'>,
  { first, trained }: { readonly first: BestEpoch; readonly trained: readonly BestEpoch[] },
  predict: () => Promise<Predictions>,
  { settle, ...examples }: InterpolateOptions = {},
): Promise<BestInterpolation> {
  const tried: Omit<BestInterpolation, 'gain' | 'tried'>[] = [];
  const tryWeights = async (interpolation: Interpolation) => {
    await trainer.setWeights(interpolation.weights);
    tried.push({ interpolation, predictions: await predict() });
  };
  await tryWeights({ epoch: 0, share: 0, weights: first.weights });
  for (const { epoch, weights } of trained)
    for (const share of settle === undefined ? SHARES : SETTLED_SHARES) {
      const between = interpolate(first.weights, weights, share);
      await tryWeights({ epoch, share, weights: (await settle?.(between)) ?? between });
    }
  const [before, ...others] = tried;
  const start = present(before, 'the first weights');
  const { best, gain } = surestGain(
    start.predictions,
    others.map(({ predictions }) => predictions),
    examples,
  );
  return {
    ...(gain.isKept ? present(others[best], 'an interpolation') : start),
    gain,
    tried: tried.map(({ interpolation: { epoch, share }, predictions: { probabilities } }) => ({
      epoch,
      share,
      probabilities,
    })),
  };
}
