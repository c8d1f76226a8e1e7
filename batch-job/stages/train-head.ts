// Stage one of transfer learning: the pretrained backbone stays frozen, its features are computed once, and a head is
// trained on them in epochs, or solved.

import { initializeWeights } from '../../core/network/weights/initialize.ts';
import { loadFrozen } from '../base/load-frozen.ts';
import type { Decision } from '../decide/decide-recipe.ts';
import { openCachedExamples } from '../examples/cached-examples.ts';
import { runStage, type Trained } from './run-stage.ts';
import { type HeadDeps, trainExactHead } from './train-exact-head.ts';

/** What training a head needs. */
export type TrainHeadDeps = HeadDeps & { readonly decision: Pick<Decision, 'exactHead'> };

/** Trains the head, and gives the weights of all layers that the trainer knows; those of the backbone are unchanged. */
export function trainHead(deps: TrainHeadDeps): Promise<Trained> {
  const { exactHead } = deps.decision;
  return exactHead === undefined ? trainInEpochs(deps) : trainExactHead(deps, exactHead);
}

async function trainInEpochs(deps: HeadDeps): Promise<Trained> {
  const { seed, decision } = deps;
  const { backbone, weights, head } = await loadFrozen(deps);
  const examples = await openCachedExamples(deps, {
    backbone,
    shape: [1, 1, backbone.features],
    views: { count: decision.resolved.featureViews, augmentation: decision.viewAugmentation },
  });
  try {
    const { train, validation } = examples;
    const trained = await runStage(deps, {
      train,
      validation,
      stage: 'head',
      network: head,
      weights: initializeWeights(head, seed),
    });
    return { ...trained, weights: new Map([...weights, ...trained.weights]) };
  } finally {
    examples.close();
  }
}
