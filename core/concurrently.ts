// Works on many stored objects at a time, within a limit, since file handles and connections are limited.

import pLimit from 'p-limit';

/** Concurrent reads: enough to hide S3's latency, and far from the usual limit of 1024 open files. */
const CONCURRENCY = 16;

/** Runs `work` for every item, a limited number at a time. The results are in the order of the items. */
export function mapConcurrently<T, R>(
  items: Iterable<T>,
  work: (item: T) => Promise<R>,
  concurrency = CONCURRENCY,
): Promise<R[]> {
  const limit = pLimit(concurrency);
  return Promise.all(Array.from(items, (item) => limit(() => work(item))));
}
