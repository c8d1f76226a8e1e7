// Discriminative learning rates (Howard and Ruder 2018): lower layers, whose features are more general, learn more slowly.

import type { Network } from '../../core/network/description/network.ts';
import { weightSpecs } from '../../core/network/description/weight-specs.ts';

/**
 * The factor on each layer's learning rate: `first` for the first layer that learns, 1 for the last, and in between a
 * constant ratio from layer to layer.
 *
 * @param first The factor of the first layer that learns, in (0, 1].
 * @param learns Which layers are trainable; by default all that have trainable weights.
 */
export function layerRates(
  network: Network,
  first: number,
  learns: (layer: string) => boolean = () => true,
): (layer: string) => number {
  const trainable = weightSpecs(network).filter((spec) => spec.trainable && learns(spec.layer));
  const layers = [...new Set(trainable.map(({ layer }) => layer))];
  const steps = Math.max(1, layers.length - 1);
  const rates = new Map(layers.map((layer, index) => [layer, first ** ((steps - index) / steps)]));
  return (layer) => rates.get(layer) ?? 1;
}

/**
 * The factor of the first layer that learns, where the whole network's first layer would have the factor `first`: a layer's factor does
 * not depend on what is frozen below it.
 */
export function firstRateOf(network: Network, first: number, learns: (layer: string) => boolean): number {
  const layers = [
    ...new Set(weightSpecs(network).flatMap(({ trainable, layer }) => (trainable ? [layer] : []))),
  ];
  const above = layers.length - layers.findIndex(learns);
  return first ** ((above - 1) / Math.max(1, layers.length - 1));
}
