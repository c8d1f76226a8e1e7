// Keras's defaults and automatic names, used while a network is written down. Knows no architecture.

import type { Pair } from './layer.ts';

/** A spatial setting as Keras takes it: one number for both directions, or `[height, width]`. */
export type PairLike = number | Pair;

/** Gives one number for both directions as `[height, width]`. */
export const toPair = (value: PairLike): Pair => (typeof value === 'number' ? [value, value] : value);

/** Keras's names for layers that nobody named: the class in snake case, numbered from the second on. */
export const AUTOMATIC_NAMES = [
  'input_layer',
  'conv2d',
  'depthwise_conv2d',
  'separable_conv2d',
  'dense',
  'batch_normalization',
  'layer_normalization',
  'layer_scale',
  'local_response_normalization',
  'activation',
  're_lu',
  'max_pooling2d',
  'average_pooling2d',
  'global_average_pooling2d',
  'zero_padding2d',
  'add',
  'multiply',
  'concatenate',
  'flatten',
  'reshape',
  'dropout',
  'rescaling',
  'normalization',
] as const;
/** One of {@link AUTOMATIC_NAMES}. */
export type AutomaticName = (typeof AUTOMATIC_NAMES)[number];

/** Takes apart a name that Keras gave by itself: `conv2d_3` is number 3 of `conv2d`. Undefined for any other name. */
export function parseAutomaticName(
  name: string,
): { readonly prefix: AutomaticName; readonly number: number } | undefined {
  const match = /^(.*?)(?:_(\d+))?$/.exec(name);
  const prefix = AUTOMATIC_NAMES.find((candidate) => candidate === match?.[1]);
  return prefix === undefined ? undefined : { prefix, number: Number(match?.[2] ?? 0) };
}

/** Gives out automatic names as a fresh Keras session does. The counts start from 0 with each call. */
export function createNameCounter(): (prefix: AutomaticName) => string {
  const used = new Map<AutomaticName, number>();
  return (prefix) => {
    const count = used.get(prefix) ?? 0;
    used.set(prefix, count + 1);
    return count === 0 ? prefix : `${prefix}_${count}`;
  };
}
