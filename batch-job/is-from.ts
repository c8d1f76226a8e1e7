// Which layers learn where only those from a named one upward do.

import { FoveaError } from '../core/errors.ts';
import type { Network } from '../core/network/network.ts';

/**
 * Whether a layer is the named one or comes after it.
 * @param name A layer's name, or the beginning of the names of a block's layers, e.g. `block_13`.
 * @throws {FoveaError} `layer-unknown`.
 */
export function isFrom(network: Network, name: string): (layer: string) => boolean {
  const names = network.layers.map((layer) => layer.name);
  const exact = names.indexOf(name);
  const first = exact === -1 ? names.findIndex((layer) => layer.startsWith(`${name}_`)) : exact;
  if (first === -1) {
    throw new FoveaError(
      'layer-unknown',
      `Network "${network.name}" has no layer "${name}" and no block of that name to unfreeze from. Its layers are ` +
        `${names.slice(0, 3).join(', ')}, …, ${names.slice(-3).join(', ')}.`,
      { param: 'recipe.unfreeze_from' },
    );
  }
  const learning = new Set(names.slice(first));
  return (layer) => learning.has(layer);
}
