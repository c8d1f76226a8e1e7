// Stage one of transfer learning: the pretrained backbone stays frozen, its features are computed once, and a head is
// trained on them.

import { initializeWeights } from '../../core/network/weights/initialize.ts';
import { type LoadFrozenDeps, loadFrozen } from '../base/load-frozen.ts';
import type { Decision } from '../decide/decide-recipe.ts';
import { type CachedExamplesDeps, openCachedExamples } from '../examples/cached-examples.ts';
import { runStage, type StageDeps, type Trained } from './run-stage.ts';

/** What training a head needs. */
export type TrainHeadDeps = StageDeps &
  LoadFrozenDeps &
  CachedExamplesDeps & { readonly decision: Pick<Decision, 'viewAugmentation'> };

/** Trains the head, and gives the weights of all layers that the trainer knows; those of the backbone are unchanged. */
export async function trainHead(deps: TrainHeadDeps): Promise<Trained> {
  const { seed, decision } = deps;
  const { backbone, weights, head } = await loadFrozen(deps);
  const examples = await openCachedExamples(deps, {
    backbone,
    shape: [1, 1, backbone.features],
    views: { count: decision.resolved.featureViews, augmentation: decision.viewAugmentation },
  });
  try {
    const trained = await runStage(deps, {
      ...examples,
      stage: 'head',
      network: head,
      weights: initializeWeights(head, seed),
    });
    return { ...trained, weights: new Map([...weights, ...trained.weights]) };
  } finally {
    examples.close();
  }
}
