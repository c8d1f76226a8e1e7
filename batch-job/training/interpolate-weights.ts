// Weight interpolation (WiSE-FT): weights on the line between those that training began with and those it came to. What lies
// in between often does better on pictures of other origin than either end (Wortsman et al. 2022, "Robust fine-tuning of
// zero-shot models").

import { type MeanWithError, meanByGroups } from '../../core/evaluation/mean-by-groups.ts';
import type { NetworkWeights } from '../../core/network/description/network.ts';
import { present } from '../../core/present.ts';
import type { Trainer } from '../tensorflow/engine/engine.ts';
import type { BestEpoch } from './fit-state.ts';

/** The shares of the trained weights that are tried beside the first weights. */
const SHARES = [0.25, 0.5, 0.75, 1];
/** Those of settled weights: out of fold, half was best on all sets, and each takes a solution (bench/README.md). */
const SETTLED_SHARES = [0.5, 1];

/** Scores on validation. */
export interface EachScored {
  /** Mean of the losses. */
  readonly loss: number;
  readonly accuracy: number;
  /** Cross-entropy of every example, nats. */
  readonly losses: Float64Array;
}

/** Weights between the first and the trained ones, and how they did. */
export interface Interpolation {
  /** The share of the trained weights: 0 gives the first weights, 1 the trained ones. */
  readonly share: number;
  readonly validationLoss: number | null;
  readonly weights: NetworkWeights;
}

/** What the trained weights gain on validation. */
export interface Gain {
  /** By how much the loss of an example falls with the surest of the others, in nats; its error is by groups of look-alikes. */
  readonly loss: MeanWithError;
  /** Accuracy of the first weights, and of the surest others, 0 to 1. */
  readonly accuracy: { readonly first: number; readonly best: number };
  /** Whether the others are kept: the gain is larger than its error, and they are right at least as often. */
  readonly isKept: boolean;
}

/** The weights that are kept, with their scores, and what they gain. */
export interface BestInterpolation {
  readonly interpolation: Interpolation;
  readonly scores: EachScored;
  readonly gain: Gain;
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

const settled = async (
  weights: NetworkWeights,
  settle: ((weights: NetworkWeights) => Promise<NetworkWeights>) | undefined,
): Promise<NetworkWeights> => (settle === undefined ? weights : settle(weights));

/**
 * Finds the interpolation whose gain on validation is surest: by how much its loss is below that of the first weights, less the
 * standard error of this difference. It is kept where the gain is larger than its error and it is right as often: it has to make up for
 * the pictures held out, which the first weights may have after all. The trainer is left with the last weights that were tried.
 *
 * @param scored Scores of the trainer's weights as they are, on validation.
 * @param options `groups`: the group of look-alikes of each example, where they are known; `settle`: what is done to interpolated weights
 *   before they are scored.
 */
export async function interpolateWeights(
  trainer: Pick<Trainer, 'setWeights'>,
  [first, trained]: readonly [BestEpoch, BestEpoch],
  scored: () => Promise<EachScored>,
  {
    groups,
    settle,
  }: {
    readonly groups?: Int32Array | undefined;
    readonly settle?: ((weights: NetworkWeights) => Promise<NetworkWeights>) | undefined;
  } = {},
): Promise<BestInterpolation> {
  const tried: Omit<BestInterpolation, 'gain'>[] = [];
  for (const share of [0, ...(settle === undefined ? SHARES : SETTLED_SHARES)]) {
    const weights =
      share === 0 ? first.weights : await settled(interpolate(first.weights, trained.weights, share), settle);
    await trainer.setWeights(weights);
    const scores = await scored();
    tried.push({ interpolation: { share, validationLoss: scores.loss, weights }, scores });
  }
  const [start, ...others] = tried;
  const before = present(start, 'the first weights');
  const gains = others.map((one) => ({
    ...one,
    gained: meanByGroups(
      one.scores.losses.map((loss, i) => (before.scores.losses[i] as number) - loss),
      { groups },
    ),
  }));
  const surenessOf = ({ gained: { mean, error } }: (typeof gains)[number]) => mean - error;
  const isRight = ({ scores }: (typeof gains)[number]) => scores.accuracy >= before.scores.accuracy;
  const surest = gains.toSorted((a, b) => surenessOf(b) - surenessOf(a));
  const best = present(surest.find(isRight) ?? surest[0], 'an interpolation');
  const isKept = isRight(best) && surenessOf(best) > 0;
  const { interpolation, scores } = isKept ? best : before;
  const accuracy = { first: before.scores.accuracy, best: best.scores.accuracy };
  return { interpolation, scores, gain: { loss: best.gained, accuracy, isKept } };
}
