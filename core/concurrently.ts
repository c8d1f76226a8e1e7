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

/**
 * Gives the items of a listing that fit, in their order. They are looked at in groups, so that a rare one is not found by one read after the
 * other.
 * @param groupSize items that are looked at ahead of what is asked for.
 */
export async function* filterConcurrently<T>(
  items: AsyncIterable<T>,
  fits: (item: T) => Promise<boolean>,
  groupSize: number,
): AsyncGenerator<T> {
  let group: T[] = [];
  const fitting = async () => {
    const looked = group;
    group = [];
    const answers = await mapConcurrently(looked, fits);
    return looked.filter((_, at) => answers[at]);
  };
  for await (const item of items) {
    group.push(item);
    if (group.length === groupSize) yield* await fitting();
  }
  yield* await fitting();
}
