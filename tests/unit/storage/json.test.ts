import { expect, test } from 'vitest';
import { z } from 'zod';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { createJson, readJson, updateJson } from '../../../core/storage/json.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';

const NOTE = {
  kind: 'note',
  version: 1,
  schema: z.object({ count: z.number().int(), note: z.string().default('none') }),
};

test('creates, reads and changes a record', async () => {
  const store = createMemoryStore();
  await createJson(store, 'r.json', NOTE, { count: 1 });
  const read = await readJson(store, 'r.json', NOTE);
  expect(read?.value).toEqual({ count: 1, note: 'none' });
  const changed = await updateJson(store, 'r.json', NOTE, ({ count }) => ({ count: count + 1 }));
  expect(changed.value).toEqual({ count: 2, note: 'none' });
  expect(changed.etag).not.toBe(read?.etag);
  expect(await readJson(store, 'r.json', NOTE)).toMatchObject({ value: { count: 2 }, etag: changed.etag });
});

test('rejects creating a record twice, and changing one that is not there', async () => {
  const store = createMemoryStore();
  await createJson(store, 'r.json', NOTE, { count: 1 });
  await expect(createJson(store, 'r.json', NOTE, { count: 2 })).rejects.toMatchObject({
    code: 'precondition-failed',
  });
  const change = updateJson(store, 'none.json', NOTE, () => ({ count: 1 }));
  await expect(change).rejects.toMatchObject({ code: 'record-missing', param: 'none.json' });
  expect(await readJson(store, 'none.json', NOTE)).toBeUndefined();
});

test.each(['{"count": 1', '', '\uFEFF{', '{"count": "one"}', '[]'])(
  'rejects the record %j by its key',
  async (text) => {
    const store = createMemoryStore();
    await store.put('jobs/x/job.json', text);
    await expect(readJson(store, 'jobs/x/job.json', NOTE)).rejects.toMatchObject({
      code: 'record-invalid',
      param: 'jobs/x/job.json',
      message: expect.stringContaining('"jobs/x/job.json"'),
    });
  },
);

test('rejects bytes that are not UTF-8', async () => {
  const store = createMemoryStore();
  await store.put('r.json', Uint8Array.of(0x22, 0xff, 0x22));
  await expect(
    readJson(store, 'r.json', { kind: 'text', version: 1, schema: z.string() }),
  ).rejects.toMatchObject({ code: 'record-invalid' });
});

test('leaves the record where the change returns nothing, and where it gives an invalid one', async () => {
  const store = createMemoryStore();
  const { etag } = await createJson(store, 'r.json', NOTE, { count: 1 });
  expect(await updateJson(store, 'r.json', NOTE, () => undefined)).toMatchObject({
    etag,
    value: { count: 1 },
  });
  const broken = updateJson(store, 'r.json', NOTE, () => ({ count: 0.5 }));
  await expect(broken).rejects.toMatchObject({ code: 'record-invalid' });
  expect((await store.head('r.json'))?.etag).toBe(etag);
});

test('begins again from the newest record after a lost race, and gives up after so many', async () => {
  const store = createMemoryStore();
  await createJson(store, 'r.json', NOTE, { count: 0 });
  let rivals = 2;
  const contended: ObjectStore = {
    ...store,
    async put(key, body, options) {
      if (rivals-- > 0) await store.put(key, JSON.stringify({ count: 10 * (rivals + 1) }));
      return store.put(key, body, options);
    },
  };
  const change = ({ count }: { count: number }) => ({ count: count + 1 });
  const options = { attempts: 3, random: () => 0 };
  expect((await updateJson(contended, 'r.json', NOTE, change, options)).value.count).toBe(11);
  rivals = 3;
  await expect(updateJson(contended, 'r.json', NOTE, change, options)).rejects.toMatchObject({
    code: 'record-contended',
    details: { attempts: 3 },
  });
});
