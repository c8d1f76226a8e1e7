// Reads pictures of a dataset as examples: from the store, decoded by the one path of core/image, augmented where they are
// for training, and kept in memory as far as they fit. Knows nothing of networks.

import type { DatasetItem } from '../../core/dataset/inspect-dataset.ts';
import { decodeForInput, inputLength, toNetworkInput } from '../../core/image/decode-to-input.ts';
import type { ModelInput } from '../../core/image/model-input.ts';
import { type Augmentation, changesPictures } from '../../core/job/recipe/recipe.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import { toViewInputs } from '../augmentation/device-views.ts';
import { drawView, type View } from '../augmentation/draw-view.ts';
import { renderView } from '../augmentation/render-view.ts';
import type { ExampleSource, PixelExamples } from './example-source.ts';
import { createPictureReader, type KeptPictures } from './picture-reader.ts';
import { type OnUnreadable, replaceUnreadable } from './replace-unreadable.ts';

/** Bytes of pictures that stay in memory, so that later epochs read no storage and, where pixels are wanted, decode nothing. */
const KEPT_BYTES = 256 * 2 ** 20;
/** Views are cut out of a picture that is larger by this factor, so that crops lose less of its detail. */
const VIEW_MARGIN = 1.15;
/** Length of the hash prefix, in hexadecimal digits, that seeds the random numbers of a picture's views. */
const HASH_DIGITS = 8;

/**
 * What views are cut out of, in the form of an input: the picture as the network sees it, but larger, and without the cut of the
 * contract, so that views reach the edges that it cuts off, and have the sizes of objects that it has.
 */
function toViewSource({ crop = 1, ...input }: ModelInput): ModelInput {
  const margin = VIEW_MARGIN / crop;
  return {
    ...input,
    height: Math.round(input.height * margin),
    width: Math.round(input.width * margin),
  };
}

/** How pictures are augmented, kept in memory, and replaced where they became unreadable. */
export interface PictureOptions {
  /** Augmentation of the pictures of an epoch (see {@link ExampleSource.atEpoch}); without an epoch they are not augmented. */
  readonly augmentation?: Augmentation;
  /** Seed of the augmentation; default: 0. */
  readonly seed?: number;
  /** Where pictures are kept for later epochs; default: 256 MiB in memory. */
  readonly kept?: KeptPictures;
  /**
   * Called once for each picture that could be read when the dataset was inspected and cannot be now; another picture of its
   * class replaces it. Without this function, such a picture is an error.
   */
  readonly onUnreadable?: OnUnreadable;
}

/** The pictures of `items`, as the network's input. */
export function pictureExamples(
  store: ObjectStore,
  items: readonly DatasetItem[],
  input: ModelInput,
  { augmentation, seed = 0, kept = { memoryBytes: KEPT_BYTES }, onUnreadable }: PictureOptions = {},
): ExampleSource {
  const shape = [input.height, input.width, input.channels] as const;
  const size = inputLength(input);
  const reader = createPictureReader(store, kept);
  const withReadable = replaceUnreadable(items, onUnreadable);
  const large = toViewSource(input);
  /** Draws the views of an epoch; undefined where pictures are not augmented. */
  const viewsAt = (epoch: number | undefined): ((item: DatasetItem) => View) | undefined =>
    epoch !== undefined && augmentation !== undefined && changesPictures(augmentation)
      ? ({ contentHash }) =>
          drawView(augmentation, seed, epoch, Number.parseInt(contentHash.slice(0, HASH_DIGITS), 16))
      : undefined;

  async function write(
    item: DatasetItem,
    epoch: number | undefined,
    target: Float32Array,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const bytes = await reader.encoded(item, signal);
    const viewOf = viewsAt(epoch);
    const picture =
      viewOf === undefined
        ? await decodeForInput(bytes, input)
        : renderView(await decodeForInput(bytes, large), viewOf(item), input);
    toNetworkInput(picture, input, target);
  }

  const pixelsAt = (epoch: number | undefined): PixelExamples => {
    const viewOf = viewsAt(epoch);
    const from = viewOf === undefined ? input : large;
    const bytesEach = inputLength(from);
    return {
      shape: [from.height, from.width, from.channels],
      async fill(indices, pixels, signal) {
        const views: View[] = [];
        await Promise.all(
          Array.from(indices, (index, position) =>
            withReadable(index, async (item) => {
              const target = pixels.subarray(position * bytesEach, (position + 1) * bytesEach);
              await reader.decode(item, from, target, signal);
              if (viewOf !== undefined) views[position] = viewOf(item);
            }),
          ),
        );
        return viewOf === undefined ? new Map() : toViewInputs(views, from, input);
      },
    };
  };

  const sourceAt = (epoch: number | undefined): ExampleSource => ({
    shape,
    labels: Int32Array.from(items, (item) => item.classIndex),
    async fill(indices, images, signal) {
      await Promise.all(
        Array.from(indices, (index, position) =>
          withReadable(index, (item) =>
            write(item, epoch, images.subarray(position * size, (position + 1) * size), signal),
          ),
        ),
      );
    },
    pixels: pixelsAt(epoch),
  });
  return { ...sourceAt(undefined), atEpoch: sourceAt, close: () => reader.close() };
}
