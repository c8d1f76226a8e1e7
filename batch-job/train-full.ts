// Stage two of transfer learning: the pretrained layers learn too, all of them or those from a named one upward. What the
// ones below make of the pictures never changes then, and is computed once as in stage one.

import type { Network, NetworkWeights } from '../core/network/network.ts';
import { seamBelow, splitAt } from '../core/network/split-at.ts';
import { weightSpecs } from '../core/network/weight-specs.ts';
import { toOnnxBackbone } from './backbone-session.ts';
import { openFrozenExamples } from './frozen-examples.ts';
import { firstFrom, isFrom } from './is-from.ts';
import { loadFrozen } from './load-frozen.ts';
import { trainNetwork } from './train-network.ts';
import { changesPictures } from './training/augmentation/presets.ts';
import { layerRates } from './training/layer-rates.ts';
import { type TrainingContext, trainingPictures, validationPictures } from './training-context.ts';

/** Of every picture at most, itself included: epochs beyond see them again. */
const MOST_VIEWS = 8;
/** Of all that is kept of the frozen layers' output, on disk and in the store: 2 GiB. */
const KEPT_BYTES = 2 ** 31;

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

/** The network where its frozen part ends. */
interface Halves {
  readonly lower: Network;
  readonly upper: Network;
  /** `[height, width, channels]` of what one gives the other. */
  readonly shape: readonly [number, number, number];
  /** Views of each picture, itself included, that there is room for. */
  readonly views: number;
}

const startOf = ({ savings, decision }: TrainingContext) =>
  savings.unfreezeFrom ?? decision.resolved.unfreezeFrom;

/** Undefined where all layers learn, more than one output of the lower ones is needed above, or there is no room for it. */
function halvesOf(context: TrainingContext): Halves | undefined {
  const { network, splits, savings, decision } = context;
  const from = startOf(context);
  const seam = from === null ? undefined : seamBelow(network, firstFrom(network, from));
  if (seam === undefined) return undefined;
  const { backbone: lower, head: upper, shape } = splitAt(network, seam);
  const [height, width, channels] = shape;
  const bytes = height * width * channels * (savings.halfPrecision ? 2 : 4);
  const room = Math.floor((KEPT_BYTES / bytes - splits.validation.length) / splits.train.length);
  if (room < 1) return undefined;
  const epochs = decision.stages.get('full')?.epochs ?? 1;
  const isChanged = changesPictures(decision.resolved.augmentation);
  return { lower, upper, shape, views: isChanged ? Math.min(room, MOST_VIEWS, epochs) : 1 };
}

async function trainUpper(
  context: TrainingContext,
  weights: NetworkWeights,
  { lower, upper, shape, views }: Halves,
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
