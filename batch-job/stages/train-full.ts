// Stage two of transfer learning: the pretrained layers learn too, all of them or those from a named one upward. What the
// ones below make of the pictures never changes then, and is computed once as in stage one.

import { type FrozenSplit, splitFrozen } from '../../core/job/recipe/full-stage.ts';
import { changesPictures } from '../../core/job/recipe/recipe.ts';
import type { Network, NetworkWeights } from '../../core/network/description/network.ts';
import { firstTrainable, isTrainableFrom } from '../../core/network/description/trainable-from.ts';
import { weightSpecs } from '../../core/network/description/weight-specs.ts';
import { toOnnxBackbone } from '../base/backbone-session.ts';
import { loadFrozen } from '../base/load-frozen.ts';
import { openFrozenExamples } from '../examples/frozen-examples.ts';
import type { FitState } from '../training/fit-state.ts';
import { layerRates } from '../training/layer-rates.ts';
import { type TrainingContext, trainingPictures, validationPictures } from '../training-context.ts';
import { type Trained, trainNetwork } from './run-stage.ts';

/**
 * With the weights of the whole network.
 * @param weights What stage one made.
 */
export function trainFull(context: TrainingContext, weights: NetworkWeights): Promise<Trained> {
  const split = frozenSplitFrom(context, startOf(context));
  return split === undefined ? trainWhole(context, weights) : trainOnFrozen(context, weights, split);
}

/**
 * Goes on where a checkpoint of this stage leaves off, also where other layers learn than before, because memory has run
 * out since or a larger machine has taken over.
 * @param state What it knows. Its variables are of the layers that were in training, frozen ones among them or not.
 */
export async function resumeFull(context: TrainingContext, state: FitState): Promise<Trained> {
  const { network } = context;
  const saved = state.trainer.variables;
  const keys = weightSpecs(network).map(({ key }) => key);
  const isWhole = keys.every((key) => saved.has(key));
  const pristine: NetworkWeights = isWhole ? new Map() : (await loadFrozen(context)).weights;
  const first = state.first?.weights ?? saved;
  const weights = new Map(keys.map((key) => [key, (first.get(key) ?? pristine.get(key)) as Float32Array]));
  const split = resumableSplit(context, saved, isWhole);
  return split === undefined ? trainWhole(context, weights) : trainOnFrozen(context, weights, split);
}

/**
 * Splits the network so that its frozen layers have the weights that the stage before left. Layers that were trained and are
 * frozen now belong to the trainable ones. Undefined where the network cannot be split so.
 */
function resumableSplit(
  context: TrainingContext,
  saved: NetworkWeights,
  isWhole: boolean,
): FrozenSplit | undefined {
  const { network } = context;
  const from = startOf(context);
  const split = frozenSplitFrom(context, from);
  const isPristine = split !== undefined && !weightSpecs(split.frozen).some(({ key }) => saved.has(key));
  if (isPristine) return split;
  const lowest = weightSpecs(network).find(({ key }) => saved.has(key))?.layer;
  const hasRisen =
    from !== null && lowest !== undefined && isTrainableFrom(network, lowest)(firstTrainable(network, from));
  return hasRisen && !isWhole ? frozenSplitFrom(context, lowest) : undefined;
}

const startOf = ({ savings, decision }: TrainingContext): string | null =>
  savings.unfreezeFrom ?? decision.resolved.unfreezeFrom;

function frozenSplitFrom(context: TrainingContext, from: string | null): FrozenSplit | undefined {
  const { network, splits, savings, decision } = context;
  return splitFrozen(network, {
    from,
    pictures: { train: splits.train.length, validation: splits.validation.length },
    epochs: decision.stages.get('full')?.epochs ?? 1,
    isAugmented: changesPictures(decision.resolved.augmentation),
    bytesPerValue: savings.halfPrecision ? 2 : 4,
  });
}

async function trainOnFrozen(
  context: TrainingContext,
  weights: NetworkWeights,
  { frozen, trainable, shape, views }: FrozenSplit,
): Promise<Trained> {
  const examples = await openFrozenExamples(context, {
    backbone: toOnnxBackbone(frozen, weights),
    shape,
    views: { count: views - 1, augmentation: context.decision.resolved.augmentation },
  });
  try {
    const trained = await trainNetwork(context, { ...examples, ...settingsOf(context, trainable), weights });
    return { ...trained, weights: new Map([...weights, ...trained.weights]) };
  } finally {
    examples.close();
  }
}

const trainWhole = (context: TrainingContext, weights: NetworkWeights): Promise<Trained> =>
  trainNetwork(context, {
    ...settingsOf(context, context.network),
    weights,
    train: trainingPictures(context),
    validation: validationPictures(context),
  });

/** @param part Of the network, in training. */
function settingsOf(context: TrainingContext, part: Network) {
  const { network, job, decision } = context;
  const firstLayerRate = decision.stages.get('full')?.firstLayerRate ?? 1;
  const from = startOf(context);
  const trainable = from === null ? () => true : isTrainableFrom(network, from);
  return {
    stage: 'full',
    network: part,
    trainer: {
      batchNormalization: job.recipe.batch_normalization,
      trainable,
      ...(firstLayerRate === 1 ? {} : { rateFactor: layerRates(part, firstLayerRate, trainable) }),
    },
    blendsWithFirst: true,
    mixes: true,
    refits: true,
  } as const;
}
