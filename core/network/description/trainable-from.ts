// Which layers are trainable where everything below a named layer is frozen.

import { FoveaError } from '../../errors/errors.ts';
import type { Network } from './network.ts';

/**
 * Finds the first trainable layer by its name or by the name of its block.
 * @param name A layer's name, or the beginning of the names of a block's layers, e.g. `block_13`.
 * @throws {FoveaError} `layer-unknown`.
 */
export function firstTrainable(network: Network, name: string): string {
  const names = network.layers.map((layer) => layer.name);
  const first = names.includes(name) ? name : names.find((layer) => layer.startsWith(`${name}_`));
  if (first !== undefined) return first;
  throw new FoveaError(
    'layer-unknown',
    `Network "${network.name}" has no layer "${name}" and no block of that name to unfreeze from. Its layers are ` +
      `${names.slice(0, 3).join(', ')}, …, ${names.slice(-3).join(', ')}.`,
    { param: 'recipe.unfreeze_from' },
  );
}

/**
 * Tells of each layer whether it is the named one or comes after it.
 * @param name As in {@link firstTrainable}.
 * @throws {FoveaError} `layer-unknown`.
 */
export function isTrainableFrom(network: Network, name: string): (layer: string) => boolean {
  const first = firstTrainable(network, name);
  const start = network.layers.findIndex((layer) => layer.name === first);
  const learning = new Set(network.layers.slice(start).map((layer) => layer.name));
  return (layer) => learning.has(layer);
}
