// Weights for tests that do not train: every value random, so that no bias or scale can go wrong unseen.

import type { Network, NetworkWeights } from '../../core/network/description/network.ts';
import { weightSpecs } from '../../core/network/description/weight-specs.ts';
import { deriveSeed, uniformAt } from '../../core/random.ts';

/** Values in [-0.5, 0.5); variances in [0.5, 1.5). */
export function randomWeights(network: Network, seed: number): NetworkWeights {
  return new Map(
    weightSpecs(network).map(({ key, name, size }, index) => {
      const stream = deriveSeed(seed, index);
      const offset = name.endsWith('variance') ? 0.5 : -0.5;
      return [key, Float32Array.from({ length: size }, (_, i) => uniformAt(stream, i) + offset)];
    }),
  );
}

/** Values in [-2, 2). */
export function randomValues(size: number, seed: number): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => 4 * uniformAt(seed, i) - 2);
}
