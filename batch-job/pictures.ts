// Pictures of a dataset as examples: read from the store, decoded by the one path of core/image, kept as bytes in memory
// as far as they fit. Knows nothing of networks.

import type { DatasetItem } from '../core/dataset/inspect-dataset.ts';
import { FoveaError } from '../core/errors.ts';
import { decodeToInput } from '../core/image/decode-to-input.ts';
import type { ModelInput } from '../core/model/manifest.ts';
import type { ObjectStore } from '../core/storage/object-store.ts';
import type { ExampleSource } from './training/examples.ts';

/** Encoded pictures kept in memory, so that later epochs need no storage: 256 MiB. */
const CACHE_BYTES = 256 * 2 ** 20;

/** The pictures of `items`, as the network's input. */
export function pictureExamples(
  store: ObjectStore,
  items: readonly DatasetItem[],
  input: ModelInput,
): ExampleSource {
  const shape = [input.height, input.width, input.channels] as const;
  const size = input.height * input.width * input.channels;
  const cache = new Map<string, Uint8Array>();
  let cachedBytes = 0;

  async function read(item: DatasetItem, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const cached = cache.get(item.key);
    if (cached !== undefined) return cached;
    const object = await store.get(item.key, signal === undefined ? {} : { signal });
    if (object === undefined) {
      throw new FoveaError(
        'dataset-changed',
        `The picture "${item.key}" was deleted while the job was running.`,
        {
          param: item.key,
        },
      );
    }
    if (cachedBytes + object.body.byteLength <= CACHE_BYTES) {
      cachedBytes += object.body.byteLength;
      cache.set(item.key, object.body);
    }
    return object.body;
  }

  return {
    shape,
    labels: Int32Array.from(items, (item) => item.classIndex),
    async fill(indices, images, signal) {
      await Promise.all(
        Array.from(indices, async (index, position) => {
          const bytes = await read(items[index] as DatasetItem, signal);
          await decodeToInput(bytes, input, images.subarray(position * size, (position + 1) * size));
        }),
      );
    },
  };
}
