// Initializes the weights of a network from a seed, with Keras's default initializers. Which weights there are is said in
// weight-specs.ts.

import { deriveSeed, uniformAt } from '../../random.ts';
import type { Network, NetworkWeights } from '../description/network.ts';
import { type WeightSpec, weightSpecs } from '../description/weight-specs.ts';

/** Every weight has a stream of its own, by its key. */
const streamOf = (seed: number, key: string): number =>
  deriveSeed(seed, ...Array.from(key, (char) => char.codePointAt(0) ?? 0));

/** Keras's fans: receptive field times the last two axes; a matrix has its two axes. */
function fans(shape: readonly number[]): { readonly fanIn: number; readonly fanOut: number } {
  const receptive = shape.slice(0, -2).reduce((product, n) => product * n, 1);
  return { fanIn: (shape.at(-2) ?? 1) * receptive, fanOut: (shape.at(-1) ?? 1) * receptive };
}

function initialValues(spec: WeightSpec, seed: number): Float32Array {
  const { initializer } = spec;
  switch (initializer.type) {
    case 'constant':
      return new Float32Array(spec.size).fill(initializer.value);
    case 'values':
      return Float32Array.from(initializer.values);
    case 'glorot_uniform': {
      const { fanIn, fanOut } = fans(spec.shape);
      const limit = Math.sqrt(6 / (fanIn + fanOut));
      const stream = streamOf(seed, spec.key);
      const values = new Float32Array(spec.size);
      for (let i = 0; i < values.length; i++) values[i] = (2 * uniformAt(stream, i) - 1) * limit;
      return values;
    }
  }
}

/**
 * Makes the weights that training from scratch starts with: Glorot uniform kernels (Glorot and Bengio 2010), zero biases, unit
 * scales.
 *
 * The values of a weight depend on the seed, its key and its shape alone: the head of a network starts the same
 * whether it is built on its own or on top of its backbone.
 *
 * @param seed Any 32-bit integer.
 */
export function initializeWeights(network: Network, seed: number): NetworkWeights {
  return new Map(weightSpecs(network).map((spec) => [spec.key, initialValues(spec, seed)]));
}
