// Cutting a network in two at a layer, so that the part below can run once a picture and the part above train alone.

import { FoveaError } from '../errors.ts';
import type { Layer } from './layer.ts';
import type { Network } from './network.ts';
import { formatShape, lastAxis, layerShapes, shapeOf } from './shapes.ts';

/** Backbone and head of one network; together they have exactly its weights, under the same keys. */
export interface NetworkHalves {
  /** The network up to the feature layer, which is its output. */
  readonly backbone: Network;
  /**
   * The layers above, on an input `[1, 1, features]` named `features`. Where they read a vector, a layer
   * `features_flat` comes between.
   */
  readonly head: Network;
  /** Length of a feature vector. */
  readonly features: number;
}

const HEAD_INPUT = 'features';
const HEAD_FLATTEN = 'features_flat';

/**
 * The part of a network that the given layer needs, with that layer as its output.
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
 * Splits a network at its feature layer, whose output is `[features]` or `[1, 1, features]`.
 *
 * @throws {FoveaError} `layer-unknown`, or `network-not-splittable` where the features are a map or the layers above
 * read past the feature layer.
 */
export function splitAt(network: Network, featureLayer: string): NetworkHalves {
  const backbone = cutAfter(network, featureLayer);
  const shape = shapeOf(layerShapes(network), featureLayer);
  if (shape.slice(0, -1).some((n) => n !== 1)) {
    throw new FoveaError(
      'network-not-splittable',
      `Network "${network.name}" cannot be split at "${featureLayer}": its output ${formatShape(shape)} is no vector. ` +
        'Choose a layer with an output [features] or [1, 1, features].',
      { param: featureLayer },
    );
  }
  const below = new Set(backbone.layers.map((layer) => layer.name));
  const needed = cutAfter(network, network.layers.at(-1)?.name ?? '');
  const above = needed.layers.filter((layer) => !below.has(layer.name));
  const vector = shape.length === 1;
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
    { type: 'input', name: HEAD_INPUT, inputs: [], shape: [1, 1, lastAxis(shape)] },
    ...(vector ? [{ type: 'flatten', name: HEAD_FLATTEN, inputs: [HEAD_INPUT] } as const] : []),
  ];
  const head = { name: `${network.name}_head`, layers: [...start, ...headLayers] };
  return { backbone, head, features: lastAxis(shape) };
}
