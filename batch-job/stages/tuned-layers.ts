// Which layers the second stage trains, how, and how the head is solved on them.

import { type FrozenSplit, splitFrozen } from '../../core/job/recipe/full-stage.ts';
import { changesPictures } from '../../core/job/recipe/recipe.ts';
import type { Network, NetworkWeights } from '../../core/network/description/network.ts';
import { firstTrainable, isTrainableFrom } from '../../core/network/description/trainable-from.ts';
import { weightSpecs } from '../../core/network/description/weight-specs.ts';
import type { LoadFrozenDeps } from '../base/load-frozen.ts';
import type { Decision } from '../decide/decide-recipe.ts';
import type { ExampleSource } from '../examples/example-source.ts';
import { layerRates } from '../training/layer-rates.ts';
import type { FullExamplesDeps } from './full-examples.ts';
import { type HoldOuts, heldGroups, heldItems } from './hold-out.ts';
import type { StageOptions, Trained } from './run-stage.ts';
import { solveTunedHead } from './solve-tuned-head.ts';

/** What training the pretrained layers needs. */
export type TrainFullDeps = FullExamplesDeps &
  LoadFrozenDeps & { readonly decision: Pick<Decision, 'exactHead'> };

/** The stage as it is about to run. */
export interface FullStage {
  readonly held: HoldOuts;
  /** Where frozen layers end; undefined where all are trained. */
  readonly split: FrozenSplit | undefined;
  /** What stage one came to, if that is known. */
  readonly head: Trained | undefined;
}

/** The settings of the stage that do not depend on its pictures. @param split where frozen layers end. */
export function settingsOf(deps: TrainFullDeps, split: FrozenSplit | undefined) {
  const { network, job, decision } = deps;
  const trained = split?.trainable ?? network;
  const firstLayerRate = decision.stages.get('full')?.firstLayerRate ?? 1;
  const from = startOf(deps);
  const trainable = from === null ? () => true : isTrainableFrom(network, from);
  return {
    stage: 'full',
    network: trained,
    trainer: {
      batchNormalization: job.recipe.batch_normalization,
      trainable,
      ...(firstLayerRate === 1 ? {} : { rateFactor: layerRates(trained, firstLayerRate, trainable) }),
    },
    mixes: true,
    refits: true,
  } as const;
}

/**
 * What is done to trained weights: the head is solved on the features of their layers. Nothing where the head is no linear one, or the job's
 * settings are those of a book.
 */
export function settleOn(
  deps: TrainFullDeps,
  { split }: Pick<FullStage, 'split'>,
  examples: ExampleSource,
): Pick<StageOptions, 'settle'> {
  const { engine, base, network, job, classes, decision, savings, reporter, memory } = deps;
  const { exactHead, resolved, stages } = decision;
  const { featureLayer } = base;
  // The course's settings are those of a book.
  if (job.recipe.preset === 'course' || featureLayer === undefined || !base.hasLinearHead(network)) return {};
  return {
    settle: (weights: NetworkWeights) =>
      solveTunedHead(
        {
          engine,
          network: split?.trainable ?? network,
          featureLayer,
          examples,
          views: resolved.featureViews,
          classes,
          balance: exactHead?.balance ?? (resolved.imbalance === 'none' ? 'none' : 'weights'),
          batchSize: savings.partSizes['full'] ?? stages.get('full')?.batchSize ?? 1,
          signal: reporter.signal,
          check: () => {
            reporter.signal.throwIfAborted();
            memory.check();
          },
        },
        weights,
      ),
  };
}

/**
 * The epochs whose weights are compared with those of the last, where weights are settled: halfway. The loss of weights that are not settled
 * does not tell which are best.
 */
export function comparedEpochs(
  { decision }: TrainFullDeps,
  { settle }: Pick<StageOptions, 'settle'>,
): Pick<StageOptions, 'keepsEpochs'> {
  const half = Math.round((decision.stages.get('full')?.epochs ?? 1) / 2);
  return settle === undefined || half < 1 ? {} : { keepsEpochs: [half] };
}

/** Whether the stage is trained again: only where the head it starts from has seen all pictures, so that it has, too. */
export const doesRetrain = ({ decision }: TrainFullDeps, held: HoldOuts): boolean =>
  decision.stages.get('full')?.retrains === true && heldGroups(held) !== undefined;

/** Number of folds that decide on the stage. */
export function foldsOf({ decision }: TrainFullDeps): number {
  const full = decision.stages.get('full');
  return full?.retrains === true ? full.folds : 1;
}

/** The first trainable layer; null where all are trained. */
const startOf = ({ savings, decision }: TrainFullDeps): string | null =>
  savings.unfreezeFrom ?? decision.resolved.unfreezeFrom;

/** Splits the network where its trainable layers begin. @param from default: where the decision has them begin. */
export function frozenSplit(
  deps: TrainFullDeps,
  held: HoldOuts,
  from: string | null = startOf(deps),
): FrozenSplit | undefined {
  const { network, savings, decision, splits } = deps;
  const [{ splits: own }] = held;
  const trained = doesRetrain(deps, held) ? splits.train.length + splits.validation.length : own.train.length;
  return splitFrozen(network, {
    from,
    pictures: { train: trained, validation: heldItems(held).length },
    epochs: decision.stages.get('full')?.epochs ?? 1,
    isAugmented: changesPictures(decision.resolved.augmentation),
    bytesPerValue: savings.halfPrecision ? 2 : 4,
  });
}

/**
 * Splits the network so that its frozen layers have the weights of the stage before. Layers that were trained and are
 * frozen now belong to the trainable ones. Undefined where the network cannot be split so.
 */
export function resumableSplit(
  deps: TrainFullDeps,
  held: HoldOuts,
  saved: NetworkWeights,
): FrozenSplit | undefined {
  const { network } = deps;
  const from = startOf(deps);
  const split = frozenSplit(deps, held, from);
  if (split !== undefined && isUntouched(split, saved)) return split;
  const lowest = weightSpecs(network).find(({ key }) => saved.has(key))?.layer;
  const hasRisen =
    from !== null && lowest !== undefined && isTrainableFrom(network, lowest)(firstTrainable(network, from));
  return hasRisen && !hasAll(network, saved) ? frozenSplit(deps, held, lowest) : undefined;
}

/** Whether the frozen layers are none of those that the weights are of. */
export const isUntouched = ({ frozen }: FrozenSplit, saved: NetworkWeights): boolean =>
  !weightSpecs(frozen).some(({ key }) => saved.has(key));

/** Whether the weights are those of a whole network. */
export const hasAll = (network: Network, saved: NetworkWeights): boolean =>
  weightSpecs(network).every(({ key }) => saved.has(key));
