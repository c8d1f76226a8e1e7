// The classifier above a backbone of which nothing is known but the length of its feature vectors.

import type { Network } from '../description/network.ts';

/** Named as in Keras Applications, and so begun with the same weights as a head of theirs. */
export const DENSE_HEAD_LAYER = 'predictions';

/** One dense layer with softmax, on an input `[1, 1, features]`, as the heads of splitAt have it. */
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
