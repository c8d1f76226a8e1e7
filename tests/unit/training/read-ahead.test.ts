import { describe, expect, test } from 'vitest';
import {
  type ExampleSource,
  inMemoryExamples,
  pixelBatches,
} from '../../../batch-job/examples/example-source.ts';
import { readAhead } from '../../../batch-job/examples/read-ahead.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const ORDER = Int32Array.from({ length: 7 }, (_, i) => i);

/** A reader whose batches are ready when the test says so. */
function controlled() {
  const begun: number[] = [];
  const finish = new Map<number, (value: number | Promise<number>) => void>();
  const read = (indices: Int32Array) => {
    const [first = -1] = indices;
    begun.push(first);
    return new Promise<number>((resolve) => finish.set(first, resolve));
  };
  return {
    begun,
    read,
    finish: (first: number, value: number | Promise<number> = first) => finish.get(first)?.(value),
  };
}

describe('reading ahead', () => {
  test('reads so many batches while one is in use, and no more', async () => {
    const { begun, read, finish } = controlled();
    const stream = readAhead(ORDER, 2, { count: 2, read });
    const first = stream.next();
    expect(begun).toEqual([0, 2]);
    finish(0);
    expect((await first).value?.item).toBe(0);
    await turn();
    expect(begun).toEqual([0, 2, 4]);
    await turn();
    expect(begun).toHaveLength(3);
  });

  test('goes on after the step was begun, where the event loop has a turn, and else when the next batch is asked for', async () => {
    const { begun, read, finish } = controlled();
    const stream = readAhead(ORDER, 2, { count: 2, read });
    const first = stream.next();
    finish(0);
    finish(2);
    await first;
    expect(begun).toEqual([0, 2]);
    await stream.next();
    expect(begun).toEqual([0, 2, 4, 6]);
  });

  test('tells the batch after, once it is read', async () => {
    const { read, finish } = controlled();
    const stream = readAhead(ORDER, 4, { count: 2, read });
    const first = stream.next();
    finish(0);
    const { value } = await first;
    expect(value?.following()).toBeUndefined();
    finish(4);
    await turn();
    expect(value?.following()).toBe(4);
    const last = await stream.next();
    expect(last.value?.item).toBe(4);
    expect(last.value?.following()).toBeUndefined();
    expect((await stream.next()).done).toBe(true);
  });

  test('rejects where its batch is asked for, ends when aborted, and reads nothing once it was left', async () => {
    const { begun, read, finish } = controlled();
    const stream = readAhead(ORDER, 2, { count: 2, read });
    const first = stream.next();
    finish(2, Promise.reject(new Error('unreadable')));
    finish(0);
    expect((await first).value?.item).toBe(0);
    await expect(stream.next()).rejects.toThrow('unreadable');
    await turn();
    expect(begun).toEqual([0, 2]);

    const control = new AbortController();
    const aborted = readAhead(ORDER, 2, { count: 1, read: async () => 1, signal: control.signal });
    await aborted.next();
    control.abort(new Error('stopped'));
    await expect(aborted.next()).rejects.toThrow('stopped');
  });
});

describe('batches of pixels', () => {
  const SIDE = 1024;
  const SIZE = SIDE * SIDE * 3;

  /** Pictures whose pixels are all their index. */
  const source = (count: number): ExampleSource => ({
    ...inMemoryExamples(
      [2, 2, 3],
      new Float32Array(),
      Int32Array.from({ length: count }, (_, i) => i % 3),
    ),
    pixels: {
      shape: [SIDE, SIDE, 3],
      async fill(indices, pixels) {
        for (const [i, index] of indices.entries()) pixels.fill(index, i * SIZE, (i + 1) * SIZE);
        return new Map();
      },
    },
  });

  test('keep their pixels, and those of the batch after, until the next is asked for; then the memory is filled again', async () => {
    const order = Int32Array.from({ length: 18 }, (_, i) => 17 - i);
    const buffers = new Set<ArrayBufferLike>();
    const seen: number[] = [];
    for await (const { images, following, labels, count } of pixelBatches(source(18), order, 4)) {
      await turn();
      const next = following?.();
      const start = seen.length;
      const indices = [...order.subarray(start, start + count)];
      expect(Array.from({ length: count }, (_, i) => images[i * SIZE])).toEqual(indices);
      expect([...labels]).toEqual(indices.map((index) => index % 3));
      expect(next?.[0]).toBe(order[start + count]);
      await turn();
      expect(images[0]).toBe(order[start]);
      buffers.add(images.buffer);
      seen.push(...indices);
    }
    expect(seen).toEqual([...order]);
    expect(buffers.size).toBe(3);
  });
});
