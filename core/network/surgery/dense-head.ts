// The classifier on top of a backbone whose layers are not known, only the length of its feature vectors.

import type { Network } from '../description/network.ts';

/**
 * The layer's name in Keras Applications. Initial weights depend on the name, so the head starts with the same
 * weights as a Keras head.
 */
export const DENSE_HEAD_LAYER = 'predictions';

/** A head of one dense layer with softmax, on an input `[1, 1, features]` like the heads that splitAt makes. */
export const denseHead = (name: string, features: number, classes: number): Network => ({
  name,
  layers: [
    { type: 'input', name: 'features', inputs: [], shape: [1, 1, features] },
    { type: 'flatten', name: 'features_flat', inputs: ['features'] },
    {
      type: 'dense',
      name: DENSE_HEAD_LAYER,
      inputs: ['features_flat'],
      units: classes,
      useBias: true,
      activation: 'softmax',
    },
  ],
});
