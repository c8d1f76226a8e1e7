// Where the second stage of transfer learning begins and what stays frozen below: what the trainer does, and what an
// estimate counts. Knows no weights and no pictures.

import type { Network } from '../../network/description/network.ts';
import { firstTrainable } from '../../network/description/trainable-from.ts';
import { cutLayerBelow, lastStage, splitAt } from '../../network/surgery/split-at.ts';
import type { Recipe } from './recipe.ts';

/** Of every picture at most, itself included: epochs beyond see them again. */
const MOST_VIEWS = 8;
/** Of all that is kept of the frozen layers' output, on disk and in the store: 2 GiB. */
const KEPT_BYTES = 2 ** 31;

/** The first layer that learns, or its block, see {@link firstTrainable}; null where all do. */
export function fullStageStart(
  { unfreeze_from: asked, preset }: Pick<Recipe, 'unfreeze_from' | 'preset'>,
  network: Network,
): string | null {
  if (asked !== 'auto') return asked;
  return preset === 'course' ? null : (lastStage(network) ?? null);
}

/** A network where its frozen part ends. What the lower half makes of the pictures never changes, and is computed once. */
export interface FrozenSplit {
  readonly frozen: Network;
  readonly trainable: Network;
  /** `[height, width, channels]` of what one gives the other. */
  readonly shape: readonly [number, number, number];
  /** Views of each picture, itself included, that there is room for. */
  readonly views: number;
}

export interface FrozenSplitOptions {
  /** As {@link fullStageStart} gives it. */
  readonly from: string | null;
  /** Pictures of each split. */
  readonly pictures: { readonly train: number; readonly validation: number };
  readonly epochs: number;
  /** Whether the pictures of an epoch are other views than those of the last. */
  readonly isAugmented: boolean;
  /** Of what is kept; 4, or 2 in half precision. */
  readonly bytesPerValue: number;
}

/**
 * Undefined where all layers learn, more than one output of the lower ones is needed above, or there is no room for it.
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
  const room = Math.floor((KEPT_BYTES / (height * width * channels * bytesPerValue) - validation) / train);
  if (room < 1) return undefined;
  return { frozen, trainable, shape, views: isAugmented ? Math.min(room, MOST_VIEWS, epochs) : 1 };
}
