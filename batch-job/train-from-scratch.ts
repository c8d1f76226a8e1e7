// Training of every layer from random weights, for architectures that have no pretrained ones.

import type { NetworkWeights } from '../core/network/network.ts';
import { pictureExamples } from './pictures.ts';
import { trainNetwork } from './train-network.ts';
import { SCRATCH_RECIPE } from './training/recipe.ts';
import type { TrainingContext } from './training-context.ts';

/** The weights of the whole network. */
export async function trainFromScratch(context: TrainingContext): Promise<NetworkWeights> {
  const { store, reporter, architecture, network, input, splits } = context;
  await reporter.message(
    `${architecture.title} has no pretrained weights: every layer is trained from scratch.`,
  );
  return trainNetwork(context, 'scratch', network, SCRATCH_RECIPE, {
    train: pictureExamples(store, splits.train, input),
    validation: pictureExamples(store, splits.validation, input),
  });
}
