import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { createBatchId } from '../../../core/job/record/job-id.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { keys } from '../../../core/storage/keys.ts';
import { createUsageCounter, FLUSH_MS } from '../../../core/usage/usage-counter.ts';
import { commitColorModel } from '../../support/color-model.ts';
import { newJob } from '../../support/new-job.ts';
import { createTestApp } from '../../support/test-app.ts';

const OPERATOR = 'the-key-of-the-operator';
const NOON = Date.UTC(2026, 0, 2, 12);

describe('a counter', () => {
  function counter(flushesOnCount: boolean) {
    const store = createMemoryStore();
    const clock = { nowMs: NOON };
    const errors: unknown[] = [];
    const usage = createUsageCounter({
      store,
      now: () => clock.nowMs,
      flushesOnCount,
      onError: (error) => errors.push(error),
    });
    const written = async () => {
      const texts: Record<string, unknown> = {};
      for await (const { key } of store.list(keys.usage()))
        texts[keys.usageDay(key)] = JSON.parse(new TextDecoder().decode((await store.get(key))?.body)).counts;
      return texts;
    };
    return { store, clock, errors, usage, written };
  }
  const fruit = { key: 'phone', model: 'fruit', predictions: 2 };

  it('writes sums by day, key and model, into one object a day', async () => {
    const { clock, usage, written } = counter(false);
    await usage.count(fruit);
    await usage.count(fruit);
    await usage.count({ ...fruit, key: null });
    expect(await written()).toEqual({});
    await usage.flush();
    clock.nowMs += 24 * 60 * 60 * 1000;
    await usage.count(fruit);
    await usage.flush();
    expect(await written()).toEqual({
      '2026-01-02': [
        { ...fruit, predictions: 4 },
        { ...fruit, key: null },
      ],
      '2026-01-03': [fruit],
    });
  });

  it('writes by itself where nobody else does, at most once in a while', async () => {
    const { clock, usage, written } = counter(true);
    for (const predictions of [1, 1, 1]) await usage.count({ ...fruit, predictions });
    expect(await written()).toEqual({ '2026-01-02': [{ ...fruit, predictions: 1 }] });
    clock.nowMs += FLUSH_MS;
    await usage.count({ ...fruit, predictions: 1 });
    expect(await written()).toEqual({ '2026-01-02': [{ ...fruit, predictions: 4 }] });
  });

  it('keeps sums that could not be written, and never rejects a prediction for it', async () => {
    const { store, clock, usage, written, errors } = counter(true);
    const { put } = store;
    store.put = async () => Promise.reject(new Error('no room'));
    await usage.count(fruit);
    expect(errors).toHaveLength(1);
    store.put = put;
    clock.nowMs += FLUSH_MS;
    await usage.count(fruit);
    expect(await written()).toEqual({ '2026-01-02': [{ ...fruit, predictions: 4 }] });
  });
});

describe('GET /v1/usage', () => {
  it('sums jobs, time, cost and predictions by day, key and model', async () => {
    const test = createTestApp({ apiKeys: async () => ({ operator: OPERATOR }) });
    const ask = (path: string) => test.send('GET', path, undefined, { authorization: `Bearer ${OPERATOR}` });
    const { id } = await test.jobs.create({ ...newJob(), model: 'fruit', createdBy: 'lab' });
    await test.jobs.update(id, (job) => ({ ...job, spent: { seconds: 60, usd: 0.5 } }));
    await test.jobs.create({ ...newJob(), model: 'fruit', createdBy: 'lab' });
    await test.jobs.create({ ...newJob(), model: 'old' });
    const batch = await test.jobs.create(
      { ...newJob(), model: 'fruit', createdBy: 'lab' },
      { id: createBatchId(test.clock.nowMs) },
    );
    await test.jobs.update(batch.id, (job) => ({ ...job, spent: { seconds: 20, usd: 0.25 } }));
    const today = new Date(test.clock.nowMs).toISOString().slice(0, 10);
    const counts = [{ key: 'lab', model: 'fruit', predictions: 3 }];
    for (const one of ['a', 'b'])
      await test.store.put(keys.usageCounts(today, one), JSON.stringify({ counts }));
    await test.store.put(keys.usageCounts('2020-01-01', 'a'), JSON.stringify({ counts }));
    const row = { object: 'usage.row', day: today, gpu_seconds: 0 };
    const none = { jobs: 0, batches: 0, predictions: 0, cpu_seconds: 0, cost_usd: 0 };
    const { status, body } = await ask('/v1/usage');
    expect(status).toBe(200);
    expect(body.data).toEqual([
      { ...row, ...none, key: null, model: 'old', jobs: 1 },
      {
        ...row,
        key: 'lab',
        model: 'fruit',
        jobs: 2,
        batches: 1,
        predictions: 6,
        cpu_seconds: 80,
        cost_usd: 0.75,
      },
    ]);
    expect((await ask('/v1/usage?from=2020-01-01&to=2020-01-01')).body.data).toEqual([
      { ...row, ...none, day: '2020-01-01', key: 'lab', model: 'fruit', predictions: 3 },
    ]);
    expect(await ask('/v1/usage?from=2026-01-02&to=2026-01-01')).toMatchObject({ status: 400 });
    expect(await ask('/v1/usage?from=yesterday')).toMatchObject({ status: 400 });
  });

  it('counts the pictures of predictions, and none of a model that there is not', async () => {
    const test = createTestApp({ apiKeys: async () => ({ operator: OPERATOR }) });
    const headers = { authorization: `Bearer ${OPERATOR}` };
    await commitColorModel(test.store);
    const pixels = { width: 8, height: 8, channels: 3, background: 'red' } as const;
    const image = (await sharp({ create: pixels }).png().toBuffer()).toString('base64');
    for (const [model, images] of [
      ['color', [image, image]],
      ['color', [image]],
      ['none', [image]],
    ] as const)
      await test.send('POST', `/v1/models/${model}/predict`, { images }, headers);
    expect((await test.send('GET', '/v1/usage', undefined, headers)).body.data).toMatchObject([
      { key: 'operator', model: 'color', predictions: 3, jobs: 0 },
    ]);
  });
});

describe('a key with a quota', () => {
  it('has so many pictures predicted a day, those of other processes included', async () => {
    const test = createTestApp({ apiKeys: async () => ({ operator: OPERATOR }) });
    await commitColorModel(test.store);
    const as = (secret: string) => ({ authorization: `Bearer ${secret}` });
    const key = { name: 'phone', scopes: ['predict'], predictions_per_day: 5 };
    const { secret } = (await test.send('POST', '/v1/keys', key, as(OPERATOR))).body;
    const today = new Date(test.clock.nowMs).toISOString().slice(0, 10);
    const counts = [{ key: 'phone', model: 'color', predictions: 2 }];
    await test.store.put(keys.usageCounts(today, 'other'), JSON.stringify({ counts }));
    const pixels = { width: 8, height: 8, channels: 3, background: 'red' } as const;
    const image = (await sharp({ create: pixels }).png().toBuffer()).toString('base64');
    const predict = (count: number) =>
      test.send('POST', '/v1/models/color/predict', { images: Array(count).fill(image) }, as(secret));
    expect(await predict(2)).toMatchObject({ status: 200 });
    const refused = await predict(2);
    expect([refused.status, refused.body.error.code]).toEqual([429, 'quota-exceeded']);
    const { details } = refused.body.error;
    expect(details).toMatchObject({ key: 'phone', predictions_per_day: 5, used: 4, asked: 2 });
    expect(refused.headers.get('retry-after')).toBe(String(details.retry_after_seconds));
    expect(refused.headers.get('x-should-retry')).toBe('false');
    expect(await predict(1)).toMatchObject({ status: 200 });
    test.clock.nowMs += details.retry_after_seconds * 1000;
    expect(await predict(5)).toMatchObject({ status: 200 });
  });

  it('has no more predicted by requests at the same time, and none counted that were refused', async () => {
    const test = createTestApp({ apiKeys: async () => ({ operator: OPERATOR }) });
    await commitColorModel(test.store);
    const as = (secret: string) => ({ authorization: `Bearer ${secret}` });
    const key = { name: 'phone', scopes: ['predict'], predictions_per_day: 3 };
    const { secret } = (await test.send('POST', '/v1/keys', key, as(OPERATOR))).body;
    const pixels = { width: 8, height: 8, channels: 3, background: 'red' } as const;
    const image = (await sharp({ create: pixels }).png().toBuffer()).toString('base64');
    const noImage = Buffer.from('no picture').toString('base64');
    const predict = (images: readonly string[], model = 'color') =>
      test.send('POST', `/v1/models/${model}/predict`, { images }, as(secret));
    expect((await predict([noImage, noImage, noImage])).body.data[0].error.code).toBe('image-unsupported');
    expect(await predict([image, image, image], 'none')).toMatchObject({ status: 404 });
    const answers = await Promise.all(Array.from({ length: 8 }, () => predict([image])));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 429, 429, 429, 429, 429]);
    expect((await test.send('GET', '/v1/usage', undefined, as(OPERATOR))).body.data).toMatchObject([
      { key: 'phone', model: 'color', predictions: 3 },
    ]);
  });

  it('has the pictures of its batches count at once, when they are made', async () => {
    const test = createTestApp({ apiKeys: async () => ({ operator: OPERATOR }) });
    await commitColorModel(test.store);
    for (const name of ['1', '2', '3']) await test.store.put(`inputs/a/${name}.png`, 'x');
    const as = (secret: string) => ({ authorization: `Bearer ${secret}` });
    const key = { name: 'phone', scopes: ['predict'], predictions_per_day: 5 };
    const { secret } = (await test.send('POST', '/v1/keys', key, as(OPERATOR))).body;
    const batch = (more: object) =>
      test.send('POST', '/v1/batches', { model: 'color', input_prefix: 'inputs/a/', ...more }, as(secret));
    expect(await batch({ dry_run: true })).toMatchObject({ status: 200 });
    const made = await batch({});
    expect(made).toMatchObject({ status: 200 });
    expect((await test.jobs.get(made.body.id))?.createdBy).toBe('phone');
    const refused = await batch({});
    expect([refused.status, refused.body.error.code]).toEqual([429, 'quota-exceeded']);
    expect(refused.body.error.details).toMatchObject({ used: 3, asked: 3 });
    const left: string[] = [];
    for await (const { key: found } of test.store.list('batches/')) left.push(found);
    expect(left.every((found) => found.startsWith(`batches/${made.body.id}/`))).toBe(true);
    expect((await test.send('GET', '/v1/usage', undefined, as(OPERATOR))).body.data).toMatchObject([
      { key: 'phone', model: 'color', jobs: 0, batches: 1, predictions: 3 },
    ]);
  });
});
