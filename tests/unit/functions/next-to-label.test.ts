// The order in which to label the pictures of a batch: answers that are kept, least sure first, look-alikes last.

import sharp from 'sharp';
import { expect, it } from 'vitest';
import { runBatch } from '../../../batch-job/run-batch.ts';
import { batchDepsOf } from '../../support/batch-deps.ts';
import { commitColorModel } from '../../support/color-model.ts';
import { type AnyJson, createTestApp, type TestApp } from '../../support/test-app.ts';

const KEYS = { labeler: 'a-key-of-a-test-that-is-long-enough' };

/** More red than green by `lead` levels, with a pattern that makes pictures tell apart. */
function picture(lead: number, pattern: number): Promise<Buffer> {
  const pixels = Uint8Array.from({ length: 32 * 24 * 3 }, (_, at) => {
    const [x, y, channel] = [Math.floor(at / 3) % 32, Math.floor(at / 96), at % 3];
    const wave = (Math.floor(x / 4) * (pattern + 1) + Math.floor(y / 4) * (pattern + 3)) % 5;
    return 40 + 20 * wave + (channel === 0 ? lead : 0);
  });
  return sharp(pixels, { raw: { width: 32, height: 24, channels: 3 } })
    .png()
    .toBuffer();
}

async function predictAll(test: TestApp, request: object): Promise<string> {
  const headers = { authorization: `Bearer ${KEYS.labeler}` };
  const { body } = await test.send('POST', '/v1/batches', { model: 'color', ...request }, headers);
  const status = await runBatch(batchDepsOf(test), body.id);
  expect(status).toBe('succeeded');
  return body.id;
}

async function openApp(): Promise<TestApp> {
  const test = createTestApp({ apiKeys: async () => KEYS });
  await commitColorModel(test.store);
  return test;
}

const ask = (test: TestApp, id: string, query = '', key = KEYS.labeler) =>
  test.send('GET', `/v1/batches/${id}/next-to-label${query}`, undefined, { authorization: `Bearer ${key}` });
const keysOf = ({ body }: AnyJson) => body.data.map(({ key }: AnyJson) => key.split('/').at(-1));

it('begins with what the model is least sure of, page after page, and counts what cannot be read', async () => {
  const test = await openApp();
  for (const [name, lead] of [
    ['a', 90],
    ['b', 3],
    ['c', 40],
    ['d', 14],
  ] as const)
    await test.store.put(`inputs/new/${name}.png`, await picture(lead, 1));
  await test.store.put('inputs/new/e.txt', 'no picture');
  const id = await predictAll(test, { input_prefix: 'inputs/new/' });
  const first = await ask(test, id, '?limit=3');
  expect(keysOf(first)).toEqual(['b.png', 'd.png', 'c.png']);
  expect(first.body).toMatchObject({
    has_more: true,
    measure: 'margin',
    model: 'color',
    model_version: '1',
    request_counts: { completed: 4, failed: 1 },
  });
  const [{ uncertainty, predictions, ...rest }, , last] = first.body.data;
  expect(rest).toMatchObject({
    object: 'picture_to_label',
    index: 1,
    label: 'red',
    looks_like: null,
    custom_id: null,
  });
  expect(uncertainty).toBeCloseTo(1 - (predictions[0].score - predictions[1].score), 9);
  const second = await ask(test, id, `?limit=3&after=${last.index}`);
  expect([keysOf(second), second.body.has_more]).toEqual([['a.png'], false]);
  expect((await ask(test, id, '?after=4')).body.error.param).toBe('after');
});

it('puts pictures of an inspected dataset last that look like one before', async () => {
  const test = await openApp();
  for (const [name, lead, pattern] of [
    ['a', 20, 1],
    ['b', 22, 1],
    ['c', 60, 2],
  ] as const)
    await test.store.put(`datasets/pets/unsorted/${name}.png`, await picture(lead, pattern));
  const id = await predictAll(test, { input_prefix: 'datasets/pets/unsorted/' });
  const headers = { authorization: `Bearer ${KEYS.labeler}` };
  // A second app has not kept the order from before the inspection.
  await createTestApp({ store: test.store, apiKeys: async () => KEYS }).send(
    'GET',
    '/v1/datasets/pets',
    undefined,
    headers,
  );
  const answer = await ask(test, id);
  expect(keysOf(answer)).toEqual(['a.png', 'c.png', 'b.png']);
  expect(answer.body.data[2].looks_like).toBe('datasets/pets/unsorted/a.png');
});

it("takes the lines of OpenAI's form, and refuses batches that cannot be ordered", async () => {
  const test = await openApp();
  for (const [name, lead] of [
    ['a', 90],
    ['b', 3],
  ] as const)
    await test.store.put(`inputs/${name}.png`, await picture(lead, 1));
  const url = '/v1/models/color/predict';
  const lines = ['a', 'b'].map((name) =>
    JSON.stringify({
      custom_id: `of ${name}`,
      method: 'POST',
      url,
      body: { image_key: `inputs/${name}.png` },
    }),
  );
  await test.store.put('inputs/list.jsonl', lines.join('\n'));
  const list = {
    model: undefined,
    input_file_id: 'inputs/list.jsonl',
    endpoint: url,
    completion_window: '24h',
  };
  const { body } = await ask(test, await predictAll(test, list));
  expect(body.data).toMatchObject([
    { index: 1, custom_id: 'of b', key: 'inputs/b.png' },
    { index: 0, custom_id: 'of a' },
  ]);
  const single = await ask(test, await predictAll(test, { input_prefix: 'inputs/', top_k: 1 }));
  expect([single.status, single.body.error.code]).toEqual([409, 'batch-order-unavailable']);
  const open = await test.send(
    'POST',
    '/v1/batches',
    { model: 'color', input_prefix: 'inputs/' },
    {
      authorization: `Bearer ${KEYS.labeler}`,
    },
  );
  expect((await ask(test, open.body.id)).body.error.code).toBe('batch-unfinished');
});
