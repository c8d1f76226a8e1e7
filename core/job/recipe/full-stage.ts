// Where the second stage of transfer learning begins and what stays frozen below: what the trainer does, and what an
// estimate counts. Knows no weights and no pictures.

import { firstFrom } from '../../network/description/is-from.ts';
import type { Network } from '../../network/description/network.ts';
import { lastStage, seamBelow, splitAt } from '../../network/surgery/split-at.ts';
import type { Recipe } from './recipe.ts';

/** Of every picture at most, itself included: epochs beyond see them again. */
const MOST_VIEWS = 8;
/** Of all that is kept of the frozen layers' output, on disk and in the store: 2 GiB. */
const KEPT_BYTES = 2 ** 31;

/** The first layer that learns, or its block, see {@link firstFrom}; null where all do. */
export function fullStageStart(
  { unfreeze_from: asked, preset }: Pick<Recipe, 'unfreeze_from' | 'preset'>,
  network: Network,
): string | null {
  if (asked !== 'auto') return asked;
  return preset === 'course' ? null : (lastStage(network) ?? null);
}

/** A network where its frozen part ends. What the lower half makes of the pictures never changes, and is computed once. */
export interface FrozenHalves {
  readonly lower: Network;
  readonly upper: Network;
  /** `[height, width, channels]` of what one gives the other. */
  readonly shape: readonly [number, number, number];
  /** Views of each picture, itself included, that there is room for. */
  readonly views: number;
}

export interface FrozenHalvesOptions {
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
export function frozenHalves(
  network: Network,
  { from, pictures: { train, validation }, epochs, isAugmented, bytesPerValue }: FrozenHalvesOptions,
): FrozenHalves | undefined {
  const seam = from === null ? undefined : seamBelow(network, firstFrom(network, from));
  if (seam === undefined) return undefined;
  const { backbone: lower, head: upper, shape } = splitAt(network, seam);
  const [height, width, channels] = shape;
  const room = Math.floor((KEPT_BYTES / (height * width * channels * bytesPerValue) - validation) / train);
  if (room < 1) return undefined;
  return { lower, upper, shape, views: isAugmented ? Math.min(room, MOST_VIEWS, epochs) : 1 };
}
