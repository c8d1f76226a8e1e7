// How each layer class of Keras is written in a network description. What a description cannot say is refused by name.

import type { Activation, Pair } from '../description/layer.ts';
import type { LayerName, NetworkBuilder } from '../description/network-builder.ts';
import { shownName, type TopologyLayer, topologyUnsupported } from './topology.ts';

/** Appends a layer that reads `inputs`, and gives the name of its output. */
type Append = (n: NetworkBuilder, layer: LayerReader, inputs: readonly LayerName[]) => LayerName;

/** Activations whose arithmetic is the same in every version of Keras, by Keras's names. */
const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  linear: 'linear',
  relu: 'relu',
  relu6: 'relu6',
  sigmoid: 'sigmoid',
  tanh: 'tanh',
  softmax: 'softmax',
  swish: 'silu',
  silu: 'silu',
};

/** Reads the settings of one layer; a setting without an equivalent is refused by name. */
export interface LayerReader {
  readonly name: string;
  number(setting: string): number;
  flag(setting: string, fallback: boolean): boolean;
  pair(setting: string, fallback?: Pair): Pair;
  padding(): 'same' | 'valid';
  activation(): Activation;
  /** The value itself, for settings of other forms. */
  value(setting: string): unknown;
  /** Refuses the layer unless the setting has one of these values or is absent. */
  only(setting: string, ...allowed: readonly unknown[]): void;
  refuse(problem: string): never;
}

/** Reads the settings of a layer of untrusted JSON. */
export function layerReader({ className, name, config }: TopologyLayer): LayerReader {
  const refuse = (problem: string): never => {
    throw topologyUnsupported(`its layer ${shownName(name)} (${shownName(className)}) ${problem}.`, {
      layer: name.slice(0, 200),
      className: className.slice(0, 200),
    });
  };
  const show = (value: unknown) => String(JSON.stringify(value)).slice(0, 80);
  const pairOf = (value: unknown): Pair | undefined => {
    const [height, width] = Array.isArray(value) ? value : [value, value];
    return isCount(height) && isCount(width) ? [height, width] : undefined;
  };
  return {
    name,
    refuse,
    value: (setting) => config[setting],
    number(setting) {
      const value = config[setting];
      return typeof value === 'number' && Number.isFinite(value)
        ? value
        : refuse(`has ${setting} ${show(value)}, where a number is needed`);
    },
    flag(setting, fallback) {
      const value = config[setting] ?? fallback;
      return typeof value === 'boolean' ? value : refuse(`has ${setting} ${show(value)}, not true or false`);
    },
    pair(setting, fallback) {
      const value = config[setting] ?? fallback;
      return pairOf(value) ?? refuse(`has ${setting} ${show(value)}, where one or two sizes are needed`);
    },
    padding() {
      const value = config['padding'] ?? 'valid';
      return value === 'same' || value === 'valid' ? value : refuse(`has padding ${show(value)}`);
    },
    activation() {
      const value = config['activation'] ?? 'linear';
      const known = typeof value === 'string' ? ACTIVATIONS[value] : undefined;
      return known ?? refuse(`has the activation ${show(value)}`);
    },
    only(setting, ...allowed) {
      const value = config[setting];
      const isAllowed = [undefined, null, ...allowed].some(
        (one) => JSON.stringify(one) === JSON.stringify(value),
      );
      if (!isAllowed)
        refuse(
          `has ${setting} ${show(value)}; only ${allowed.map((one) => JSON.stringify(one)).join(' or ')} can be imported`,
        );
    },
  };
}

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value > 0;

const first = (layer: LayerReader, inputs: readonly LayerName[]): LayerName =>
  inputs.length === 1 ? (inputs[0] as LayerName) : layer.refuse(`reads ${inputs.length} layers, not one`);

/** A layer that does nothing but in training. */
const passOn: Append = (_, layer, inputs) => first(layer, inputs);

function convolution(layer: LayerReader) {
  layer.only('data_format', 'channels_last');
  layer.only('dilation_rate', 1, [1, 1]);
  return {
    name: layer.name,
    kernelSize: layer.pair('kernel_size'),
    strides: layer.pair('strides', [1, 1]),
    padding: layer.padding(),
    useBias: layer.flag('use_bias', true),
    activation: layer.activation(),
  };
}

function pooling(layer: LayerReader) {
  layer.only('data_format', 'channels_last');
  const poolSize = layer.pair('pool_size', [2, 2]);
  return { name: layer.name, poolSize, strides: layer.pair('strides', poolSize), padding: layer.padding() };
}

function zeroPadding(layer: LayerReader): readonly [Pair, Pair] {
  layer.only('data_format', 'channels_last');
  const value = layer.value('padding') ?? 1;
  const [rows, columns] = Array.isArray(value) ? value : [value, value];
  const sides = [rows, columns].map((side) => (Array.isArray(side) ? side : [side, side]));
  const isPadding = sides.flat().every((size) => Number.isInteger(size) && size >= 0 && size < 1000);
  if (!isPadding || sides.some((side) => side.length !== 2)) layer.refuse('has a padding of another form');
  return sides as unknown as readonly [Pair, Pair];
}

/** Refuses an axis that is not the last one, which Keras names by -1 or by its place. */
function onlyLastAxis(n: NetworkBuilder, layer: LayerReader, inputs: readonly LayerName[]): void {
  const rank = n.shape(inputs[0] ?? layer.refuse('reads no layer')).length;
  layer.only('axis', -1, rank, [rank], [-1]);
}

/** The layers that can be imported, by Keras's class names. */
export const KERAS_LAYERS: Readonly<Record<string, Append>> = {
  Conv2D: (n, layer, inputs) =>
    n.conv2d(first(layer, inputs), {
      ...convolution(layer),
      filters: layer.number('filters'),
      groups: layer.value('groups') === undefined ? 1 : layer.number('groups'),
    }),
  DepthwiseConv2D(n, layer, inputs) {
    layer.only('depth_multiplier', 1);
    return n.depthwiseConv2d(first(layer, inputs), convolution(layer));
  },
  SeparableConv2D(n, layer, inputs) {
    layer.only('depth_multiplier', 1);
    return n.separableConv2d(first(layer, inputs), {
      ...convolution(layer),
      filters: layer.number('filters'),
    });
  },
  Dense: (n, layer, inputs) =>
    n.dense(first(layer, inputs), {
      name: layer.name,
      units: layer.number('units'),
      useBias: layer.flag('use_bias', true),
      activation: layer.activation(),
    }),
  BatchNormalization(n, layer, inputs) {
    onlyLastAxis(n, layer, inputs);
    layer.only('center', true);
    return n.batchNormalization(first(layer, inputs), {
      name: layer.name,
      epsilon: layer.number('epsilon'),
      momentum: layer.number('momentum'),
      scale: layer.flag('scale', true),
    });
  },
  LayerNormalization(n, layer, inputs) {
    onlyLastAxis(n, layer, inputs);
    layer.only('center', true);
    layer.only('scale', true);
    return n.layerNormalization(first(layer, inputs), { name: layer.name, epsilon: layer.number('epsilon') });
  },
  Activation: (n, layer, inputs) =>
    n.activation(first(layer, inputs), { name: layer.name, activation: layer.activation() }),
  Softmax(n, layer, inputs) {
    layer.only('axis', -1);
    return n.activation(first(layer, inputs), { name: layer.name, activation: 'softmax' });
  },
  ReLU(n, layer, inputs) {
    layer.only('max_value', 6);
    layer.only('negative_slope', 0);
    layer.only('threshold', 0);
    return n.relu(first(layer, inputs), {
      name: layer.name,
      ...(layer.value('max_value') === 6 ? { maxValue: 6 } : {}),
    });
  },
  MaxPooling2D: (n, layer, inputs) => n.maxPooling2d(first(layer, inputs), pooling(layer)),
  AveragePooling2D: (n, layer, inputs) => n.averagePooling2d(first(layer, inputs), pooling(layer)),
  GlobalAveragePooling2D(n, layer, inputs) {
    layer.only('data_format', 'channels_last');
    return n.globalAveragePooling2d(first(layer, inputs), {
      name: layer.name,
      keepDims: layer.flag('keepdims', false),
    });
  },
  ZeroPadding2D: (n, layer, inputs) =>
    n.zeroPadding2d(first(layer, inputs), { name: layer.name, padding: zeroPadding(layer) }),
  Add: (n, layer, inputs) => n.add(inputs, { name: layer.name }),
  Multiply: (n, layer, inputs) => n.multiply(inputs, { name: layer.name }),
  Concatenate(n, layer, inputs) {
    onlyLastAxis(n, layer, inputs);
    return n.concatenate(inputs, { name: layer.name });
  },
  Flatten(n, layer, inputs) {
    layer.only('data_format', 'channels_last');
    return n.flatten(first(layer, inputs), { name: layer.name });
  },
  Reshape(n, layer, inputs) {
    const shape = layer.value('target_shape');
    if (!Array.isArray(shape) || !shape.every(isCount)) layer.refuse('has an open target_shape');
    return n.reshape(first(layer, inputs), { name: layer.name, targetShape: shape as number[] });
  },
  Rescaling: (n, layer, inputs) =>
    n.rescaling(first(layer, inputs), {
      name: layer.name,
      scale: layer.number('scale'),
      offset: layer.value('offset') === undefined ? 0 : layer.number('offset'),
    }),
  Dropout: passOn,
  SpatialDropout2D: passOn,
  GaussianDropout: passOn,
  GaussianNoise: passOn,
  RandomFlip: passOn,
  RandomRotation: passOn,
  RandomZoom: passOn,
  RandomContrast: passOn,
  RandomTranslation: passOn,
};
