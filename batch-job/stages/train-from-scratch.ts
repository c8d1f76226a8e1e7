// Training of every layer from random weights, for architectures that have no pretrained ones.

import { initializeWeights } from '../../core/network/weights/initialize.ts';
import { type TrainingContext, trainingPictures, validationPictures } from '../training-context.ts';
import { type Trained, trainNetwork } from './run-stage.ts';

/** With the weights of the whole network. */
export const trainFromScratch = (context: TrainingContext): Promise<Trained> =>
  trainNetwork(context, {
    stage: 'scratch',
    network: context.network,
    weights: initializeWeights(context.network, context.job.seed),
    train: trainingPictures(context),
    validation: validationPictures(context),
    mixes: true,
  });
