// Work on many stored objects at a time, but on a bounded number: a process has file handles and connections for some.

import pLimit from 'p-limit';

/** Reads that are under way at the same time: what hides S3's latency, and is far from the 1024 files of a usual limit. */
const CONCURRENCY = 16;

/** What `work` makes of each item, in the order of the items. */
export function mapConcurrently<T, R>(
  items: Iterable<T>,
  work: (item: T) => Promise<R>,
  concurrency = CONCURRENCY,
): Promise<R[]> {
  const limit = pLimit(concurrency);
  return Promise.all(Array.from(items, (item) => limit(() => work(item))));
}
