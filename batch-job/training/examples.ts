// What a network trains and is judged on: labelled examples that are read by index. Where they come from (pictures,
// cached features) is the source's affair.

/** Labelled examples of one shape. */
export interface ExampleSource {
  /** `[height, width, channels]` of one example. */
  readonly shape: readonly [number, number, number];
  /** Class index of every example. */
  readonly labels: Int32Array;
  /** Writes the examples `indices`, one after another, into `images` (float32, `[indices.length, ...shape]`). */
  fill(indices: Int32Array, images: Float32Array, signal?: AbortSignal): Promise<void>;
  /** The same examples as they are in an epoch (from 1), of a source that changes them from epoch to epoch. */
  readonly atEpoch?: (epoch: number) => ExampleSource;
}

export interface ExampleBatch {
  /** Float32 `[count, ...shape]`. */
  readonly images: Float32Array;
  readonly labels: Int32Array;
  readonly count: number;
}

const sizeOf = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

/** Examples held in memory as one float32 array `[count, ...shape]`. */
export function inMemoryExamples(
  shape: readonly [number, number, number],
  values: Float32Array,
  labels: Int32Array,
): ExampleSource {
  const size = sizeOf(shape);
  return {
    shape,
    labels,
    async fill(indices, images) {
      indices.forEach((index, position) => {
        images.set(values.subarray(index * size, (index + 1) * size), position * size);
      });
    },
  };
}

/** The examples in the given order, batch by batch; the next batch is read while the current one is in use. */
export async function* batches(
  source: ExampleSource,
  order: Int32Array,
  batchSize: number,
  signal?: AbortSignal,
): AsyncGenerator<ExampleBatch> {
  const size = sizeOf(source.shape);
  const read = async (start: number): Promise<ExampleBatch> => {
    const indices = order.subarray(start, start + batchSize);
    const images = new Float32Array(indices.length * size);
    await source.fill(indices, images, signal);
    return { images, labels: indices.map((index) => source.labels[index] as number), count: indices.length };
  };
  let next = order.length > 0 ? read(0) : undefined;
  // A read that fails while nobody awaits it must not count as unhandled.
  next?.catch(() => undefined);
  for (let start = 0; next !== undefined; start += batchSize) {
    const batch = await next;
    next = start + batchSize < order.length ? read(start + batchSize) : undefined;
    next?.catch(() => undefined);
    signal?.throwIfAborted();
    yield batch;
  }
}
