import { describe, expect, it } from 'vitest';
import { FoveaError } from '../../../core/errors/errors.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';
import { createRetryingStore, type RetryOptions } from '../../../core/storage/retrying-store.ts';
import { describeObjectStore } from '../../contract/object-store.ts';
import { createFaultyStore } from '../../support/faulty-store.ts';

const AT_ONCE: RetryOptions = { firstPauseMs: 0, attempts: 12 };

/** A store whose `put` fails with `error` the first `times`, after it has written where `writes`. */
function failingPut(error: FoveaError, times: number, writes: boolean) {
  const inner = createMemoryStore();
  let calls = 0;
  const store: ObjectStore = {
    ...inner,
    async put(...args) {
      calls += 1;
      if (calls > times) return inner.put(...args);
      if (writes) await inner.put(...args);
      throw error;
    },
  };
  return { inner, store, calls: () => calls };
}

const unavailable = new FoveaError('storage-unavailable', 'gone for a moment');

describeObjectStore('retrying', async () => createRetryingStore(createMemoryStore()));

describe('createRetryingStore', () => {
  it('tries again what fails for a moment, and tells of it', async () => {
    const { store, inner } = failingPut(unavailable, 3, false);
    const told: number[] = [];
    const retrying = createRetryingStore(store, {
      ...AT_ONCE,
      onRetry: ({ attempt }) => {
        told.push(attempt);
      },
    });
    await retrying.put('a', 'x');
    expect(told).toEqual([1, 2, 3]);
    expect((await inner.head('a'))?.sizeBytes).toBe(1);
  });

  it('gives up after so many tries, and at once what cannot become better', async () => {
    const always = failingPut(unavailable, 99, false);
    await expect(createRetryingStore(always.store, AT_ONCE).put('a', 'x')).rejects.toBe(unavailable);
    expect(always.calls()).toBe(12);
    const full = failingPut(new FoveaError('storage-full', 'full'), 99, false);
    await expect(createRetryingStore(full.store, AT_ONCE).put('a', 'x')).rejects.toMatchObject({
      code: 'storage-full',
    });
    expect(full.calls()).toBe(1);
  });

  it('knows its own conditional write again, when its answer was lost', async () => {
    const { store } = failingPut(unavailable, 1, true);
    const info = await createRetryingStore(store, AT_ONCE).put('a', 'mine', { ifNoneMatch: '*' });
    expect(info).toMatchObject({ key: 'a', sizeBytes: 4 });
  });

  it("does not take another writer's object for its own", async () => {
    const { store, inner } = failingPut(unavailable, 1, false);
    await inner.put('a', 'theirs');
    await expect(
      createRetryingStore(store, AT_ONCE).put('a', 'mine', { ifNoneMatch: '*' }),
    ).rejects.toMatchObject({ code: 'precondition-failed' });
  });

  it('stops waiting when it is told to', async () => {
    const { store } = failingPut(unavailable, 99, false);
    const retrying = createRetryingStore(store, {
      firstPauseMs: 60_000,
      maxPauseMs: 60_000,
      random: () => 1,
    });
    await expect(retrying.put('a', 'x', { signal: AbortSignal.timeout(20) })).rejects.toMatchObject({
      name: 'AbortError',
    });
  });

  it('gives every key once and whole bodies alone, from a store that fails half of the time', async () => {
    const inner = createMemoryStore();
    const faulty = createFaultyStore(inner, { rate: 0.5, seed: 1, slowMs: 0 });
    const store = createRetryingStore(faulty, { firstPauseMs: 0, attempts: 60 });
    const keys = Array.from({ length: 100 }, (_, i) => `f${i % 7}/${String(i).padStart(3, '0')}`);
    for (const key of keys) await store.put(key, key, { ifNoneMatch: '*' });
    const listed: string[] = [];
    for await (const { key } of store.list('')) listed.push(key);
    expect(listed).toEqual([...keys].sort());
    const folders: string[] = [];
    for await (const folder of store.listFolders('')) folders.push(folder);
    expect(folders).toEqual(['f0', 'f1', 'f2', 'f3', 'f4', 'f5', 'f6']);
    for (const key of keys) {
      expect(new TextDecoder().decode((await store.get(key))?.body)).toBe(key);
    }
    expect(faulty.faults()).toBeGreaterThan(100);
  });
});
