import { expect, test } from 'vitest';
import { deleteOlder } from '../../../core/storage/delete-older.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';

test('deletes what is older, under the prefix alone', async () => {
  let nowMs = 1000;
  const store = createMemoryStore({ now: () => new Date(nowMs) });
  await store.put('uploads/old', 'a');
  await store.put('models/old', 'a');
  nowMs = 5000;
  await store.put('uploads/new', 'a');
  await deleteOlder(store, 'uploads/', 5000);
  const left: string[] = [];
  for await (const { key } of store.list('')) left.push(key);
  expect(left).toEqual(['models/old', 'uploads/new']);
});
