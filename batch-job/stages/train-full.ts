// Stage two of transfer learning: trains the pretrained layers too, all of them or those from a named one on. The outputs of
// the frozen layers before it never change, and are cached as in stage one. Pictures held out decide whether it is kept.

import { type FrozenSplit, splitFrozen } from '../../core/job/recipe/full-stage.ts';
import { changesPictures } from '../../core/job/recipe/recipe.ts';
import type { Network, NetworkWeights } from '../../core/network/description/network.ts';
import { firstTrainable, isTrainableFrom } from '../../core/network/description/trainable-from.ts';
import { weightSpecs } from '../../core/network/description/weight-specs.ts';
import { toOnnxBackbone } from '../base/backbone-session.ts';
import { type LoadFrozenDeps, loadFrozen } from '../base/load-frozen.ts';
import { type CachedExamplesDeps, openCachedExamples } from '../examples/cached-examples.ts';
import { type SplitPicturesDeps, withSplitPictures } from '../examples/split-pictures.ts';
import type { FitState } from '../training/fit-state.ts';
import { layerRates } from '../training/layer-rates.ts';
import { type HoldOut, holdOut, toOutOfFold } from './hold-out.ts';
import { runStage, type StageDeps, type StageResult, type Trained } from './run-stage.ts';

/** What training the pretrained layers needs. */
export type TrainFullDeps = StageDeps & LoadFrozenDeps & CachedExamplesDeps & SplitPicturesDeps;

/**
 * Trains the layers from the first trainable one on, and gives the weights of the whole network: the head's own, where training gains
 * nothing on the pictures held out.
 */
export async function trainFull(deps: TrainFullDeps, head: Trained): Promise<Trained> {
  const held = holdOut(deps.splits, head);
  const split = frozenSplitFrom({ ...deps, splits: held.splits }, startOf(deps));
  return keepBetter(head, held, await trainFrom(deps, held, split));
}

/**
 * Resumes this stage from a checkpoint, also where other layers are trainable than before, because memory has run out since or
 * a larger machine has taken over.
 * @param state the checkpoint. Its variables are those of the trained layers, and may include frozen ones.
 * @param head what stage one came to, if that is known; otherwise it is in the checkpoint.
 */
export async function resumeFull(
  deps: TrainFullDeps,
  state: FitState,
  head: Trained | undefined,
): Promise<Trained> {
  const { network } = deps;
  const saved = state.trainer.variables;
  const keys = weightSpecs(network).map(({ key }) => key);
  const isWhole = keys.every((key) => saved.has(key));
  const pristine: NetworkWeights = isWhole ? new Map() : (head?.weights ?? (await loadFrozen(deps)).weights);
  const first = state.first?.weights ?? saved;
  const weights = new Map(keys.map((key) => [key, (first.get(key) ?? pristine.get(key)) as Float32Array]));
  const held = { ...holdOut(deps.splits, head ?? { weights }), weights };
  const split = resumableSplit({ ...deps, splits: held.splits }, saved, isWhole);
  return keepBetter(head, held, await trainFrom(deps, held, split));
}

/** The trained network; the head, where training gained nothing. Out-of-fold predictions are those of what is kept. */
function keepBetter(head: Trained | undefined, held: HoldOut, trained: StageResult): Trained {
  const { gain, probabilities, ...kept } = trained;
  if (gain?.isKept === false && head !== undefined) return head;
  const outOfFold = probabilities && toOutOfFold(held, probabilities);
  const headOutOfFold = head?.outOfFold;
  return {
    ...kept,
    ...(outOfFold === undefined ? {} : { outOfFold }),
    ...(headOutOfFold === undefined ? {} : { headOutOfFold }),
  };
}

/**
 * Splits the network so that its frozen layers have the weights of the stage before. Layers that were trained and are
 * frozen now belong to the trainable ones. Undefined where the network cannot be split so.
 */
function resumableSplit(
  deps: TrainFullDeps,
  saved: NetworkWeights,
  isWhole: boolean,
): FrozenSplit | undefined {
  const { network } = deps;
  const from = startOf(deps);
  const split = frozenSplitFrom(deps, from);
  const isPristine = split !== undefined && !weightSpecs(split.frozen).some(({ key }) => saved.has(key));
  if (isPristine) return split;
  const lowest = weightSpecs(network).find(({ key }) => saved.has(key))?.layer;
  const hasRisen =
    from !== null && lowest !== undefined && isTrainableFrom(network, lowest)(firstTrainable(network, from));
  return hasRisen && !isWhole ? frozenSplitFrom(deps, lowest) : undefined;
}

const startOf = ({ savings, decision }: TrainFullDeps): string | null =>
  savings.unfreezeFrom ?? decision.resolved.unfreezeFrom;

function frozenSplitFrom(deps: TrainFullDeps, from: string | null): FrozenSplit | undefined {
  const { network, splits, savings, decision } = deps;
  return splitFrozen(network, {
    from,
    pictures: { train: splits.train.length, validation: splits.validation.length },
    epochs: decision.stages.get('full')?.epochs ?? 1,
    isAugmented: changesPictures(decision.resolved.augmentation),
    bytesPerValue: savings.halfPrecision ? 2 : 4,
  });
}

/** Trains on the pictures that are not held out. @param split where frozen layers end; undefined where all are trained. */
async function trainFrom(
  given: TrainFullDeps,
  { splits, weights, groups }: HoldOut,
  split: FrozenSplit | undefined,
): Promise<StageResult> {
  const deps = { ...given, splits: { ...given.splits, ...splits } };
  const { augmentation } = deps.decision.resolved;
  const validation = groups === undefined ? {} : { validationGroups: groups };
  if (split === undefined)
    return withSplitPictures(deps, { augmentation, seed: deps.seed }, (pictures) =>
      runStage(deps, { ...settingsOf(deps, deps.network), ...pictures, ...validation, weights }),
    );
  const { frozen, trainable, shape, views } = split;
  const examples = await openCachedExamples(deps, {
    backbone: toOnnxBackbone(frozen, weights),
    shape,
    views: { count: views - 1, augmentation },
  });
  try {
    const { train, validation: held } = examples;
    const trained = await runStage(deps, {
      ...settingsOf(deps, trainable),
      train,
      validation: held,
      ...validation,
      weights,
    });
    return { ...trained, weights: new Map([...weights, ...trained.weights]) };
  } finally {
    examples.close();
  }
}

/** The settings of the stage. @param trained the network, or the layers of it that are trained. */
function settingsOf(deps: TrainFullDeps, trained: Network) {
  const { network, job, decision } = deps;
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
    interpolatesWithFirst: true,
    mixes: true,
    refits: true,
  } as const;
}
