// Stage two of transfer learning: the pretrained layers learn too, all of them or those from a named one upward. What the
// ones below make of the pictures never changes then, and is computed once as in stage one.

import { type FrozenHalves, frozenHalves } from '../core/job/full-stage.ts';
import { isFrom } from '../core/network/is-from.ts';
import type { Network, NetworkWeights } from '../core/network/network.ts';
import { weightSpecs } from '../core/network/weight-specs.ts';
import { toOnnxBackbone } from './backbone-session.ts';
import { openFrozenExamples } from './frozen-examples.ts';
import { loadFrozen } from './load-frozen.ts';
import { trainNetwork } from './train-network.ts';
import { changesPictures } from './training/augmentation/presets.ts';
import { layerRates } from './training/layer-rates.ts';
import { type TrainingContext, trainingPictures, validationPictures } from './training-context.ts';

/**
 * The weights of the whole network.
 * @param weights What stage one made.
 */
export function trainFull(context: TrainingContext, weights: NetworkWeights): Promise<NetworkWeights> {
  const halves = halvesOf(context);
  return halves === undefined ? trainWhole(context, weights) : trainUpper(context, weights, halves);
}

/**
 * Goes on where a checkpoint of this stage leaves off.
 * @param saved Its weights: those of the layers that were in training, frozen ones among them or not.
 */
export async function resumeFull(context: TrainingContext, saved: NetworkWeights): Promise<NetworkWeights> {
  const { network } = context;
  const keys = (of: Network) => weightSpecs(of).map(({ key }) => key);
  const isWhole = keys(network).every((key) => saved.has(key));
  const weights = isWhole ? saved : new Map([...(await loadFrozen(context)).weights, ...saved]);
  const halves = halvesOf(context);
  // Another cut, because memory has run out since: the lower layers may have learned, so they are not as stage one left them.
  const isSameCut =
    halves !== undefined &&
    !keys(halves.lower).some((key) => saved.has(key)) &&
    keys(halves.upper).every((key) => saved.has(key));
  return isSameCut ? trainUpper(context, weights, halves) : trainWhole(context, weights);
}

const startOf = ({ savings, decision }: TrainingContext) =>
  savings.unfreezeFrom ?? decision.resolved.unfreezeFrom;

function halvesOf(context: TrainingContext): FrozenHalves | undefined {
  const { network, splits, savings, decision } = context;
  return frozenHalves(network, {
    from: startOf(context),
    pictures: { train: splits.train.length, validation: splits.validation.length },
    epochs: decision.stages.get('full')?.epochs ?? 1,
    isAugmented: changesPictures(decision.resolved.augmentation),
    bytesPerValue: savings.halfPrecision ? 2 : 4,
  });
}

async function trainUpper(
  context: TrainingContext,
  weights: NetworkWeights,
  { lower, upper, shape, views }: FrozenHalves,
): Promise<NetworkWeights> {
  const examples = await openFrozenExamples(context, {
    backbone: toOnnxBackbone(lower, weights),
    shape,
    views: { count: views - 1, augmentation: context.decision.resolved.augmentation },
  });
  try {
    const trained = await trainNetwork(context, {
      ...examples,
      ...settingsOf(context, upper, () => true),
      weights,
    });
    return new Map([...weights, ...trained]);
  } finally {
    examples.close();
  }
}

function trainWhole(context: TrainingContext, weights: NetworkWeights): Promise<NetworkWeights> {
  const { network } = context;
  const from = startOf(context);
  return trainNetwork(context, {
    ...settingsOf(context, network, from === null ? () => true : isFrom(network, from)),
    weights,
    train: trainingPictures(context),
    validation: validationPictures(context),
  });
}

function settingsOf(
  { job, decision }: TrainingContext,
  network: Network,
  trainable: (layer: string) => boolean,
) {
  const firstLayerRate = decision.stages.get('full')?.firstLayerRate ?? 1;
  return {
    stage: 'full',
    network,
    trainer: {
      batchNormalization: job.recipe.batch_normalization,
      trainable,
      ...(firstLayerRate === 1 ? {} : { rateFactor: layerRates(network, firstLayerRate, trainable) }),
    },
    blendsWithFirst: true,
    mixes: true,
  } as const;
}
