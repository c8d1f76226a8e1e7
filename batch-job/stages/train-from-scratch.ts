// The only stage of an architecture without pretrained weights: every layer is trained from random weights.

import type { Network } from '../../core/network/description/network.ts';
import { initializeWeights } from '../../core/network/weights/initialize.ts';
import { type SplitPicturesDeps, withSplitPictures } from '../examples/split-pictures.ts';
import { runStage, type StageDeps, type Trained } from './run-stage.ts';

/** What training from scratch needs. */
export type TrainFromScratchDeps = StageDeps & SplitPicturesDeps & { readonly network: Network };

/** Trains every layer of the network, and gives the weights of all of them. */
export const trainFromScratch = (deps: TrainFromScratchDeps): Promise<Trained> =>
  withSplitPictures(
    deps,
    { augmentation: deps.decision.resolved.augmentation, seed: deps.seed },
    (pictures) =>
      runStage(deps, {
        ...pictures,
        stage: 'scratch',
        network: deps.network,
        weights: initializeWeights(deps.network, deps.seed),
        mixes: true,
      }),
  );
