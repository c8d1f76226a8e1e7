// Finds out whether a head is a linear classifier, so that it can be solved instead of trained.

import type { Layer } from '../description/layer.ts';
import type { Network } from '../description/network.ts';
import { weightSpecs } from '../description/weight-specs.ts';

/** A head that is a linear classifier with softmax. */
export interface LinearHead {
  /** Keys of its weights: the kernel has the values of a matrix `[features, classes]`. */
  readonly kernel: string;
  readonly bias: string;
  /** Epsilon of a layer normalization before it, whose own weights stay as they begin; undefined where there is none. */
  readonly normalization: number | undefined;
}

/** Layers that change no value of one feature vector while a model serves, and those that compute the probabilities. */
const PASSING = new Set<Layer['type']>([
  'input',
  'flatten',
  'reshape',
  'dropout',
  'activation',
  'dense',
  'conv2d',
]);

/** Describes a head made by splitAt; undefined where it is not linear, e.g. has a hidden layer, or its input is not a vector. */
export function toLinearHead(head: Network): LinearHead | undefined {
  const [input] = head.layers;
  if (input?.type !== 'input' || input.shape[0] !== 1 || input.shape[1] !== 1) return undefined;
  const others = head.layers.filter(({ type }) => !PASSING.has(type));
  const [normalization, ...more] = others;
  if (more.length > 0) return undefined;
  if (normalization !== undefined && normalization.type !== 'layer_normalization') return undefined;
  const kernels = weightSpecs(head).filter(({ name }) => name === 'kernel');
  const [kernel] = kernels;
  const bias = weightSpecs(head).find(({ key }) => key === `${kernel?.layer}/bias`);
  if (kernel === undefined || kernels.length > 1 || bias === undefined) return undefined;
  if (!endsInSoftmaxAlone(head.layers)) return undefined;
  return { kernel: kernel.key, bias: bias.key, normalization: normalization?.epsilon };
}

/** Whether softmax is the only function behind the linear layer. */
function endsInSoftmaxAlone(layers: readonly Layer[]): boolean {
  const functions = layers
    .flatMap((layer) => ('activation' in layer ? [layer.activation] : []))
    .filter((name) => name !== 'linear');
  return functions.length === 1 && functions[0] === 'softmax';
}
