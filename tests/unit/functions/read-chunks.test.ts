import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readChunks } from '../../../functions/http/read-chunks.ts';

const STALL_MS = 20_000;

describe('readChunks', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function open() {
    let client: ReadableStreamDefaultController<Uint8Array> | undefined;
    let isCancelled = false;
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        client = controller;
      },
      cancel() {
        isCancelled = true;
      },
    });
    return {
      chunks: readChunks(stream, STALL_MS),
      /** What comes of a read during which a client sends so many bytes after so long. */
      async read(this: { chunks: AsyncGenerator<Uint8Array> }, afterMs: number, bytes: number) {
        const chunk = this.chunks.next();
        const settled = chunk.then(
          ({ value }) => value?.byteLength,
          (error: { code: string }) => error.code,
        );
        await vi.advanceTimersByTimeAsync(afterMs);
        if (bytes > 0) client?.enqueue(new Uint8Array(bytes));
        return settled;
      },
      isCancelled: () => isCancelled,
    };
  }

  it('waits for a client that makes progress', async () => {
    const body = open();
    for (let times = 0; times < 10; times++) expect(await body.read(STALL_MS - 1, 16_384)).toBe(16_384);
  });

  it('stops waiting for one that sends nothing, and cancels the rest', async () => {
    const body = open();
    expect(await body.read(1, 16_384)).toBe(16_384);
    expect(await body.read(STALL_MS, 0)).toBe('body-timeout');
    expect(body.isCancelled()).toBe(true);
  });

  it('stops waiting for one that makes too little progress', async () => {
    const body = open();
    expect(await body.read(STALL_MS / 2, 100)).toBe(100);
    expect(await body.read(STALL_MS / 2 - 1, 100)).toBe(100);
    expect(await body.read(2, 0)).toBe('body-timeout');
  });

  it('requires more progress of a client that has sent more', async () => {
    const body = open();
    expect(await body.read(1, 12_000_000)).toBe(12_000_000);
    expect(await body.read(STALL_MS - 2, 1_500_000)).toBe(1_500_000);
    expect(await body.read(STALL_MS / 2, 16_384)).toBe(16_384);
    expect(await body.read(STALL_MS / 2, 0)).toBe('body-timeout');
    expect(body.isCancelled()).toBe(true);
  });

  it('allows the whole body twelve times as long as a stall', async () => {
    const body = open();
    for (let times = 0; times < 12; times++)
      expect(await body.read(STALL_MS - 1, 16_384 * 1.25 ** times)).toBeGreaterThan(16_383);
    expect(await body.read(11, 1_000_000)).toBe(1_000_000);
    expect(await body.read(1, 0)).toBe('body-timeout');
  });

  it('does not count the time in which nobody reads', async () => {
    const body = open();
    expect(await body.read(1, 100)).toBe(100);
    await vi.advanceTimersByTimeAsync(STALL_MS * 2);
    expect(await body.read(1, 100)).toBe(100);
  });
});
