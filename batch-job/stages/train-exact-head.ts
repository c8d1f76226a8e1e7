// Stage one of transfer learning without epochs: the head is the solution of a convex problem on the cached features. It does not depend
// on the job's seed, but for the augmented views, and on nothing of the order of the pictures.

import type { DatasetItem } from '../../core/dataset/inspect-dataset.ts';
import type { NetworkWeights } from '../../core/network/description/network.ts';
import { toLinearHead } from '../../core/network/surgery/linear-head.ts';
import { initializeWeights } from '../../core/network/weights/initialize.ts';
import { present } from '../../core/present.ts';
import { type LoadFrozenDeps, loadFrozen } from '../base/load-frozen.ts';
import type { ExactHead } from '../decide/decide-exact-head.ts';
import type { Decision } from '../decide/decide-recipe.ts';
import { type CachedExamplesDeps, openCachedExamples } from '../examples/cached-examples.ts';
import type { FeatureTable } from '../examples/feature-table.ts';
import { scoreHead } from '../logistic/score-head.ts';
import { type DenseLayer, type SolvedHead, solveHead } from '../logistic/solve-head.ts';
import { tableRows } from '../logistic/table-rows.ts';
import { lossOfUnequal } from '../training/balance.ts';
import type { StageDeps, Trained } from './run-stage.ts';

/** What a head on cached features needs. */
export type HeadDeps = StageDeps &
  LoadFrozenDeps &
  CachedExamplesDeps & { readonly decision: Pick<Decision, 'viewAugmentation'> };

/** Solves the head, and gives the weights of all layers that the trainer knows; those of the backbone are unchanged. */
export async function trainExactHead(deps: HeadDeps, exact: ExactHead): Promise<Trained> {
  const { seed, decision, reporter, memory, classes } = deps;
  const { backbone, weights, head } = await loadFrozen(deps);
  const linear = present(toLinearHead(head), 'a linear head');
  const splits = exact.usesValidation
    ? { train: [...deps.splits.train, ...deps.splits.validation], validation: [] }
    : deps.splits;
  const { featureViews } = decision.resolved;
  const examples = await openCachedExamples(
    { ...deps, splits },
    {
      backbone,
      shape: [1, 1, backbone.features],
      views: { count: featureViews, augmentation: decision.viewAugmentation },
    },
  );
  try {
    await memory.enter('head');
    reporter.startStage('training', { step: 0 });
    const startedMs = performance.now();
    const secondsSince = () => (performance.now() - startedMs) / 1000;
    const check = () => {
      reporter.signal.throwIfAborted();
      memory.check();
    };
    const rowsOf = (table: FeatureTable, rows: number) =>
      tableRows(table, rows, { check, normalization: linear.normalization });
    const solved = await solveHead({
      table: rowsOf(examples.tables.train, splits.train.length * (1 + featureViews)),
      labels: examples.train.labels,
      classes,
      balance: exact.balance,
      keepsWithoutFolds: exact.usesValidation ? (decision.stages.get('full')?.folds ?? 0) : 0,
      onSolved: (done, most) =>
        reporter.update({ step: done, steps: most, secondsLeft: (secondsSince() / done) * (most - done) }),
      isOver: () => deps.meter.earlyEnd() !== undefined,
    });
    await reportSolved(deps, solved, { items: splits.train, seconds: secondsSince() });
    const { outOfFold, withoutFolds } = solved;
    const weightsOf = ({ kernel, bias }: DenseLayer): NetworkWeights =>
      new Map([...weights, ...initializeWeights(head, seed), [linear.kernel, kernel], [linear.bias, bias]]);
    const validation =
      splits.validation.length === 0
        ? outOfFold
        : await scoreHead(
            rowsOf(examples.tables.validation, splits.validation.length),
            examples.validation.labels,
            solved,
          );
    return {
      weights: weightsOf(solved),
      withoutFolds: withoutFolds.map((without) => ({ fold: without.fold, weights: weightsOf(without) })),
      validationLoss: validation?.loss ?? null,
      validationAccuracy: validation?.accuracy ?? null,
      balancedLoss: lossOfUnequal(examples.train.labels, validation?.predictions),
      ...(outOfFold === undefined
        ? {}
        : {
            outOfFold: {
              ...outOfFold,
              ungrouped: solved.ungrouped,
              items: Array.from(outOfFold.pictures, (picture) => splits.train[picture] as DatasetItem),
            },
          }),
    };
  } finally {
    examples.close();
  }
}

/** Tells the job how the head was found, and what the folds say of it. */
async function reportSolved(
  { reporter, meter }: Pick<HeadDeps, 'reporter' | 'meter'>,
  { l2, hasConverged, ungrouped, outOfFold }: SolvedHead,
  { items, seconds }: { readonly items: readonly DatasetItem[]; readonly seconds: number },
): Promise<void> {
  const pictures = items.length;
  const groups = outOfFold === undefined ? 0 : new Set(outOfFold.groups).size;
  const chosen =
    outOfFold === undefined
      ? `with an L2 penalty of ${l2}: there are too few pictures to choose it by folds`
      : `with an L2 penalty of ${l2}, chosen by ${outOfFold.foldCount === 1 ? 'one fold' : `${outOfFold.foldCount} folds`} of ${groups} groups of look-alikes. Models that had not seen a ` +
        `picture or its look-alikes were right on ${(100 * outOfFold.accuracy).toFixed(1)} % of ${outOfFold.pictures.length}, with a loss of ` +
        outOfFold.loss.toFixed(4);
  const apart =
    ungrouped.length === 0
      ? ''
      : ` In ${ungrouped.length === 1 ? 'one class' : `${ungrouped.length} classes`} most pictures look alike; they were held out one by one.`;
  await reporter.message(`The head is solved on ${pictures} pictures ${chosen}.${apart}`, {
    stage: 'head',
    pictures,
    l2,
    groups,
    folds: outOfFold?.foldCount ?? 0,
    out_of_fold_accuracy: outOfFold?.accuracy ?? null,
    out_of_fold_loss: outOfFold?.loss ?? null,
    seconds,
  });
  if (!hasConverged)
    await reporter.warn(
      'The search for the head ended before its minimum: the features of this dataset are hard to tell apart.',
      { stage: 'head' },
    );
  const early = meter.earlyEnd();
  if (early !== undefined)
    await reporter.warn(`${early.reason} The head becomes the model.`, { stage: 'head', ...early.data });
}
