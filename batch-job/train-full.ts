// Stage two of transfer learning: the pretrained layers learn too, all of them or those from a named one upward.

import type { NetworkWeights } from '../core/network/network.ts';
import { isFrom } from './is-from.ts';
import { trainNetwork } from './train-network.ts';
import { layerRates } from './training/layer-rates.ts';
import { type TrainingContext, trainingPictures, validationPictures } from './training-context.ts';

/**
 * The weights of the whole network.
 * @param weights What stage one made, or what a checkpoint of this stage holds.
 */
export function trainFull(context: TrainingContext, weights: NetworkWeights): Promise<NetworkWeights> {
  const { network, job, savings, decision } = context;
  const { batch_normalization: batchNormalization } = job.recipe;
  const from = savings.unfreezeFrom ?? job.recipe.unfreeze_from;
  const learns = from === null ? undefined : isFrom(network, from);
  const firstLayerRate = decision.stages.get('full')?.firstLayerRate ?? 1;
  return trainNetwork(context, {
    stage: 'full',
    network,
    weights,
    train: trainingPictures(context),
    validation: validationPictures(context),
    trainer: {
      batchNormalization,
      ...(learns === undefined ? {} : { trainable: learns }),
      ...(firstLayerRate === 1 ? {} : { rateFactor: layerRates(network, firstLayerRate, learns) }),
    },
    blendsWithFirst: true,
    mixes: true,
  });
}
