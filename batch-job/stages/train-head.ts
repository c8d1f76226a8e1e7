// Stage one of transfer learning: the pretrained backbone stays frozen, its features are computed once, and a head is
// trained on them.

import { initializeWeights } from '../../core/network/weights/initialize.ts';
import { loadFrozen } from '../base/load-frozen.ts';
import { openFrozenExamples } from '../examples/frozen-examples.ts';
import type { TrainingContext } from '../training-context.ts';
import { type Trained, trainNetwork } from './run-stage.ts';

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
