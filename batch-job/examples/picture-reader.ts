// Reads pictures from the store and decodes them, and keeps them in memory as far as they fit, then on disk. Knows nothing of epochs.

import type { DatasetItem } from '../../core/dataset/inspect-dataset.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import { decodeForInput } from '../../core/image/decode-to-input.ts';
import type { ModelInput } from '../../core/image/model-input.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import { createPictureFile } from './picture-file.ts';

/** Reads pictures, and remembers those for which there is room. */
export interface PictureReader {
  /**
   * The bytes of a picture's file, which are kept.
   * @throws {FoveaError} `dataset-changed` where the picture was deleted; what the store throws.
   */
  encoded(item: DatasetItem, signal: AbortSignal | undefined): Promise<Uint8Array>;
  /**
   * Fills `target` with the pixels of a picture in the size of `input`, `[height, width, channels]`, 0..255. They are kept in
   * memory or else on disk, or the picture's file in memory where only that has room.
   * @throws {FoveaError} like {@link PictureReader.encoded}, and where the picture cannot be decoded.
   */
  decode(
    item: DatasetItem,
    input: ModelInput,
    target: Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<void>;
  /** Frees what is on disk. */
  close(): void;
}

/** Where a reader keeps pictures. */
export interface KeptPictures {
  /** Most bytes of pictures, encoded or decoded, that stay in memory. */
  readonly memoryBytes: number;
  /** The folder where decoded pictures are kept for which there is no room in memory; by default there is none. */
  readonly directory?: string;
}

/** A reader for pictures of one store. The caller closes it. */
export function createPictureReader(
  store: ObjectStore,
  { memoryBytes, directory }: KeptPictures,
): PictureReader {
  const kept = createByteCache(memoryBytes);
  const disk = directory === undefined ? undefined : createPictureFile({ directory });

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
      const known = kept.get(item.key);
      if (known !== undefined) return known;
      const encoded = await fetchPicture(item, signal);
      kept.keep(item.key, encoded);
      return encoded;
    },
    async decode(item, input, target, signal) {
      const name = `${input.height}x${input.width} ${input.crop ?? 1}/${item.key}`;
      const known = kept.get(name);
      if (known !== undefined) {
        target.set(known);
        return;
      }
      if ((await disk?.read(name, target)) === true) return;
      const encoded = kept.get(item.key) ?? (await fetchPicture(item, signal));
      const { pixels } = await decodeForInput(encoded, input);
      target.set(pixels);
      if (kept.keep(name, pixels) || (await disk?.write(name, pixels)) === true) return;
      kept.keep(item.key, encoded);
    },
    close: () => disk?.close(),
  };
}

interface ByteCache {
  get(name: string): Uint8Array | undefined;
  /** Keeps the bytes where there is room for them. @returns Whether they are kept. */
  keep(name: string, bytes: Uint8Array): boolean;
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
      return kept.has(name);
    },
  };
}
