import { expect, it } from 'vitest';
import { FoveaError } from '../../../core/errors/errors.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';
import { createWriteProbe } from '../../../core/storage/write-probe.ts';
import { createTestApp } from '../../support/test-app.ts';

function setUp() {
  const memory = createMemoryStore();
  const state = { nowMs: 0, writes: 0, fault: undefined as FoveaError | undefined };
  const store: ObjectStore = {
    ...memory,
    async put(...args) {
      state.writes += 1;
      if (state.fault !== undefined) throw state.fault;
      return memory.put(...args);
    },
  };
  return { state, store, check: createWriteProbe({ store, clock: () => state.nowMs }) };
}

it('writes once in ten seconds, however often it is asked, and sees when that changes', async () => {
  const { state, check } = setUp();
  await Promise.all(Array.from({ length: 1000 }, check));
  state.nowMs = 9999;
  await check();
  expect(state.writes).toBe(1);
  state.fault = new FoveaError('storage-full', 'No room in /secret.');
  state.nowMs = 10_000;
  await expect(check()).rejects.toBe(state.fault);
  await expect(check()).rejects.toBe(state.fault);
  expect(state.writes).toBe(2);
  state.fault = undefined;
  state.nowMs = 20_000;
  await check();
  expect(state.writes).toBe(3);
});

it.each(['storage-full', 'storage-read-only', 'storage-denied'] as const)(
  'makes /readyz say %s, and nothing of the disk',
  async (code) => {
    const { state, store, check } = setUp();
    state.fault = new FoveaError(code, 'Could not write "/secret/place".');
    const test = createTestApp({ store, checkWritable: check });
    const { status, body } = await test.send('GET', '/readyz');
    expect([status, body]).toEqual([503, { ready: false, live: true, code, reason: expect.any(String) }]);
    expect(body.reason).not.toContain('secret');
    expect((await test.send('GET', '/healthz')).status).toBe(200);
  },
);
