// Models that take much of a server's memory: what a promotion says of them, and what is refused before it kills the process.

import { beforeEach, describe, expect, it } from 'vitest';
import { createPredictor } from '../../../core/predict/predictor.ts';
import type { ServingMemory } from '../../../core/predict/serving-memory.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';
import { colorPicture, commitColorModel } from '../../support/color-model.ts';
import { type AnyJson, createTestApp } from '../../support/test-app.ts';

const MIB = 1024 * 1024;
const memoryOf = (mib: number, keptMib: number): ServingMemory => ({
  bytes: mib * MIB,
  keptBytes: keptMib * MIB,
  give: (bytes) => `give it ${Math.ceil(bytes / MIB)} MiB`,
});
/** Less than the program itself takes. */
const TOO_LITTLE = memoryOf(128, 32);

describe('the memory of a server', () => {
  let store: ObjectStore;
  beforeEach(async () => {
    store = createMemoryStore();
    await commitColorModel(store);
  });

  const ask = (servingMemory: ServingMemory | undefined, method: string, path: string, body: object) =>
    createTestApp({
      store,
      ...(servingMemory === undefined ? {} : { servingMemory }),
      predictor: createPredictor({ store, threads: 1, servingMemory }),
    }).app.request(`/v1/models/color${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

  it('has nothing to say of a model that fits beside others', async () => {
    for (const memory of [undefined, memoryOf(2048, 512)]) {
      const answer = await ask(memory, 'POST', '/promote', { version: '1' });
      expect(answer.status).toBe(200);
      expect(await answer.json()).not.toHaveProperty('warning');
    }
  });

  it('says of one that fits alone what that means, and how much would be enough', async () => {
    const answer = await ask(memoryOf(2048, 0.125), 'POST', '/promote', { version: 'latest' });
    const live = (await answer.json()) as AnyJson;
    expect([answer.status, live.version]).toEqual([200, '1']);
    expect(live.warning).toMatch(
      /Version "1" of model "color" takes 1 MiB .* stays loaded alone.*give it \d{4} MiB\.$/s,
    );
  });

  it('refuses one that could never be loaded, by a promotion, the alias and a prediction', async () => {
    const { app } = createTestApp({
      store,
      predictor: createPredictor({ store, servingMemory: TOO_LITTLE }),
    });
    const predicted = await app.request('/v1/models/color/predict', {
      method: 'POST',
      body: await colorPicture('red'),
    });
    const answers = [
      await ask(TOO_LITTLE, 'POST', '/promote', { version: '1' }),
      await ask(TOO_LITTLE, 'PUT', '/aliases/live', { version: '1' }),
      predicted,
    ];
    for (const answer of answers) {
      expect(answer.status).toBe(507);
      const { error } = (await answer.json()) as AnyJson;
      expect(error).toMatchObject({ code: 'model-needs-memory' });
      expect(error.message).toMatch(/needs 201 MiB .* has 128 MiB\. Ask whoever runs it to give it 201 MiB/s);
    }
  });
});
