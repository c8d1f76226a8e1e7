// Reads pictures from the store and decodes them, and keeps bytes in memory as far as they fit. Knows nothing of epochs.

import type { DatasetItem } from '../../core/dataset/inspect-dataset.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import { decodeForInput } from '../../core/image/decode-to-input.ts';
import type { ModelInput } from '../../core/image/model-input.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';

/** Reads pictures, and remembers those for which there is room. */
export interface PictureReader {
  /**
   * The bytes of a picture's file, which are kept.
   * @throws {FoveaError} `dataset-changed` where the picture was deleted; what the store throws.
   */
  encoded(item: DatasetItem, signal: AbortSignal | undefined): Promise<Uint8Array>;
  /**
   * The pixels of a picture in the size of `input`, `[height, width, channels]`, 0..255. They are kept, or the file where only
   * that has room.
   * @throws {FoveaError} like {@link PictureReader.encoded}, and where the picture cannot be decoded.
   */
  decoded(item: DatasetItem, input: ModelInput, signal: AbortSignal | undefined): Promise<Uint8Array>;
}

/** A reader for pictures of one store. @param keptBytes most bytes that stay in memory. */
export function createPictureReader(store: ObjectStore, keptBytes: number): PictureReader {
  const kept = createByteCache(keptBytes);

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

  return {
    async encoded(item, signal) {
      return kept.get(item.key) ?? kept.keep(item.key, await fetchPicture(item, signal));
    },
    async decoded(item, input, signal) {
      const name = `${input.height}x${input.width}/${item.key}`;
      const known = kept.get(name);
      if (known !== undefined) return known;
      const encoded = kept.get(item.key) ?? (await fetchPicture(item, signal));
      const { pixels } = await decodeForInput(encoded, input);
      kept.keep(name, pixels);
      // Where decoded pictures have no more room, encoded ones may have.
      if (kept.get(name) === undefined) kept.keep(item.key, encoded);
      return pixels;
    },
  };
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
