// Pictures of a dataset as examples: read from the store, decoded by the one path of core/image, augmented where they are
// to train on, kept as bytes in memory as far as they fit. Knows nothing of networks.

import type { DatasetItem } from '../../core/dataset/inspect-dataset.ts';
import type { ErrorCode } from '../../core/errors/error-codes.ts';
import { FoveaError, isFoveaError } from '../../core/errors/errors.ts';
import { decodeForInput, inputLength, toNetworkInput } from '../../core/image/decode-to-input.ts';
import { IMAGE_ERROR_CODES } from '../../core/image/image-errors.ts';
import type { ModelInput } from '../../core/image/model-input.ts';
import { type Augmentation, changesPictures } from '../../core/job/recipe/recipe.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import { toViewInputs } from '../augmentation/device-views.ts';
import { drawView, type View } from '../augmentation/draw-view.ts';
import { renderView } from '../augmentation/render-view.ts';
import type { ExampleSource, PixelExamples } from './example-source.ts';

/** Of pictures in memory, so that later epochs need no storage and, where pixels are wanted, no decoding: 256 MiB. */
const KEPT_BYTES = 256 * 2 ** 20;
/** Views are cut out of a picture that is larger by this factor, so that crops lose less of its detail. */
const VIEW_MARGIN = 1.15;
/** Length of the hash prefix, in hexadecimal digits, that seeds the random numbers of a picture's views. */
const HASH_DIGITS = 8;

const UNREADABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([...IMAGE_ERROR_CODES, 'dataset-changed']);

export interface PictureOptions {
  /** What the pictures of an epoch (see {@link ExampleSource.atEpoch}) are changed by; the plain source changes nothing. */
  readonly augmentation?: Augmentation;
  /** Of the augmentation. */
  readonly seed?: number;
  /** Most bytes of pictures, encoded or decoded, that stay in memory; left out, 256 MiB. */
  readonly keptBytes?: number;
  /**
   * Told once of each picture that could be read when the dataset was inspected and cannot be now; another picture of
   * its class takes its place. Left out, such a picture is an error.
   */
  readonly onUnreadable?: (item: DatasetItem, error: FoveaError) => Promise<void>;
}

interface ByteCache {
  get(name: string): Uint8Array | undefined;
  /** Keeps the bytes where there is room for them; gives them back. */
  keep(name: string, bytes: Uint8Array): Uint8Array;
}

function createByteCache(limitBytes: number): ByteCache {
  const kept = new Map<string, Uint8Array>();
  let totalBytes = 0;
  return {
    get: (name) => kept.get(name),
    keep(name, bytes) {
      if (!kept.has(name) && totalBytes + bytes.byteLength <= limitBytes) {
        totalBytes += bytes.byteLength;
        kept.set(name, bytes);
      }
      return bytes;
    },
  };
}

/** The pictures of `items`, as the network's input. */
export function pictureExamples(
  store: ObjectStore,
  items: readonly DatasetItem[],
  input: ModelInput,
  { augmentation, seed = 0, keptBytes = KEPT_BYTES, onUnreadable }: PictureOptions = {},
): ExampleSource {
  const shape = [input.height, input.width, input.channels] as const;
  const size = inputLength(input);
  const cache = createByteCache(keptBytes);
  const unreadable = new Set<string>();

  async function fetchPicture(item: DatasetItem, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const object = await store.get(item.key, signal === undefined ? {} : { signal });
    if (object === undefined) {
      throw new FoveaError(
        'dataset-changed',
        `The picture "${item.key}" was deleted while the job was running.`,
        { param: item.key },
      );
    }
    return object.body;
  }

  async function read(item: DatasetItem, signal: AbortSignal | undefined): Promise<Uint8Array> {
    return cache.get(item.key) ?? cache.keep(item.key, await fetchPicture(item, signal));
  }

  const large = {
    ...input,
    height: Math.round(input.height * VIEW_MARGIN),
    width: Math.round(input.width * VIEW_MARGIN),
  };
  /** How pictures are seen in an epoch; undefined where they are seen as they are. */
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
    const bytes = await read(item, signal);
    const viewOf = viewsAt(epoch);
    const picture =
      viewOf === undefined
        ? await decodeForInput(bytes, input)
        : renderView(await decodeForInput(bytes, large), viewOf(item), input);
    toNetworkInput(picture, input, target);
  }

  /** Writes the picture `index`, or the next one of its class that can be read. */
  async function writeReadable(
    index: number,
    writeItem: (item: DatasetItem) => Promise<void>,
  ): Promise<void> {
    const { classIndex } = items[index] as DatasetItem;
    let lastError: unknown;
    for (let offset = 0; offset < items.length; offset++) {
      const item = items[(index + offset) % items.length] as DatasetItem;
      if (item.classIndex !== classIndex || unreadable.has(item.key)) continue;
      try {
        return await writeItem(item);
      } catch (error) {
        if (onUnreadable === undefined || !isFoveaError(error) || !UNREADABLE.has(error.code)) throw error;
        lastError = error;
        if (!unreadable.has(item.key)) {
          unreadable.add(item.key);
          await onUnreadable(item, error);
        }
      }
    }
    throw (
      lastError ??
      new FoveaError('dataset-changed', `No picture of class ${classIndex} can be read any more.`)
    );
  }

  /** Decoded once for all epochs, as far as the bytes have room. */
  async function decoded(
    item: DatasetItem,
    size: ModelInput,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array> {
    const name = `${size.height}x${size.width}/${item.key}`;
    const known = cache.get(name);
    if (known !== undefined) return known;
    const encoded = cache.get(item.key) ?? (await fetchPicture(item, signal));
    const { pixels } = await decodeForInput(encoded, size);
    cache.keep(name, pixels);
    // Where decoded pictures have no more room, encoded ones may have.
    if (cache.get(name) === undefined) cache.keep(item.key, encoded);
    return pixels;
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
            writeReadable(index, async (item) => {
              pixels.set(await decoded(item, from, signal), position * bytesEach);
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
          writeReadable(index, (item) =>
            write(item, epoch, images.subarray(position * size, (position + 1) * size), signal),
          ),
        ),
      );
    },
    pixels: pixelsAt(epoch),
  });
  return { ...sourceAt(undefined), atEpoch: sourceAt };
}
