import { describe, expect, it } from 'vitest';
import { createVersionCache } from '../../../core/predict/version-cache.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { keys } from '../../../core/storage/keys.ts';
import { commitColorModel } from '../../support/color-model.ts';
import { countCalls } from '../../support/counted-store.ts';

const NOTHING = { get: 0, head: 0, put: 0, delete: 0, listed: 0 };

async function makeCache() {
  const store = countCalls(createMemoryStore());
  await commitColorModel(store);
  store.takeCounts();
  let now = 0;
  const cache = createVersionCache(store, () => now);
  return {
    store,
    cache,
    wait: (ms: number) => {
      now += ms;
    },
  };
}
const untilSettled = () => new Promise((resolve) => setImmediate(resolve));

describe('the cache of versions', () => {
  it('asks the store once for requests of the same second, also where they come together', async () => {
    const { store, cache, wait } = await makeCache();
    const together = await Promise.all([1, 2, 3].map(() => cache.resolve('color', undefined)));
    expect(together.map(({ version }) => version)).toEqual(['1', '1', '1']);
    expect(store.takeCounts()).toMatchObject({ get: 2 });
    wait(999);
    expect(await cache.resolve('color', undefined)).toEqual(together[0]);
    expect(store.takeCounts()).toMatchObject(NOTHING);
  });

  it('answers at once in the second after, and asks behind it', async () => {
    const { store, cache, wait } = await makeCache();
    await cache.resolve('color', undefined);
    await commitColorModel(store, { version: '2' });
    wait(1500);
    expect((await cache.resolve('color', undefined)).version).toBe('1');
    await untilSettled();
    expect((await cache.resolve('color', undefined)).version).toBe('2');
  });

  it('lets a caller wait where what it knows is older', async () => {
    const { store, cache, wait } = await makeCache();
    await cache.resolve('color', undefined);
    await commitColorModel(store, { version: '2' });
    wait(2000);
    expect((await cache.resolve('color', undefined)).version).toBe('2');
  });

  it('forgets a model, also what is being asked of it', async () => {
    const { store, cache } = await makeCache();
    await cache.resolve('color', undefined);
    await commitColorModel(store, { version: '2' });
    const asked = cache.resolve('color', 'latest');
    cache.forget('color');
    await asked;
    store.takeCounts();
    expect((await cache.resolve('color', undefined)).version).toBe('2');
    expect((await cache.resolve('color', 'latest')).version).toBe('2');
    expect(store.takeCounts()).toMatchObject({ get: 4 });
  });

  it('does not remember an error', async () => {
    const { store, cache } = await makeCache();
    await expect(cache.resolve('color', '2')).rejects.toMatchObject({ code: 'model-version-not-found' });
    await commitColorModel(store, { version: '2' });
    expect((await cache.resolve('color', '2')).version).toBe('2');
  });

  it('tells a version that was made again from the one before', async () => {
    const { store, cache, wait } = await makeCache();
    const before = await cache.resolve('color', '1');
    for await (const { key } of store.list(keys.model('color'))) await store.delete(key);
    await commitColorModel(store, { createdAt: 1_700_000_001 });
    wait(2000);
    expect((await cache.resolve('color', '1')).identity).not.toBe(before.identity);
  });
});
