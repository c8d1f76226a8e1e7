// Which of several networks gains most surely over the one before, by what they say of pictures that they have not seen, and whether that
// is enough. Knows neither who made the predictions nor how many models they are of.

import { type MeanWithError, meanByGroups } from '../../core/evaluation/mean-by-groups.ts';
import { hits, type Predictions, rowOf } from '../../core/evaluation/predictions.ts';
import { crossEntropyOf } from '../../core/evaluation/probability-losses.ts';
import { present } from '../../core/present.ts';

/** Weighted means of the same count of hits differ by less. */
const ROUNDING = 1e-9;

/** What trained weights gain on pictures held out. */
export interface Gain {
  /** By how much the loss of an example falls with the surest of the others, in nats; its error is by groups of look-alikes. */
  readonly loss: MeanWithError;
  /** Accuracy of the first weights, and of the surest others, 0 to 1. */
  readonly accuracy: { readonly first: number; readonly best: number };
  /** Whether the others are kept: the gain is larger than its error, and they are right at least as often. */
  readonly isKept: boolean;
  /** Whether every class counts alike in loss and accuracy, because the classes of the training are unequal. */
  readonly isBalanced: boolean;
}

/** What is known of the examples beside their labels. */
export interface ComparedExamples {
  /** The group of look-alikes of each, where they are known. */
  readonly groups?: Int32Array | undefined;
  /** How much each counts, where classes are unequal; default: all the same. */
  readonly weights?: Float64Array | undefined;
}

/**
 * Finds the predictions whose gain is surest: by how much their loss is below that of the first ones, less the standard error of this
 * difference. They are kept where the gain is larger than its error and they are right as often: they have to make up for pictures that
 * the first may have after all.
 *
 * @param before Of the weights that training began with.
 * @param others Of the same examples in the same order; at least one.
 * @returns `best` is the index of the surest of the others, whether it is kept or not.
 */
export function surestGain(
  before: Predictions,
  others: readonly Predictions[],
  { groups, weights }: ComparedExamples = {},
): { readonly best: number; readonly gain: Gain } {
  const lossesOf = (predictions: Predictions) =>
    Float64Array.from(predictions.labels, (label, i) => crossEntropyOf(rowOf(predictions, i), label));
  const accuracyOf = (predictions: Predictions) =>
    meanByGroups(Float64Array.from(hits(predictions)), { weights }).mean;
  const first = { losses: lossesOf(before), accuracy: accuracyOf(before) };
  const compared = others.map((predictions, index) => {
    const losses = lossesOf(predictions);
    const loss = meanByGroups(
      losses.map((own, i) => (first.losses[i] as number) - own),
      { groups, weights },
    );
    const accuracy = accuracyOf(predictions);
    return {
      index,
      loss,
      accuracy,
      sureness: loss.mean - loss.error,
      isRight: accuracy >= first.accuracy - ROUNDING,
    };
  });
  const surest = compared.toSorted((a, b) => b.sureness - a.sureness);
  const best = present(surest.find(({ isRight }) => isRight) ?? surest[0], 'predictions of trained weights');
  return {
    best: best.index,
    gain: {
      loss: best.loss,
      accuracy: { first: first.accuracy, best: best.accuracy },
      isKept: best.isRight && best.sureness > 0,
      isBalanced: weights !== undefined,
    },
  };
}
