// Erases everything under a prefix in stores that keep no earlier versions. Knows nothing of what is stored.

import { forEachConcurrent } from '../for-each-concurrent.ts';
import type { ObjectStore } from './object-store.ts';

/** Deletions at a time: enough to hide a disk's latency, and far from the usual limit of open files. */
const CONCURRENCY = 16;
/** Keys that are held at a time, however many there are. */
const BATCH = 1000;

/** Deletes all objects under a prefix, in batches. An abort ends it between two deletions. */
export async function eraseListed(
  store: Pick<ObjectStore, 'list' | 'delete'>,
  prefix: string,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<void> {
  const io = signal === undefined ? {} : { signal };
  let batch: string[] = [];
  const flush = async () => {
    await forEachConcurrent(batch, CONCURRENCY, (key) => store.delete(key, io));
    batch = [];
  };
  for await (const { key } of store.list(prefix, io)) {
    batch.push(key);
    if (batch.length === BATCH) await flush();
  }
  await flush();
}
