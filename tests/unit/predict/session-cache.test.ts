import { describe, expect, it } from 'vitest';
import { FoveaError } from '../../../core/errors/errors.ts';
import { createSessionCache, type Releasable } from '../../../core/predict/session-cache.ts';

class Session implements Releasable {
  released = 0;
  readonly sizeBytes: number;
  constructor(sizeBytes: number) {
    this.sizeBytes = sizeBytes;
  }
  async release() {
    this.released += 1;
  }
}

const fail = (error: unknown) => {
  throw error;
};
const idle = async () => undefined;
const newCache = (maxBytes: number, maxCount = 100) =>
  createSessionCache<Session>({ maxBytes, maxCount, onReleaseError: fail });

/** A promise and the function that ends it. */
function pause() {
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { ended, end };
}

describe('createSessionCache', () => {
  it('loads once for concurrent first users', async () => {
    const cache = newCache(100);
    let loads = 0;
    const load = async () => {
      loads += 1;
      await Promise.resolve();
      return new Session(10);
    };
    const seen = await Promise.all(
      Array.from({ length: 8 }, () => cache.withValue('a', load, async (value) => value)),
    );
    expect(loads).toBe(1);
    expect(new Set(seen).size).toBe(1);
    expect(cache.use.sizeBytes).toBe(10);
  });

  it('loads anew what a use has failed with, unless the failure is an answer', async () => {
    const cache = newCache(100);
    const [first, second] = [new Session(10), new Session(10)];
    const expected = new FoveaError('label-unknown', 'No such label.');
    const failing = (error: Error) =>
      cache.withValue(
        'a',
        async () => first,
        async () => fail(error),
      );
    await expect(failing(expected)).rejects.toBe(expected);
    expect(
      await cache.withValue(
        'a',
        async () => second,
        async (value) => value,
      ),
    ).toBe(first);
    await expect(failing(new Error('The thread has ended.'))).rejects.toThrow('The thread');
    expect(first.released).toBe(1);
    expect(
      await cache.withValue(
        'a',
        async () => second,
        async (value) => value,
      ),
    ).toBe(second);
  });

  it('does not remember a failed load', async () => {
    const cache = newCache(100);
    const failing = cache.withValue('a', async () => fail(new Error('no')) as never, idle);
    await expect(failing).rejects.toThrow('no');
    await cache.withValue('a', async () => new Session(10), idle);
    expect(cache.use.sizeBytes).toBe(10);
  });

  it('releases the least recently used first, once', async () => {
    const cache = newCache(25);
    const [a, b, c] = [new Session(10), new Session(10), new Session(10)];
    await cache.withValue('a', async () => a, idle);
    await cache.withValue('b', async () => b, idle);
    await cache.withValue('a', async () => fail(new Error('must be cached')) as never, idle);
    await cache.withValue('c', async () => c, idle);
    expect([a.released, b.released, c.released]).toEqual([0, 1, 0]);
    expect(cache.use.sizeBytes).toBe(20);
  });

  it('keeps no more than a number of them, however small they are', async () => {
    const cache = newCache(1000, 3);
    const sessions = Array.from({ length: 100 }, () => new Session(1));
    for (const [index, session] of sessions.entries())
      await cache.withValue(String(index), async () => session, idle);
    expect(sessions.map(({ released }) => released)).toEqual([...Array(97).fill(1), 0, 0, 0]);
    expect(cache.use.sizeBytes).toBe(3);
  });

  it('does not release what is in use until its last user is done', async () => {
    const cache = newCache(10);
    const a = new Session(10);
    const [first, second] = [pause(), pause()];
    const uses = [
      cache.withValue(
        'a',
        async () => a,
        () => first.ended,
      ),
      cache.withValue(
        'a',
        async () => a,
        () => second.ended,
      ),
    ];
    await cache.withValue('b', async () => new Session(10), idle);
    first.end();
    await uses[0];
    expect(a.released).toBe(0);
    second.end();
    await uses[1];
    expect(a.released).toBe(1);
  });

  it('keeps what is larger than the whole cache as the only one, and lets it go before another is loaded', async () => {
    const cache = newCache(10);
    const [small, large, next] = [new Session(4), new Session(11), new Session(4)];
    await cache.withValue('small', async () => small, idle);
    await cache.withValue('large', async () => large, idle);
    expect([small.released, large.released]).toEqual([1, 0]);
    expect(cache.use).toMatchObject({ count: 1, sizeBytes: 11 });
    const again = await cache.withValue(
      'large',
      async () => fail(new Error('must be cached')) as never,
      async (value) => value,
    );
    expect(again).toBe(large);
    const load = async () => {
      expect(large.released).toBe(1);
      return next;
    };
    await cache.withValue('next', load, idle);
    expect([large.released, next.released]).toEqual([1, 0]);
    expect(cache.use).toMatchObject({ count: 1, sizeBytes: 4 });
  });

  it('releases after a use that fails', async () => {
    const cache = newCache(10);
    const a = new Session(11);
    await expect(
      cache.withValue(
        'a',
        async () => a,
        async () => fail(new Error('use')),
      ),
    ).rejects.toThrow('use');
    expect(a.released).toBe(1);
  });

  it('releases everything when it is closed', async () => {
    const cache = newCache(100);
    const a = new Session(10);
    await cache.withValue('a', async () => a, idle);
    cache.close();
    expect(a.released).toBe(1);
  });

  it('releases what is loaded after it was closed, once its users are done', async () => {
    const cache = newCache(100);
    const [loading, using] = [pause(), pause()];
    const late: Session[] = [];
    const load = async () => {
      await loading.ended;
      const session = new Session(10);
      late.push(session);
      return session;
    };
    const first = cache.withValue('a', load, () => using.ended);
    const second = cache.withValue('a', load, () => using.ended);
    cache.close();
    loading.end();
    await cache.withValue('b', load, idle);
    expect(late.map(({ released }) => released)).toEqual([0, 1]);
    using.end();
    await Promise.all([first, second]);
    expect(late.map(({ released }) => released)).toEqual([1, 1]);
    expect(cache.use.sizeBytes).toBe(0);
  });
});
