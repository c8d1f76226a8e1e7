// Which layers the second stage of transfer learning trains, and which stay frozen: for the trainer, and for an estimate. Knows no
// weights and no pictures.

import type { Network } from '../../network/description/network.ts';
import { firstTrainable } from '../../network/description/trainable-from.ts';
import { cutLayerBelow, lastStage, splitAt } from '../../network/surgery/split-at.ts';
import type { Recipe } from './recipe.ts';

/** Augmented views of each picture, itself included, whose activations are cached at most; later epochs see them again. */
const MOST_VIEWS = 8;
/** Size of all cached activations at most, on disk and in the store: 2 GiB. */
const KEPT_BYTES = 2 ** 31;

/**
 * The first trainable layer, or its block, see {@link firstTrainable}; null where all layers are trainable.
 * @param isGpu Whether a GPU trains.
 */
export function fullStageStart(
  { unfreeze_from: asked, preset }: Pick<Recipe, 'unfreeze_from' | 'preset'>,
  network: Network,
  isGpu: boolean,
): string | null {
  if (asked !== 'auto') return asked;
  return isGpu || preset === 'course' ? null : (lastStage(network) ?? null);
}

/** A network split where its frozen layers end. Their output for a picture never changes, so it is computed once and cached. */
export interface FrozenSplit {
  readonly frozen: Network;
  readonly trainable: Network;
  /** Shape `[height, width, channels]` of the cached activations, the output of `frozen` and the input of `trainable`. */
  readonly shape: readonly [number, number, number];
  /** Number of views of each picture, itself included, whose activations fit the cache. */
  readonly views: number;
}

/** What decides where a network is split, and whether the cache holds enough. */
export interface FrozenSplitOptions {
  /** The result of {@link fullStageStart}. */
  readonly from: string | null;
  /** Number of pictures of each split. */
  readonly pictures: { readonly train: number; readonly validation: number };
  readonly epochs: number;
  /** Whether each epoch sees other views of the pictures. */
  readonly isAugmented: boolean;
  /** Bytes of a cached value: 4, or 2 in half precision. */
  readonly bytesPerValue: number;
}

/**
 * Splits a network into its frozen and its trainable layers.
 * @returns undefined where all layers are trainable, where the trainable ones read more than one output of the frozen ones, or where
 *   the cache cannot hold one view of each picture.
 * @throws {FoveaError} `layer-unknown`.
 */
export function splitFrozen(
  network: Network,
  { from, pictures: { train, validation }, epochs, isAugmented, bytesPerValue }: FrozenSplitOptions,
): FrozenSplit | undefined {
  const cut = from === null ? undefined : cutLayerBelow(network, firstTrainable(network, from));
  if (cut === undefined) return undefined;
  const { backbone: frozen, head: trainable, shape } = splitAt(network, cut);
  const [height, width, channels] = shape;
  const fitting = Math.floor((KEPT_BYTES / (height * width * channels * bytesPerValue) - validation) / train);
  if (fitting < 1) return undefined;
  return { frozen, trainable, shape, views: isAugmented ? Math.min(fitting, MOST_VIEWS, epochs) : 1 };
}
