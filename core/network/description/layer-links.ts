// The names by which the layers of a network are linked: what a layer reads, and which layer is the output. Knows no layer type.

import { FoveaError } from '../../errors/errors.ts';
import type { Layer } from './layer.ts';
import type { Network } from './network.ts';

/**
 * Name of the first layer that a layer reads; for most layers it is the only one.
 * @throws {FoveaError} `network-invalid` for a layer that reads none, as the input does.
 */
export function inputOf({ name, type, inputs }: Layer): string {
  const [input] = inputs;
  if (input === undefined)
    throw new FoveaError('network-invalid', `Layer "${name}" (${type}) reads no layer, and needs one.`);
  return input;
}

/**
 * Name of the layer whose output is the network's output: the last one.
 * @throws {FoveaError} `network-invalid` for a network without layers.
 */
export function outputLayerOf({ name, layers }: Network): string {
  const last = layers.at(-1);
  if (last === undefined) throw new FoveaError('network-invalid', `Network "${name}" has no layers.`);
  return last.name;
}
