// Output shapes of a network's layers, from the description alone (Keras 3's arithmetic). Shapes of weights are in weight-specs.ts.

import { FoveaError } from '../../errors/errors.ts';
import type { Layer, Padding, Pair } from './layer.ts';
import { outputLayerOf } from './layer-links.ts';
import type { Network } from './network.ts';

/** A shape without the batch: `[height, width, channels]` or `[features]`; null where the size is open. */
export type Shape = readonly (number | null)[];

/**
 * Size of the last axis: channels or features, which is never open.
 * @throws {FoveaError} `network-invalid` where the size is open or there is no axis.
 */
export function lastAxis(shape: Shape): number {
  const last = shape.at(-1);
  if (last === undefined || last === null) {
    throw new FoveaError('network-invalid', `The shape ${formatShape(shape)} has no known last axis.`);
  }
  return last;
}

/** Writes a shape for messages, e.g. `[?, ?, 3]`. */
export const formatShape = (shape: Shape): string => `[${shape.map((n) => n ?? '?').join(', ')}]`;

/** Output size of a window that slides over `size`: ceil(size / stride) for `same`, only whole windows for `valid`. */
function windowOutput(size: number | null, window: number, stride: number, padding: Padding): number | null {
  if (size === null) return null;
  return padding === 'same' ? Math.ceil(size / stride) : Math.floor((size - window) / stride) + 1;
}

/** Zeros before and after that TensorFlow's `same` adds along one axis; the odd one goes after. */
export function samePadding(size: number, window: number, stride: number): Pair {
  const total = Math.max((Math.ceil(size / stride) - 1) * stride + window - size, 0);
  const before = Math.floor(total / 2);
  return [before, total - before];
}

function broadcast(layer: Layer, shapes: readonly Shape[]): Shape {
  const rank = shapes[0]?.length ?? 0;
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = shapes.map((shape) => (shape.length === rank ? shape[axis] : undefined));
    const large = sizes.filter((size) => size !== 1);
    if (sizes.includes(undefined) || new Set(large).size > 1) {
      throw invalid(layer, `cannot broadcast ${shapes.map(formatShape).join(' and ')}`);
    }
    return large[0] ?? (large.length > 0 ? null : 1);
  });
}

function concatenate(layer: Layer, shapes: readonly Shape[]): Shape {
  const first = shapes[0] ?? [];
  const spatial = JSON.stringify(first.slice(0, -1));
  if (shapes.some((shape) => JSON.stringify(shape.slice(0, -1)) !== spatial)) {
    throw invalid(layer, `cannot concatenate ${shapes.map(formatShape).join(' and ')} along the channels`);
  }
  return [...first.slice(0, -1), shapes.reduce((sum, shape) => sum + lastAxis(shape), 0)];
}

/** Number of values of a shape; null where an axis is open. */
export const sizeOf = (shape: Shape): number | null =>
  shape.reduce<number | null>((product, n) => (product === null || n === null ? null : product * n), 1);

/**
 * Number of values of a shape that must be closed.
 * @throws {FoveaError} `network-invalid` where an axis is open.
 */
export function closedSizeOf(shape: Shape): number {
  const size = sizeOf(shape);
  if (size === null) {
    throw new FoveaError(
      'network-invalid',
      `The shape ${formatShape(shape)} is open. Build the network for an input of known height and width.`,
    );
  }
  return size;
}

function closedSize(layer: Layer, shape: Shape): number {
  const size = sizeOf(shape);
  if (size === null) throw invalid(layer, `needs a closed input shape, and got ${formatShape(shape)}`);
  return size;
}

const invalid = (layer: Layer, problem: string) =>
  new FoveaError('network-invalid', `Layer "${layer.name}" (${layer.type}) ${problem}.`);

/**
 * Output shape of one layer, from the shapes of the layers that it reads.
 *
 * @throws {FoveaError} `input-too-small`, `network-invalid`.
 */
export function layerShape(layer: Layer, inputs: readonly Shape[]): Shape {
  const shape = rawLayerShape(layer, inputs);
  if (shape.some((n) => n !== null && n < 1)) {
    throw new FoveaError(
      'input-too-small',
      `Layer "${layer.name}" (${layer.type}) has no output for ${inputs.map(formatShape).join(', ')}: it would be ` +
        `${formatShape(shape)}. Use a larger input.`,
      { details: { layer: layer.name, inputShapes: inputs } },
    );
  }
  return shape;
}

function rawLayerShape(layer: Layer, inputs: readonly Shape[]): Shape {
  const [shape = []] = inputs;
  const spatial = (window: Pair, strides: Pair, padding: Padding, channels: number): Shape => {
    if (shape.length !== 3)
      throw invalid(layer, `needs [height, width, channels], and got ${formatShape(shape)}`);
    return [
      windowOutput(shape[0] ?? null, window[0], strides[0], padding),
      windowOutput(shape[1] ?? null, window[1], strides[1], padding),
      channels,
    ];
  };
  switch (layer.type) {
    case 'input':
      return layer.shape;
    case 'conv2d':
    case 'separable_conv2d':
      return spatial(layer.kernelSize, layer.strides, layer.padding, layer.filters);
    case 'depthwise_conv2d':
      return spatial(layer.kernelSize, layer.strides, layer.padding, lastAxis(shape));
    case 'max_pooling2d':
    case 'average_pooling2d':
      return spatial(layer.poolSize, layer.strides, layer.padding, lastAxis(shape));
    case 'global_average_pooling2d':
      return layer.keepDims ? [1, 1, lastAxis(shape)] : [lastAxis(shape)];
    case 'zero_padding2d': {
      const [[top, bottom], [left, right]] = layer.padding;
      const [height = null, width = null] = shape;
      return [
        height === null ? null : height + top + bottom,
        width === null ? null : width + left + right,
        lastAxis(shape),
      ];
    }
    case 'dense':
      return [...shape.slice(0, -1), layer.units];
    case 'add':
    case 'multiply':
      return broadcast(layer, inputs);
    case 'concatenate':
      return concatenate(layer, inputs);
    case 'flatten':
      return [closedSize(layer, shape)];
    case 'reshape':
      if (closedSize(layer, shape) !== closedSize(layer, layer.targetShape)) {
        throw invalid(layer, `cannot reshape ${formatShape(shape)} to ${formatShape(layer.targetShape)}`);
      }
      return layer.targetShape;
    case 'batch_normalization':
    case 'layer_normalization':
    case 'layer_scale':
    case 'local_response_normalization':
    case 'activation':
    case 'dropout':
    case 'rescaling':
    case 'normalization':
      return shape;
  }
}

/**
 * Output shape of every layer, by layer name, in the network's order.
 *
 * @throws {FoveaError} `input-too-small` where a layer would have an output without pixels, `network-invalid` where
 * shapes do not fit together or a layer reads one that is not before it.
 */
export function layerShapes(network: Network): ReadonlyMap<string, Shape> {
  const shapes = new Map<string, Shape>();
  for (const layer of network.layers) {
    const inputs = layer.inputs.map((input) => {
      const shape = shapes.get(input);
      if (shape === undefined) throw invalid(layer, `reads "${input}", which does not come before it`);
      return shape;
    });
    shapes.set(layer.name, layerShape(layer, inputs));
  }
  return shapes;
}

/**
 * Output shape of one layer, from the shapes of all layers.
 * @throws {FoveaError} `network-invalid` where there is no such layer.
 */
export function shapeOf(shapes: ReadonlyMap<string, Shape>, layer: string): Shape {
  const shape = shapes.get(layer);
  if (shape === undefined)
    throw new FoveaError('network-invalid', `There is no layer "${layer}" in the network.`);
  return shape;
}

/**
 * Shape of the network's output, without the batch.
 * @throws {FoveaError} as {@link layerShapes}.
 */
export const outputShape = (network: Network): Shape => shapeOf(layerShapes(network), outputLayerOf(network));
