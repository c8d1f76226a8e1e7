// OpenAI's own client against a real server: the fine-tuning and model routes keep to the shapes it was made for.

import OpenAI, { APIError, NotFoundError, toFile } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { type RunningServer, startServer } from '../../../functions/node.ts';
import { colorPicture, commitColorModel } from '../../support/color-model.ts';
import { createTestApp, type TestApp } from '../../support/test-app.ts';

let test: TestApp;
let server: RunningServer;
let openai: OpenAI;
beforeAll(async () => {
  test = createTestApp();
  await test.store.put('datasets/colors/red/1.png', await colorPicture('red'));
  server = await startServer({ app: test.app, host: '127.0.0.1', port: 0 });
  openai = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 });
});
afterAll(() => server.stop());

const create = (suffix: string) =>
  openai.fineTuning.jobs.create({ model: 'small_cnn', training_file: 'colors', suffix });

describe('the openai client', () => {
  it('creates, retrieves and cancels a job', async () => {
    const job = await openai.fineTuning.jobs.create({
      model: 'small_cnn',
      training_file: 'colors',
      suffix: 'first',
      seed: 3,
      method: { type: 'supervised', supervised: { hyperparameters: { n_epochs: 2 } } },
      metadata: { run: 'a' },
    });
    expect(job).toMatchObject({
      object: 'fine_tuning.job',
      status: 'queued',
      seed: 3,
      metadata: { run: 'a' },
    });
    // The estimate comes with the answer to the request alone.
    const { estimate: _, ...record } = job as typeof job & { readonly estimate: unknown };
    expect(await openai.fineTuning.jobs.retrieve(job.id)).toEqual(record);
    expect((await openai.fineTuning.jobs.cancel(job.id)).status).toBe('cancelled');
  });

  it('walks through all pages of jobs and events', async () => {
    const made: string[] = [];
    for (let index = 0; index < 5; index += 1) {
      test.clock.nowMs += 1000;
      made.unshift((await create(`page-${index}`)).id);
    }
    const listed: string[] = [];
    for await (const job of openai.fineTuning.jobs.list({ limit: 2 })) listed.push(job.id);
    expect(listed.slice(0, 5)).toEqual(made);

    const [id = ''] = made;
    for (let step = 1; step <= 4; step += 1) {
      await test.jobs.appendEvent(id, {
        level: 'info',
        type: 'metrics',
        message: `step ${step}`,
        data: { step },
      });
    }
    const messages: string[] = [];
    for await (const event of openai.fineTuning.jobs.listEvents(id, { limit: 2 }))
      messages.push(event.message);
    expect(messages.slice(0, 4)).toEqual(['step 4', 'step 3', 'step 2', 'step 1']);
  });

  it('creates, lists, retrieves and cancels batches', async () => {
    const store = createMemoryStore();
    await commitColorModel(store);
    const endpoint = '/v1/models/color/predict';
    const line = { custom_id: 'a', method: 'POST', url: endpoint, body: { image_key: 'inputs/1.png' } };
    await store.put('inputs/list.jsonl', JSON.stringify(line));
    const own = await startServer({ app: createTestApp({ store }).app, host: '127.0.0.1', port: 0 });
    try {
      const client = new OpenAI({ baseURL: `${own.url}/v1`, apiKey: 'none', maxRetries: 0 });
      const batch = await client.batches.create({
        input_file_id: 'inputs/list.jsonl',
        // Its type names OpenAI's own routes alone.
        endpoint: endpoint as '/v1/responses',
        completion_window: '24h',
        metadata: { run: 'a' },
      });
      expect(batch).toMatchObject({ object: 'batch', status: 'validating', request_counts: { total: 1 } });
      expect(await client.batches.retrieve(batch.id)).toEqual(batch);
      const listed: string[] = [];
      for await (const { id } of client.batches.list({ limit: 1 })) listed.push(id);
      expect(listed).toEqual([batch.id]);
      expect((await client.batches.cancel(batch.id)).status).toBe('cancelled');
    } finally {
      await own.stop();
    }
  });

  it('sends, lists, reads and deletes files, also in parts', async () => {
    const { id } = await openai.files.create({
      file: await toFile(Buffer.from('one'), '1.txt'),
      purpose: 'user_data',
      expires_after: { anchor: 'created_at', seconds: 3600 },
    });
    const about = { filename: '2.jsonl', mime_type: 'text/jsonl', purpose: 'batch', bytes: 6 } as const;
    const upload = await openai.uploads.create(about);
    const part_ids: string[] = [];
    for (const text of ['two', '...'])
      part_ids.push(
        (await openai.uploads.parts.create(upload.id, { data: await toFile(Buffer.from(text), 'part') })).id,
      );
    const { status, file } = await openai.uploads.complete(upload.id, { part_ids });
    expect([status, file?.filename, file?.bytes]).toEqual(['completed', '2.jsonl', 6]);
    const contents = new Map<string, string>();
    for await (const one of openai.files.list({ limit: 1 }))
      contents.set(one.id, await (await openai.files.content(one.id)).text());
    expect(Object.fromEntries(contents)).toEqual({ [id]: 'one', [file?.id ?? '']: 'two...' });
    for (const one of contents.keys()) expect((await openai.files.delete(one)).deleted).toBe(true);
    await expect(openai.files.retrieve(id)).rejects.toBeInstanceOf(NotFoundError);
  });

  it('lists and retrieves models, also by the name that a job gives', async () => {
    await commitColorModel(test.store);
    const ids: string[] = [];
    for await (const model of openai.models.list()) ids.push(model.id);
    expect(ids).toEqual(['color']);
    expect(await openai.models.retrieve('color:1')).toMatchObject({ id: 'color', object: 'model' });
  });

  it('turns errors into its own, with all four keys', async () => {
    const failed = openai.fineTuning.jobs.create({ model: 'small_cnn', training_file: 'none' });
    await expect(failed).rejects.toBeInstanceOf(APIError);
    await expect(failed).rejects.toMatchObject({
      status: 404,
      code: 'dataset-not-found',
      param: 'training_file',
      type: 'invalid_request_error',
      message: expect.stringContaining('"none"'),
    });
  });
});

describe('startServer', () => {
  it('waits for a running request, and then accepts no more', async () => {
    const other = await startServer({
      app: {
        fetch: async () => {
          await new Promise((resolve) => setTimeout(resolve, 100));
          return new Response('done');
        },
      },
      host: '127.0.0.1',
      port: 0,
    });
    const running = fetch(other.url);
    await new Promise((resolve) => setTimeout(resolve, 30));
    await other.stop();
    expect(await (await running).text()).toBe('done');
    await expect(fetch(other.url)).rejects.toThrow();
  });

  it('cuts off requests that take longer than the grace', async () => {
    const other = await startServer({
      app: { fetch: () => new Promise<Response>(() => undefined) },
      host: '127.0.0.1',
      port: 0,
      graceMs: 50,
    });
    const running = fetch(other.url).then(
      () => 'answered',
      () => 'cut off',
    );
    await new Promise((resolve) => setTimeout(resolve, 30));
    await other.stop();
    expect(await running).toBe('cut off');
  });

  it('rejects a port that is in use', async () => {
    await expect(startServer({ app: test.app, host: '127.0.0.1', port: server.port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
  });
});
