// What a fold of the pictures has decided on a stage, as plain data: enough to train the same layers again on all pictures.

import type { NetworkWeights } from '../../core/network/description/network.ts';

/** The outcome of a stage that is kept, by the pictures that were held out. */
export interface Verdict {
  /** The share of the trained weights in those that are kept, see interpolate-weights.ts. */
  readonly share: number;
  readonly validationLoss: number | null;
  readonly validationAccuracy: number | null;
  /** What the network says of the pictures held out, `[pictures, classes]`. */
  readonly probabilities: Float32Array;
  /** The weights of its trained layers, interpolated: the model, should there be no time to train again. */
  readonly weights: NetworkWeights;
}
