// How many of a machine's devices share the batches of a network.

import type { LayerType } from '../../../core/network/description/layer.ts';
import type { Network } from '../../../core/network/description/network.ts';
import type { TrainerOptions } from './engine.ts';
import { microBatchSizeOf } from './training-programs.ts';

/** Layers that take less time than it takes to send another device what they read. */
const LIGHT_LAYERS: ReadonlySet<LayerType> = new Set([
  'input',
  'activation',
  'dense',
  'dropout',
  'flatten',
  'global_average_pooling2d',
  'reshape',
]);

/** Most devices, of so many, that divide a number of samples. */
function dividing(devices: number, samples: number): number {
  let towers = Math.max(1, devices);
  while (samples % towers !== 0) towers--;
  return towers;
}

const isLight = ({ layers }: Network): boolean => layers.every(({ type }) => LIGHT_LAYERS.has(type));

/**
 * The options with as many towers as devices divide a batch; one for a head alone, and as many as the options say.
 *
 * @param devices How many the machine has.
 */
export function withTowers<
  T extends Pick<TrainerOptions, 'network' | 'batchSize' | 'microBatchSize' | 'fixedBatches' | 'towers'>,
>(options: T, devices: number): T {
  if (options.towers !== undefined || devices < 2 || isLight(options.network)) return options;
  return { ...options, towers: dividing(devices, microBatchSizeOf(options)) };
}
