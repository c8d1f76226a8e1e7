// Turns a classifier into a network for pictures of any size: dense layers become convolutions, and the answer becomes a map.
// The weights stay the same, under the same keys.

import { FoveaError } from '../../errors/errors.ts';
import type {
  Conv2dLayer,
  DenseLayer,
  GlobalAveragePooling2dLayer,
  Layer,
  Pair,
} from '../description/layer.ts';
import { inputOf, outputLayerOf } from '../description/layer-links.ts';
import type { Network } from '../description/network.ts';
import { formatShape, layerShapes, type Shape, shapeOf } from '../description/shapes.ts';

const ONE_PIXEL: Pair = [1, 1];

const isVector = (shape: Shape): boolean => shape.slice(0, -1).every((n) => n === 1);

/** Height and width of a map of known size; a vector is one pixel. */
const sizeOfMap = (shape: Shape): Pair => (shape.length === 3 ? [shape[0] ?? 1, shape[1] ?? 1] : ONE_PIXEL);

/** The layers on top that see a picture as one vector: from the last one down to the layer that makes the vector. */
function findTop(network: Network, shapes: ReadonlyMap<string, Shape>): ReadonlySet<string> {
  const byName = new Map(network.layers.map((layer) => [layer.name, layer]));
  const top = new Set<string>();
  let layer = network.layers.at(-1);
  while (layer !== undefined && layer.inputs.length === 1 && isVector(shapeOf(shapes, layer.name))) {
    top.add(layer.name);
    layer = byName.get(inputOf(layer));
  }
  return top;
}

/**
 * A dense layer on a flattened map is a convolution whose window is the whole map: the kernel `[height * width * channels,
 * units]` is, value for value, `[height, width, channels, units]`.
 */
function denseAsConvolution(
  { name, inputs, units, useBias, activation }: DenseLayer,
  kernelSize: Pair,
): Conv2dLayer {
  const window = { kernelSize, strides: ONE_PIXEL, padding: 'valid', groups: 1 } as const;
  return { type: 'conv2d', name, inputs, filters: units, ...window, useBias, activation };
}

/** The mean of the whole map becomes the mean of every window of the map's size. */
function poolingOfWindows({ name, inputs }: GlobalAveragePooling2dLayer, poolSize: Pair): Layer {
  return { type: 'average_pooling2d', name, inputs, poolSize, strides: ONE_PIXEL, padding: 'valid' };
}

/** What a layer on top becomes; nothing for layers that only change the shape. */
function convert(layer: Layer, input: Shape, flattened: Pair): Layer | undefined {
  switch (layer.type) {
    case 'dense':
      return denseAsConvolution(layer, flattened);
    case 'global_average_pooling2d':
      return poolingOfWindows(layer, sizeOfMap(input));
    case 'flatten':
    case 'reshape':
      return undefined;
    // These compute the same at every position, or for the whole map.
    case 'input':
    case 'conv2d':
    case 'depthwise_conv2d':
    case 'separable_conv2d':
    case 'batch_normalization':
    case 'layer_normalization':
    case 'layer_scale':
    case 'local_response_normalization':
    case 'activation':
    case 'max_pooling2d':
    case 'average_pooling2d':
    case 'zero_padding2d':
    case 'add':
    case 'multiply':
    case 'concatenate':
    case 'dropout':
    case 'rescaling':
    case 'normalization':
      return layer;
  }
}

/**
 * Makes the network take pictures of any size from its input size on. The output `[batch, rows, columns, classes]` has an answer
 * for every window of the input size; at the input size it is 1×1 and equals the classifier's (Sermanet et al. 2013, OverFeat;
 * Long, Shelhamer, Darrell 2014). Neighboring windows are as many pixels apart as the product of the network's strides, and
 * softmax is taken in each window on its own.
 *
 * Squeeze-and-excitation still averages over the whole picture. Explicit padding stays as it was for the input size.
 *
 * @throws {FoveaError} `network-not-convertible` where the classifier is no chain of layers on top of a map.
 */
export function toFullyConvolutional(network: Network): Network {
  const shapes = layerShapes(network);
  const top = findTop(network, shapes);
  if (top.size === 0) {
    const last = outputLayerOf(network);
    throw new FoveaError(
      'network-not-convertible',
      `Network "${network.name}" cannot be made fully convolutional: its last layer "${last}" gives ` +
        `${formatShape(shapeOf(shapes, last))}, and must give one vector, made from one layer.`,
    );
  }
  /** Layers that have no place in the result, to the layer that is read in their place. */
  const replaced = new Map<string, string>();
  /** Sizes of maps that reach a dense layer flattened, by the layer that passes them on. */
  const flattened = new Map<string, Pair>();
  const layers: Layer[] = [];
  for (const layer of network.layers) {
    if (layer.type === 'input') {
      layers.push({ ...layer, shape: [null, null, layer.shape[2]] });
      continue;
    }
    const read = inputOf(layer);
    const input = shapeOf(shapes, read);
    const inputs = layer.inputs.map((name) => replaced.get(name) ?? name);
    const size = flattened.get(read);
    const converted = top.has(layer.name) ? convert(layer, input, size ?? ONE_PIXEL) : layer;
    if (converted === undefined) {
      replaced.set(layer.name, replaced.get(read) ?? read);
      flattened.set(layer.name, size ?? sizeOfMap(input));
    } else {
      layers.push({ ...converted, inputs });
      if (size !== undefined && layer.type === 'dropout') flattened.set(layer.name, size);
    }
  }
  return { name: `${network.name}_fully_convolutional`, layers };
}
