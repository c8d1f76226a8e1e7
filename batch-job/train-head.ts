// Stage one of transfer learning: the pretrained backbone stays frozen, its features are computed once, and a head is
// trained on them.

import { initializeWeights } from '../core/network/initialize.ts';
import { openFrozenExamples } from './frozen-examples.ts';
import { loadFrozen } from './load-frozen.ts';
import { type Trained, trainNetwork } from './train-network.ts';
import type { TrainingContext } from './training-context.ts';

/** With the weights of all layers that the trainer knows: the backbone's as they came, and the trained head's. */
export async function trainHead(context: TrainingContext): Promise<Trained> {
  const { job, decision } = context;
  const { backbone, weights, head } = await loadFrozen(context);
  const examples = await openFrozenExamples(context, {
    backbone,
    shape: [1, 1, backbone.features],
    views: { count: decision.resolved.featureViews, augmentation: decision.viewAugmentation },
  });
  try {
    const trained = await trainNetwork(context, {
      ...examples,
      stage: 'head',
      network: head,
      weights: initializeWeights(head, job.seed),
    });
    return { ...trained, weights: new Map([...weights, ...trained.weights]) };
  } finally {
    examples.close();
  }
}
