import { expect, it } from 'vitest';
import { checkConditionalWrites } from '../../../core/storage/check-conditional-writes.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';

/** A server that ignores one of the conditions, as some that speak S3 do. */
function careless(ignored: 'ifNoneMatch' | 'ifMatch'): ObjectStore {
  const store = createMemoryStore();
  return {
    ...store,
    put: (key, body, { [ignored]: _, ...options } = {}) => store.put(key, body, options),
  };
}

it('accepts a store that keeps its promise, and leaves nothing behind', async () => {
  const store = createMemoryStore();
  await checkConditionalWrites(store, 'a');
  expect(await store.head('a')).toBeUndefined();
});

it.each([
  ['ifNoneMatch', 'If-None-Match'],
  ['ifMatch', 'If-Match'],
] as const)('rejects a store that ignores %s, by its URL', async (ignored, header) => {
  const store = careless(ignored);
  await expect(checkConditionalWrites(store, 'a')).rejects.toMatchObject({
    code: 'storage-unconditional',
    param: store.url,
    message: expect.stringContaining(header),
  });
  expect(await store.head('a')).toBeUndefined();
});
