// Reads batches of examples before they are asked for, a few at a time. Knows no examples.

/** How batches are read. */
export interface ReadAheadOptions<T> {
  /** Most batches that are read while one is in use. */
  readonly count: number;
  readonly signal?: AbortSignal | undefined;
  readonly read: (indices: Int32Array) => Promise<T>;
}

/** A batch that is in use. */
export interface ReadBatch<T> {
  readonly item: T;
  /** The batch after it, where it is read already. */
  readonly following: () => T | undefined;
}

/** A batch that is read. */
interface Reading<T> {
  readonly batch: Promise<T>;
  item?: T;
}

/**
 * The batches of an order, one by one.
 *
 * Reading continues when the event loop has its next turn: a step that was given the batch has then been handed to its device, and
 * does not wait for what JavaScript does for later batches. Where the loop has no turn until the next batch is asked for, reading
 * continues then.
 *
 * @throws what `read` throws; the signal's reason when aborted.
 */
export async function* readAhead<T>(
  order: Int32Array,
  batchSize: number,
  { count, signal, read }: ReadAheadOptions<T>,
): AsyncGenerator<ReadBatch<T>> {
  const readings: Reading<T>[] = [];
  let start = 0;
  let isOpen = true;
  const begin = () => {
    const reading: Reading<T> = { batch: read(order.subarray(start, start + batchSize)) };
    start += batchSize;
    readings.push(reading);
    reading.batch.then(
      (item) => {
        reading.item = item;
      },
      // A read that fails while nobody awaits it must not count as unhandled.
      () => undefined,
    );
  };
  const fill = () => {
    while (isOpen && readings.length < count && start < order.length) begin();
  };
  try {
    fill();
    for (let reading = readings.shift(); reading !== undefined; reading = readings.shift()) {
      const item = await reading.batch;
      if (readings.length === 0) fill();
      else setImmediate(fill);
      signal?.throwIfAborted();
      yield { item, following: () => readings[0]?.item };
    }
  } finally {
    isOpen = false;
  }
}
