// The head of a classifier as the solution of a convex problem: multinomial logistic regression on the features of all pictures and
// views, its penalty chosen with look-alikes in one fold. Knows neither jobs nor networks.

import type { OutOfFold } from '../../core/evaluation/out-of-fold.ts';
import { FOLDS } from '../../core/job/recipe/exact-head.ts';
import { balancingWeights, countClasses } from '../training/balance.ts';
import { crossValidate, type SearchHooks } from './cross-validate.ts';
import { type Dealt, dealToFolds, filledFolds } from './deal-to-folds.ts';
import { type FeatureRows, openFeatureProducts } from './feature-products.ts';
import { measureScale } from './feature-scale.ts';
import {
  fitLogisticRegression,
  type LogisticProblem,
  type LogisticSolution,
  toRawKernel,
} from './logistic-regression.ts';
import { groupLookAlikes } from './look-alikes.ts';

/**
 * Where an evaluation of the objective takes more operations than this, one fold is held out instead of all in turn: it has enough
 * pictures then, and the solutions take minutes.
 */
const ONE_FOLD_FLOPS = 20e9;

/** What is done about classes of different sizes: nothing, weights of the pictures, or logit adjustment by the class prior. */
export type ClassBalance = 'none' | 'weights' | 'prior';

/** What a head is solved on. */
export interface HeadProblem extends SearchHooks {
  /** A row for each picture, then as many for each of its views. */
  readonly table: FeatureRows;
  /** Class index of each picture. */
  readonly labels: Int32Array;
  readonly classes: number;
  readonly balance: ClassBalance;
  /** The heads without so many of the first folds are kept, too; default: 0. */
  readonly keepsWithoutFolds?: number;
}

/** Weights of the layer that turns features into scores of the classes. */
export interface DenseLayer {
  /** `[features, classes]`. */
  readonly kernel: Float32Array;
  /** `[classes]`. */
  readonly bias: Float32Array;
}

/** The dense layer, and how it was found. */
export interface SolvedHead extends DenseLayer {
  /** Weight of the penalty. */
  readonly l2: number;
  readonly hasConverged: boolean;
  /** Classes whose pictures are nearly all look-alikes, so that they are not kept together. */
  readonly ungrouped: Dealt['ungrouped'];
  /** Layers that have not seen a fold each, as many as are wanted and folds were held out. */
  readonly withoutFolds: readonly (DenseLayer & { readonly fold: number })[];
  /** Undefined where no fold was held out. */
  readonly outOfFold: SolvedOutOfFold | undefined;
}

/** What models say of the pictures that they have not seen. */
export interface SolvedOutOfFold extends OutOfFold {
  /** Indices of those pictures, ascending; the predictions are in this order. */
  readonly pictures: Int32Array;
  /** Mean cross-entropy in nats. */
  readonly loss: number;
  readonly accuracy: number;
}

/** Solves a head. The same features give the same bits on the same machine. */
export async function solveHead(given: HeadProblem): Promise<SolvedHead> {
  const { table, labels, classes, balance, keepsWithoutFolds = 0, onSolved, isOver } = given;
  const leaders = await groupLookAlikes({ table, labels, classes });
  const { folds, groups, ungrouped } = dealToFolds(leaders, labels, { classes, foldCount: FOLDS });
  const isLarge = 4 * table.rows * table.width * classes > ONE_FOLD_FLOPS;
  const heldOut = filledFolds(folds).slice(0, isLarge ? 1 : FOLDS);
  return withProblem(given, async (problem) => {
    const isBalanced = balance !== 'none';
    const { l2, solution, withoutFolds, scores } = await crossValidate({
      problem,
      folds,
      heldOut,
      half: halfOf(groups, labels),
      isBalanced,
      keepsWithoutFolds,
      onSolved,
      isOver,
    });
    const ofHeldOut = (values: Int32Array, held: Int32Array) =>
      held.map((picture) => values[picture] as number);
    return {
      ...toLayer(solution, problem),
      l2,
      hasConverged: solution.hasConverged,
      ungrouped,
      withoutFolds: withoutFolds.map((without) => ({
        fold: without.fold,
        ...toLayer(without.solution, problem),
      })),
      outOfFold:
        scores === undefined
          ? undefined
          : {
              ...scores,
              smaller: scores.smaller && { predictions: scores.smaller, share: 0.5 },
              groups: ofHeldOut(groups, scores.pictures),
              folds: ofHeldOut(folds, scores.pictures),
              foldCount: heldOut.length,
            },
    };
  });
}

/** Solves a head with a given penalty, without folds. */
export const solveWithPenalty = (
  given: Pick<HeadProblem, 'table' | 'labels' | 'classes' | 'balance'>,
  l2: number,
): Promise<DenseLayer> =>
  withProblem(given, async (problem) => toLayer(await fitLogisticRegression({ ...problem, l2 }), problem));

/** Opens the problem of a head on all of its rows, and frees it at the end. */
async function withProblem<T>(
  { table, labels, classes, balance }: Pick<HeadProblem, 'table' | 'labels' | 'classes' | 'balance'>,
  use: (problem: Omit<LogisticProblem, 'l2'>) => Promise<T>,
): Promise<T> {
  const pictures = labels.length;
  const counts = countClasses(labels, classes);
  const weights = balance === 'weights' ? balancingWeights(counts) : undefined;
  const views = table.rows / pictures;
  const rowLabels = new Int32Array(table.rows).map((_, row) => labels[row % pictures] as number);
  const scale = await measureScale(table);
  const products = await openFeatureProducts(table);
  try {
    return await use({
      ...scale,
      products,
      labels: rowLabels,
      classes,
      rowWeights: Float32Array.from(rowLabels, (label) => (weights?.[label] ?? 1) / views),
      offsets:
        balance === 'prior'
          ? Float64Array.from(counts, (count) => Math.log(Math.max(1, count) / pictures))
          : undefined,
    });
  } finally {
    await products.release();
  }
}

function toLayer({ parameters }: LogisticSolution, problem: Omit<LogisticProblem, 'l2'>): DenseLayer {
  const { kernel, bias } = toRawKernel(parameters, problem);
  return { kernel, bias: Float32Array.from(bias) };
}

/** Marks every second group of each class with 1, so that each class keeps about half of its pictures, and at least one group. */
function halfOf(groups: Int32Array, labels: Int32Array): Uint8Array {
  const sizes = new Map<number, number>();
  for (const group of groups) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  const marked = new Map<number, number>();
  const turns = new Map<number, number>();
  // From the largest on, so that the halves are about equal.
  for (const [group] of [...sizes].sort(([, a], [, b]) => b - a)) {
    // A group's number is the index of one of its pictures.
    const label = labels[group] as number;
    const turn = turns.get(label) ?? 0;
    marked.set(group, turn % 4 === 0 || turn % 4 === 3 ? 1 : 0);
    turns.set(label, turn + 1);
  }
  return Uint8Array.from(groups, (group) => marked.get(group) as number);
}
