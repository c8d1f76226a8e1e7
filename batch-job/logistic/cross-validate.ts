// Chooses the weight of the L2 penalty by K-fold cross-validation, and keeps what the model without a fold says of it.

import { accuracyOf } from '../../core/evaluation/accuracy.ts';
import type { Predictions } from '../../core/evaluation/predictions.ts';
import { balancedCrossEntropy, crossEntropy } from '../../core/evaluation/probability-losses.ts';
import {
  fitLogisticRegression,
  type LogisticProblem,
  type LogisticSolution,
  toRawKernel,
} from './logistic-regression.ts';
import { softmaxInPlace } from './softmax.ts';

/**
 * Weights that are tried, the strongest first, while the loss falls. Weaker ones than the last are not: where all pictures have look-alikes,
 * cross-validation would choose none.
 */
const WEAKER = [1, 0.3, 0.1] as const;
/** Weights that are tried where none of the weaker ones is better than the first: labels are wrong, or features say little. */
const STRONGER = [3, 10, 30] as const;
/** The most that are tried. */
const MOST_PENALTIES = Math.max(WEAKER.length, 2 + STRONGER.length);

/** How a search tells how far it is, and learns when to end. */
export interface SearchHooks {
  /** Is called after each solution, with their number, of so many at most. */
  readonly onSolved: (done: number, most: number) => void;
  /** Asked after each penalty: true ends the search, and the best so far is taken. */
  readonly isOver: () => boolean;
}

/** What is cross-validated. */
export interface CrossValidated extends SearchHooks {
  /** Its first rows are the pictures themselves, followed by as many rows for each of their views. */
  readonly problem: Omit<LogisticProblem, 'l2'>;
  /** The fold of each picture, from 0; other numbers are always trained on. */
  readonly folds: Int32Array;
  /** The folds that are held out, one after another. Without one, a penalty of 1 is taken. */
  readonly heldOut: readonly number[];
  /** 1 for the pictures that models of the learning curve are trained on, as far as they are not held out. Without it there is no curve. */
  readonly half?: Uint8Array;
  /** Whether every class counts alike in the loss by which the penalty is chosen. */
  readonly isBalanced: boolean;
  /** The solutions without so many of the first folds are kept, too; default: 0. */
  readonly keepsWithoutFolds?: number;
}

/** The solution on all pictures. */
export interface CrossValidation {
  readonly l2: number;
  readonly solution: LogisticSolution;
  /** The solutions without the first of the folds that are held out, as many as are wanted and there are. */
  readonly withoutFolds: readonly { readonly fold: number; readonly solution: LogisticSolution }[];
  /** What the folds say; undefined where none was held out. */
  readonly scores: OutOfFoldScores | undefined;
}

/** What models say of pictures of a fold that they have not seen. */
export interface OutOfFoldScores {
  /** Indices of the pictures that were held out, ascending. */
  readonly pictures: Int32Array;
  readonly predictions: Predictions;
  /** Mean cross-entropy in nats. */
  readonly loss: number;
  readonly accuracy: number;
  /** What models that were trained on half of the others say of the same pictures; undefined without `half`, and where the search ended before. */
  readonly smaller: Predictions | undefined;
}

/** Solves the problem without each held-out fold for each penalty, and then on all pictures with the best. */
export async function crossValidate(given: CrossValidated): Promise<CrossValidation> {
  const { problem, folds, heldOut, half, isBalanced, keepsWithoutFolds = 0, onSolved, isOver } = given;
  const kept = heldOut.slice(0, keepsWithoutFolds);
  const most = (MOST_PENALTIES + (half === undefined ? 0 : 1)) * heldOut.length + kept.length + 1;
  let solved = 0;
  const pictures = Int32Array.from(folds.keys()).filter((picture) =>
    heldOut.includes(folds[picture] as number),
  );
  const labels = labelsOf(problem, pictures);
  const lossOf = isBalanced ? balancedCrossEntropy : crossEntropy;
  // A model of a fold starts from its own solution for the penalty before: that of all pictures has seen the fold.
  const parts = new Map<number, LogisticSolution>();
  const weightsWithout = (fold: number, trains?: Uint8Array) =>
    problem.rowWeights.map((weight, row) => {
      const picture = row % folds.length;
      return folds[picture] === fold || trains?.[picture] === 0 ? 0 : weight;
    });
  /** Predicts every picture by a model that was trained without its fold; undefined where no fold is held out. */
  const predictFolds = async (l2: number, trains?: Uint8Array): Promise<Predictions | undefined> => {
    const probabilities = new Float32Array(pictures.length * problem.classes);
    for (const fold of heldOut) {
      const part = await fitLogisticRegression(
        { ...problem, rowWeights: weightsWithout(fold, trains), l2 },
        { start: parts.get(fold)?.parameters, accuracy: 'coarse' },
      );
      parts.set(fold, part);
      await predict(problem, part, { pictures, probabilities, wants: (picture) => folds[picture] === fold });
      onSolved(++solved, most);
    }
    return heldOut.length === 0 ? undefined : { probabilities, labels, classes: problem.classes };
  };
  let best: { readonly l2: number; readonly loss: number; readonly predictions: Predictions } | undefined;
  const tryWhileBetter = async (penalties: readonly number[]) => {
    for (const l2 of penalties) {
      if (best !== undefined && isOver()) return;
      const predictions = await predictFolds(l2);
      if (predictions === undefined) return;
      const loss = lossOf(predictions) ?? 0;
      if (best !== undefined && loss >= best.loss) return;
      best = { l2, loss, predictions };
    }
  };
  await tryWhileBetter(WEAKER);
  if (best?.l2 === WEAKER[0]) await tryWhileBetter(STRONGER);
  const l2 = best?.l2 ?? WEAKER[0];
  const smaller = half === undefined || isOver() ? undefined : await predictFolds(l2, half);
  const withoutFolds: CrossValidation['withoutFolds'][number][] = [];
  for (const fold of kept)
    withoutFolds.push({
      fold,
      solution: await fitLogisticRegression({ ...problem, rowWeights: weightsWithout(fold), l2 }),
    });
  const solution = await fitLogisticRegression({ ...problem, l2 });
  onSolved(most, most);
  const scores = best && {
    pictures,
    predictions: best.predictions,
    loss: crossEntropy(best.predictions) ?? 0,
    accuracy: accuracyOf(best.predictions)?.value ?? 0,
    smaller,
  };
  return { l2, solution, withoutFolds, scores };
}

const labelsOf = ({ labels }: CrossValidated['problem'], pictures: Int32Array): Int32Array =>
  pictures.map((picture) => labels[picture] as number);

/** Writes the probabilities of those pictures that are wanted; each has its place in `pictures`. */
async function predict(
  problem: CrossValidated['problem'],
  { parameters }: LogisticSolution,
  {
    pictures,
    probabilities,
    wants,
  }: {
    readonly pictures: Int32Array;
    readonly probabilities: Float32Array;
    readonly wants: (picture: number) => boolean;
  },
): Promise<void> {
  const { products, classes } = problem;
  const { kernel, bias } = toRawKernel(parameters, problem);
  let place = 0;
  await products.eachScores(kernel, classes, (pictures.at(-1) ?? -1) + 1, (scores, start) => {
    const end = start + scores.length / classes;
    for (; place < pictures.length && (pictures[place] as number) < end; place++) {
      const picture = pictures[place] as number;
      if (!wants(picture)) continue;
      const at = (picture - start) * classes;
      softmaxInPlace(scores, at, bias);
      probabilities.set(scores.subarray(at, at + classes), place * classes);
    }
  });
}
