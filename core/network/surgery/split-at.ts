// Splits a network in two at a layer, so that the layers below run once for each picture, and those above are trained alone.

import { FoveaError } from '../../errors/errors.ts';
import { present } from '../../present.ts';
import type { Layer } from '../description/layer.ts';
import { outputLayerOf } from '../description/layer-links.ts';
import type { Network } from '../description/network.ts';
import { formatShape, layerShapes, type Shape, shapeOf, sizeOf } from '../description/shapes.ts';

/** A network split in two, its backbone and its head. Together they have exactly its weights, under the same keys. */
export interface SplitNetwork {
  /** The layers up to the feature layer, which is its output. */
  readonly backbone: Network;
  /**
   * The layers above, on an input named `features` of the feature layer's shape. A vector comes as `[1, 1, features]`;
   * where the layers above read `[features]`, a layer `features_flat` comes between.
   */
  readonly head: Network;
  /** `[height, width, channels]` of {@link head}'s input. */
  readonly shape: readonly [number, number, number];
}

const HEAD_INPUT = 'features';
const HEAD_FLATTEN = 'features_flat';

/**
 * The sub-network that the given layer needs, with that layer as its output.
 *
 * @throws {FoveaError} `layer-unknown`.
 */
export function cutAfter(network: Network, layerName: string): Network {
  const needed = new Set([layerName]);
  const found = network.layers.some((layer) => layer.name === layerName);
  if (!found) {
    throw new FoveaError(
      'layer-unknown',
      `Network "${network.name}" has no layer "${layerName}". Its last layers are ` +
        `${network.layers
          .slice(-5)
          .map((layer) => `"${layer.name}"`)
          .join(', ')}.`,
      { param: layerName },
    );
  }
  for (const layer of network.layers.toReversed()) {
    if (needed.has(layer.name)) for (const input of layer.inputs) needed.add(input);
  }
  const last = network.layers.findIndex((layer) => layer.name === layerName);
  return {
    name: network.name,
    layers: network.layers.slice(0, last + 1).filter((layer) => needed.has(layer.name)),
  };
}

/**
 * Splits a network at its feature layer.
 *
 * @throws {FoveaError} `layer-unknown`, or `network-not-splittable` where the layers above read past the feature layer or
 * its output's size is open.
 */
export function splitAt(network: Network, featureLayer: string): SplitNetwork {
  const backbone = cutAfter(network, featureLayer);
  const output = shapeOf(layerShapes(network), featureLayer);
  const shape = toInputShape(output);
  if (shape === undefined) {
    throw new FoveaError(
      'network-not-splittable',
      `Network "${network.name}" cannot be split at "${featureLayer}": its output ${formatShape(output)} has an open size.`,
      { param: featureLayer },
    );
  }
  const below = new Set(backbone.layers.map((layer) => layer.name));
  const needed = cutAfter(network, outputLayerOf(network));
  const above = needed.layers.filter((layer) => !below.has(layer.name));
  const vector = output.length === 1;
  const replacement = vector ? HEAD_FLATTEN : HEAD_INPUT;
  const headLayers = above.map((layer) => ({
    ...layer,
    inputs: layer.inputs.map((input) => {
      if (below.has(input) && input !== featureLayer) {
        throw new FoveaError(
          'network-not-splittable',
          `Network "${network.name}" cannot be split at "${featureLayer}": "${layer.name}" above it reads "${input}" below it.`,
          { param: featureLayer },
        );
      }
      return input === featureLayer ? replacement : input;
    }),
  }));
  const start: readonly Layer[] = [
    { type: 'input', name: HEAD_INPUT, inputs: [], shape },
    ...(vector ? [{ type: 'flatten', name: HEAD_FLATTEN, inputs: [HEAD_INPUT] } as const] : []),
  ];
  const head = { name: `${network.name}_head`, layers: [...start, ...headLayers] };
  return { backbone, head, shape };
}

function toInputShape(shape: Shape): SplitNetwork['shape'] | undefined {
  if (sizeOf(shape) === null) return undefined;
  const [height = 1, width = 1, channels = 1] = (shape.length === 1 ? [1, 1, ...shape] : shape) as number[];
  return [height, width, channels];
}

/**
 * The layer through which the layers from `first` on read all layers below them: there the network can be split.
 * Undefined where they read several layers, as inside a residual block, or the picture itself.
 */
export function cutLayerBelow({ layers }: Network, first: string): string | undefined {
  const start = layers.findIndex((layer) => layer.name === first);
  const below = new Map(layers.slice(0, Math.max(0, start)).map((layer) => [layer.name, layer]));
  const read = new Set(
    layers.slice(start).flatMap((layer) => layer.inputs.filter((name) => below.has(name))),
  );
  const [cut] = read;
  return cut !== undefined && read.size === 1 && below.get(cut)?.type !== 'input' ? cut : undefined;
}

/**
 * The first layer of a network's last stage, which makes its smallest feature map and works on it. The stage begins
 * where few values pass between layers: at most twice the fewest since the map before was made. Undefined where no
 * map is made smaller.
 */
export function lastStage(network: Network): string | undefined {
  const { layers } = network;
  const shapes = layerShapes(network);
  const mapArea = (layer: string) => {
    const shape = shapeOf(shapes, layer);
    return shape.length === 3 ? (shape[0] ?? 0) * (shape[1] ?? 0) : 0;
  };
  // Padding is taken away again without a stage's beginning.
  const shrinks = layers.flatMap(({ name, inputs }, index) =>
    mapArea(name) > 1 && inputs.some((input) => mapArea(input) >= 2 * mapArea(name)) ? [index] : [],
  );
  const areaAt = (index: number) => mapArea(present(layers[index], `a layer ${index}`).name);
  const last = shrinks.at(-1);
  if (last === undefined) return undefined;
  const before = shrinks.findLast((index) => areaAt(index) > areaAt(last)) ?? 0;
  const starts = layers.slice(before + 1, last + 1).flatMap(({ name }) => {
    const cut = cutLayerBelow(network, name);
    return cut === undefined ? [] : [{ name, values: sizeOf(shapeOf(shapes, cut)) ?? 0 }];
  });
  const fewest = Math.min(...starts.map(({ values }) => values));
  return starts.findLast(({ values }) => values <= 2 * fewest)?.name;
}
