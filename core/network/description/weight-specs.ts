// Which weights a network has: names, shapes and counts, in Keras's order within a layer. Knows no values.

import type { Layer } from './layer.ts';
import type { Network } from './network.ts';
import { lastAxis, layerShapes, type Shape, shapeOf } from './shapes.ts';

/** How Keras initializes a weight; `glorot_uniform` is its default for every kernel. */
export type Initializer =
  | { readonly type: 'glorot_uniform' }
  | { readonly type: 'constant'; readonly value: number }
  | { readonly type: 'values'; readonly values: readonly number[] };

/** Name, shape and role of one weight tensor. */
export interface WeightSpec {
  /** Keras 3's name within the layer, e.g. `kernel`. */
  readonly name: string;
  /** `<layer>/<name>`, as in {@link NetworkWeights}. */
  readonly key: string;
  readonly layer: string;
  readonly shape: readonly number[];
  /** Number of values. */
  readonly size: number;
  /** Whether training by gradient changes it; moving statistics are not trainable. */
  readonly trainable: boolean;
  readonly initializer: Initializer;
}

const GLOROT: Initializer = { type: 'glorot_uniform' };
const ZEROS: Initializer = { type: 'constant', value: 0 };
const ONES: Initializer = { type: 'constant', value: 1 };

type Row = readonly [name: string, shape: readonly number[], initializer: Initializer, trainable?: false];

function rows(layer: Layer, input: Shape): readonly Row[] {
  const bias = (size: number): readonly Row[] => [['bias', [size], ZEROS]];
  switch (layer.type) {
    case 'conv2d':
      return [
        ['kernel', [...layer.kernelSize, lastAxis(input) / layer.groups, layer.filters], GLOROT],
        ...(layer.useBias ? bias(layer.filters) : []),
      ];
    case 'depthwise_conv2d':
      return [
        ['kernel', [...layer.kernelSize, lastAxis(input), 1], GLOROT],
        ...(layer.useBias ? bias(lastAxis(input)) : []),
      ];
    case 'separable_conv2d':
      return [
        ['depthwise_kernel', [...layer.kernelSize, lastAxis(input), 1], GLOROT],
        ['pointwise_kernel', [1, 1, lastAxis(input), layer.filters], GLOROT],
        ...(layer.useBias ? bias(layer.filters) : []),
      ];
    case 'dense':
      return [
        ['kernel', [lastAxis(input), layer.units], GLOROT],
        ...(layer.useBias ? bias(layer.units) : []),
      ];
    case 'batch_normalization': {
      const shape = [lastAxis(input)];
      return [
        ...(layer.scale ? ([['gamma', shape, ONES]] as const) : []),
        ['beta', shape, ZEROS],
        ['moving_mean', shape, ZEROS, false],
        ['moving_variance', shape, ONES, false],
      ];
    }
    case 'layer_normalization':
      return [
        ['gamma', [lastAxis(input)], ONES],
        ['beta', [lastAxis(input)], ZEROS],
      ];
    case 'layer_scale':
      return [['gamma', [lastAxis(input)], { type: 'constant', value: layer.initialValue }]];
    case 'normalization': {
      if (!layer.weights) return [];
      const shape = [lastAxis(input)];
      return [
        ['mean', shape, { type: 'values', values: layer.mean }, false],
        ['variance', shape, { type: 'values', values: layer.variance }, false],
        ['count', [], ZEROS, false],
      ];
    }
    default:
      return [];
  }
}

/**
 * All weights of a network, layer by layer, in Keras's order within a layer.
 *
 * @throws {FoveaError} as {@link layerShapes}.
 */
export function weightSpecs(network: Network): readonly WeightSpec[] {
  const shapes = layerShapes(network);
  return network.layers.flatMap((layer) => {
    const [input] = layer.inputs;
    // The input layer reads nothing, and has no weights.
    const inputShape = input === undefined ? [] : shapeOf(shapes, input);
    return rows(layer, inputShape).map(([name, shape, initializer, trainable = true]) => ({
      name,
      key: `${layer.name}/${name}`,
      layer: layer.name,
      shape,
      size: shape.reduce((product, n) => product * n, 1),
      trainable,
      initializer,
    }));
  });
}

/** Numbers of single parameters, as Keras's `summary()` counts them. */
export interface ParameterCount {
  readonly total: number;
  readonly trainable: number;
}

/** Adds up the sizes of weights: all of them, and the trainable ones. */
export function countParameters(specs: readonly WeightSpec[]): ParameterCount {
  const sum = (list: readonly WeightSpec[]) => list.reduce((total, spec) => total + spec.size, 0);
  return { total: sum(specs), trainable: sum(specs.filter((spec) => spec.trainable)) };
}
