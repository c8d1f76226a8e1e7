// Batch predictions over HTTP, in Fovea's form and in that of OpenAI's batches. The processes that answer are run by the test.

import { expect, it } from 'vitest';
import { runBatch } from '../../../batch-job/run-batch.ts';
import { keys } from '../../../core/storage/keys.ts';
import { batchDepsOf } from '../../support/batch-deps.ts';
import { COLORS, colorPicture, commitColorModel } from '../../support/color-model.ts';
import { type AnyJson, createTestApp, type TestApp } from '../../support/test-app.ts';

const UPLOAD = 'upload-00000000-0000-4000-8000-000000000000';

async function openApp(options: Parameters<typeof createTestApp>[0] = {}): Promise<TestApp> {
  const test = createTestApp({
    ...options,
    machines: [
      { name: 'g4dn.xlarge', gpu: 'T4', vcpus: 4, usdPerHour: 0.5, priceBasis: 'A price.', pool: 'gpu' },
      { name: 'c7i.2xlarge', vcpus: 8, usdPerHour: 0.4, priceBasis: 'A price.', pool: 'cpu' },
    ],
  });
  await commitColorModel(test.store);
  for (const color of COLORS) await test.store.put(`inputs/a/${color}.png`, await colorPicture(color));
  await test.store.put('inputs/a/.DS_Store', 'hidden');
  await test.store.put('inputs/a/text.txt', 'no picture');
  return test;
}

const run = (test: TestApp, id: string) => runBatch(batchDepsOf(test), id);

async function download(test: TestApp, id: string, query = '', headers: Record<string, string> = {}) {
  const response = await test.app.request(`/v1/batches/${id}/results${query}`, { headers });
  const text = await response.text();
  return { response, text, lines: text.split('\n').slice(0, -1) };
}
const parse = (lines: readonly string[]): AnyJson[] => lines.map((line) => JSON.parse(line));

it('is made once for one Idempotency-Key, given again as it is now, and not made again once it was deleted', async () => {
  const test = await openApp();
  const body = { model: 'color', input_prefix: 'inputs/a' };
  const make = (more: object = {}) =>
    test.send('POST', '/v1/batches', { ...body, ...more }, { 'idempotency-key': 'once' });
  expect((await make({ dry_run: true })).body.object).not.toBe('batch');
  const { id } = (await make()).body;
  await run(test, id);
  const again = await make();
  expect([again.status, again.body.id, again.body.status]).toEqual([200, id, 'completed']);
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  expect((await make({ metadata: { a: 'b' } })).body.error.code).toBe('idempotency-conflict');
  expect((await test.send('DELETE', `/v1/batches/${id}`)).status).toBe(200);
  const gone = await make();
  expect([gone.status, gone.body.error.code]).toEqual([410, 'idempotency-gone']);
  expect(test.submitted).toEqual([id]);
});

it('predicts all pictures below a prefix; the version is settled when the batch is made', async () => {
  const test = await openApp();
  const made = await test.send('POST', '/v1/batches', {
    model: 'color',
    input_prefix: 'inputs/a',
    metadata: { for: 'test' },
  });
  expect(made.body).toMatchObject({
    object: 'batch',
    status: 'validating',
    model: 'color',
    model_version: '1',
    input_prefix: 'inputs/a/',
    input_file_id: null,
    request_counts: { total: 4, completed: 0, failed: 0 },
    output_file_id: null,
    metadata: { for: 'test' },
  });
  const { id } = made.body;
  expect(test.submitted).toEqual([id]);
  // The cheapest machine without a GPU, as the serving function has none.
  expect(test.starts).toMatchObject([{ pool: 'cpu', hasGpu: false }]);
  await commitColorModel(test.store, { version: '2' });
  // What comes later is not part of it.
  await test.store.put('inputs/a/zzz.png', await colorPicture('red'));
  expect((await download(test, id)).response.status).toBe(409);
  expect(await run(test, id)).toBe('succeeded');

  const { body } = await test.send('GET', `/v1/batches/${id}`);
  expect(body).toMatchObject({
    status: 'completed',
    request_counts: { total: 4, completed: 3, failed: 1 },
    errors: null,
    completed_at: expect.any(Number),
    finalizing_at: expect.any(Number),
  });
  const { lines, text, response } = await download(test, id);
  expect(response.headers.get('content-length')).toBe(String(text.length));
  expect(parse(lines)).toMatchObject([
    { key: 'inputs/a/blue.png', label: 'blue', model_version: '1', index: 0, custom_id: null },
    { key: 'inputs/a/green.png', label: 'green' },
    { key: 'inputs/a/red.png', label: 'red' },
    { object: 'error', key: 'inputs/a/text.txt', error: { code: 'image-unsupported' } },
  ]);
  expect(parse((await download(test, id, '?only=errors')).lines)).toMatchObject([{ index: 3 }]);
});

it("takes and gives the form of OpenAI's batches", async () => {
  const test = await openApp();
  const request = (custom_id: string, image_key: string) =>
    JSON.stringify({ custom_id, method: 'POST', url: '/v1/models/color/predict', body: { image_key } });
  const lines = [
    request('b', 'inputs/a/red.png'),
    request('a', 'inputs/a/gone.png'),
    request('c', 'models/color/1/model.onnx'),
  ];
  await test.store.put(keys.upload(UPLOAD), lines.join('\n'));
  const { body: made } = await test.send('POST', '/v1/batches', {
    input_file_id: UPLOAD,
    endpoint: '/v1/models/color/predict',
    completion_window: '24h',
    metadata: null,
  });
  expect(made).toMatchObject({
    input_file_id: UPLOAD,
    completion_window: '24h',
    endpoint: '/v1/models/color/predict',
  });
  expect(made.expires_at).toBe(made.created_at + 24 * 3600);
  await run(test, made.id);
  const { body } = await test.send('GET', `/v1/batches/${made.id}`);
  expect(body).toMatchObject({
    status: 'completed',
    output_file_id: `${made.id}-output`,
    error_file_id: `${made.id}-errors`,
    request_counts: { total: 3, completed: 1, failed: 2 },
  });
  expect(parse((await download(test, made.id)).lines)).toMatchObject([
    { custom_id: 'b', error: null, response: { status_code: 200, body: { label: 'red' } } },
    { custom_id: 'a', response: null, error: { code: 'picture-not-found' } },
    { custom_id: 'c', response: null, error: { code: 'image-key-invalid' } },
  ]);
});

it('gives any range of the results', async () => {
  const test = await openApp();
  const { body } = await test.send('POST', '/v1/batches', { model: 'color', input_prefix: 'inputs/a/' });
  await run(test, body.id);
  const { text } = await download(test, body.id);
  // A second object, so that ranges cross from one to the next.
  await test.store.put(keys.batchResult(body.id, 1), text);
  const whole = text + text;
  for (const [range, start, end] of [
    ['bytes=0-9', 0, 9],
    [`bytes=${text.length - 5}-${text.length + 5}`, text.length - 5, text.length + 5],
    [`bytes=${text.length}-`, text.length, whole.length - 1],
    ['bytes=-7', whole.length - 7, whole.length - 1],
  ] as const) {
    const part = await download(test, body.id, '', { range });
    expect(part.response.status).toBe(206);
    expect(part.response.headers.get('content-range')).toBe(`bytes ${start}-${end}/${whole.length}`);
    expect(part.text).toBe(whole.slice(start, end + 1));
  }
  const beyond = await download(test, body.id, '', { range: `bytes=${whole.length}-` });
  expect(beyond.response.status).toBe(416);
  expect((await test.send('POST', `/v1/batches/${body.id}/cancel`)).body.error).toMatchObject({
    code: 'job-finished',
    message: `Batch "${body.id}" is over (completed) and cannot be cancelled.`,
  });
  expect(beyond.response.headers.get('content-range')).toBe(`bytes */${whole.length}`);
  const etag = (await download(test, body.id)).response.headers.get('etag') ?? '';
  const going = { range: 'bytes=3-5', 'if-range': etag };
  expect((await download(test, body.id, '', going)).response.status).toBe(206);
  await test.store.put(keys.batchResult(body.id, 2), text);
  const stale = await download(test, body.id, '', going);
  expect([stale.response.status, stale.text]).toEqual([200, whole + text]);
});

it('says with dry_run what a batch would take, and writes nothing', async () => {
  const test = await openApp();
  const { body } = await test.send('POST', '/v1/batches', {
    model: 'color',
    input_prefix: 'inputs/',
    dry_run: true,
  });
  expect(body).toMatchObject({
    object: 'batch.dry_run',
    model: 'color',
    model_version: '1',
    pictures: 4,
    shards: 1,
    estimate: { machine: 'c7i.2xlarge', seconds: expect.any(Number), usd: expect.any(Number) },
  });
  expect(body.estimate.usd).toBeGreaterThan(0);
  for await (const { key } of test.store.list(keys.batches())) expect(key).toBeUndefined();
});

it('lists, cancels and deletes batches, which are no fine-tuning jobs', async () => {
  const test = await openApp();
  const make = async () => {
    test.clock.nowMs += 1000;
    return (await test.send('POST', '/v1/batches', { model: 'color', input_prefix: 'inputs/' })).body.id;
  };
  const [first, second] = [await make(), await make()];
  const list = await test.send('GET', '/v1/batches?limit=1');
  expect(list.body).toMatchObject({ data: [{ id: second }], has_more: true });
  expect((await test.send('GET', `/v1/batches?limit=1&after=${second}`)).body.data).toMatchObject([
    { id: first },
  ]);
  expect((await test.send('GET', '/v1/fine_tuning/jobs')).body.data).toEqual([]);
  expect((await test.send('GET', `/v1/fine_tuning/jobs/${first}`)).status).toBe(400);

  expect(await test.send('DELETE', `/v1/batches/${first}`)).toMatchObject({
    status: 409,
    body: { error: { code: 'batch-unfinished' } },
  });
  const cancelled = await test.send('POST', `/v1/batches/${first}/cancel`);
  expect(cancelled.body).toMatchObject({ status: 'cancelled', cancelling_at: expect.any(Number) });
  expect(test.cancelled).toEqual([first]);
  expect((await download(test, first)).text).toBe('');
  expect((await test.send('DELETE', `/v1/batches/${first}`)).body).toEqual({
    id: first,
    object: 'batch',
    deleted: true,
    inputs_deleted: 0,
  });
  for await (const { key } of test.store.list(keys.jobFiles(first))) expect(key).toBeUndefined();
  expect((await test.send('GET', `/v1/batches/${first}`)).body.error.code).toBe('batch-not-found');
  expect(await test.store.head('inputs/a/red.png')).toBeDefined();
});

it('takes its pictures below inputs/ along where it is asked to, and no others', async () => {
  const OPERATOR = 'the-key-of-the-operator';
  const test = await openApp({ apiKeys: async () => ({ operator: OPERATOR }) });
  const as = (secret: string) => (method: string, path: string, body?: object) =>
    test.send(method, path, body, { authorization: `Bearer ${secret}` });
  const operator = as(OPERATOR);
  const key = { name: 'team', scopes: ['train'] };
  const team = as((await operator('POST', '/v1/keys', key)).body.secret);
  await test.store.put('inputs/b/red.png', await colorPicture('red'));
  await test.store.put('datasets/fruit/red/1.png', await colorPicture('red'));
  await test.store.put(
    'inputs/list.jsonl',
    '{"key":"inputs/a/red.png"}\n{"key":"datasets/fruit/red/1.png"}\n',
  );
  const list = { model: 'color', input_file_id: 'inputs/list.jsonl' };
  const { id } = (await team('POST', '/v1/batches', list)).body;
  const other = (await team('POST', '/v1/batches', { model: 'color', input_prefix: 'inputs/a/' })).body.id;
  await run(test, id);
  const remove = `/v1/batches/${id}?delete_inputs=true`;
  expect((await team('DELETE', remove)).body.error.code).toBe('scope-missing');
  expect((await operator('DELETE', remove)).body.error).toMatchObject({
    code: 'file-in-use',
    details: { batches: [other] },
  });
  await run(test, other);
  expect((await operator('DELETE', remove)).body).toMatchObject({ deleted: true, inputs_deleted: 2 });
  const left: string[] = [];
  for (const prefix of ['inputs/', 'datasets/'])
    for await (const one of test.store.list(prefix)) left.push(one.key);
  expect(left).toContain('datasets/fruit/red/1.png');
  expect(left).toContain('inputs/b/red.png');
  expect(left).toContain('inputs/a/blue.png');
  for (const gone of ['inputs/a/red.png', 'inputs/list.jsonl']) expect(left).not.toContain(gone);
  expect((await operator('DELETE', `/v1/batches/${other}?delete_inputs=true`)).body.inputs_deleted).toBe(3);
});

it('refuses a GPU, which would do nothing, and says what makes a batch quicker', async () => {
  const test = await openApp();
  const asked = { model: 'color', input_prefix: 'inputs/', dry_run: true };
  const { status, body } = await test.send('POST', '/v1/batches', { ...asked, backend: 'gpu' });
  expect([status, body.error.code, body.error.param]).toEqual([400, 'request-invalid', 'backend']);
  expect(body.error.message).toMatch(/processors alone.*"shards"/);
  expect((await test.send('POST', '/v1/batches', { ...asked, backend: 'auto' })).status).toBe(200);
});

it.each([
  ['records', { input_prefix: 'jobs/' }, 'not below'],
  ['a neighbour of an allowed folder', { input_prefix: 'datasets-of-others/' }, 'not below'],
  ['a way out of the folder', { input_prefix: 'inputs/../models/' }, '".."'],
  ['another bucket', { input_prefix: 's3://others/pictures/' }, 'outside of this installation'],
  ['an address', { input_file_id: 'https://example.com/list.jsonl' }, 'outside of this installation'],
  ['a prefix without pictures', { input_prefix: 'inputs/none/' }, 'no pictures'],
  ['a file that is not there', { input_file_id: 'inputs/none.jsonl' }, 'There is no file'],
])('refuses %s', async (_what, input, message) => {
  const test = await openApp();
  const { status, body } = await test.send('POST', '/v1/batches', { model: 'color', ...input });
  expect(status).toBe(400);
  expect(body.error.code).toBe('batch-input-invalid');
  expect(body.error.message).toContain(message);
  expect(body.error.param).toBe(Object.keys(input)[0]);
  expect(test.submitted).toEqual([]);
});

it('refuses a file whose lines cannot be understood, names them, and leaves nothing behind', async () => {
  const test = await openApp();
  const lines = [
    '{"key":"inputs/a/red.png","custom_id":"1"}',
    'key',
    '{"name":"x"}',
    '{"key":"inputs/a/red.png","custom_id":"1"}',
  ];
  await test.store.put('inputs/list.jsonl', lines.join('\n'));
  const { status, body } = await test.send('POST', '/v1/batches', {
    model: 'color',
    input_file_id: 'inputs/list.jsonl',
  });
  expect(status).toBe(400);
  expect(body.error.details.lines.map(({ line }: AnyJson) => line)).toEqual([2, 3, 4]);
  for await (const { key } of test.store.list(keys.batches())) expect(key).toBeUndefined();
});

it('refuses requests that name neither or both ways', async () => {
  const test = await openApp();
  for (const body of [
    { model: 'color' },
    { model: 'color', input_prefix: 'inputs/', input_file_id: 'inputs/a.jsonl' },
    { input_prefix: 'inputs/' },
    { model: 'color', endpoint: '/v1/models/color/predict', input_prefix: 'inputs/' },
    { model: 'color', input_prefix: 'inputs/', completion_window: 'soon' },
  ])
    expect(await test.send('POST', '/v1/batches', body)).toMatchObject({
      status: 400,
      body: { error: { code: 'request-invalid' } },
    });
  const missing = await test.send('POST', '/v1/batches', {
    model: 'color',
    version: '9',
    input_prefix: 'inputs/',
  });
  expect(missing.body.error.code).toBe('model-version-not-found');
});

it('keeps batches over datasets from keys that may only predict, and from keys of other datasets and models', async () => {
  const test = await openApp({ apiKeys: async () => ({ operator: 'the-key-of-the-operator' }) });
  await test.store.put('datasets/mine/red/1.png', await colorPicture('red'));
  await test.store.put('datasets/theirs/red/1.png', await colorPicture('red'));
  const as = (secret: string) => (method: string, path: string, body?: unknown) =>
    test.send(method, path, body, { authorization: `Bearer ${secret}` });
  const admin = as('the-key-of-the-operator');
  const make = async (key: object) => as((await admin('POST', '/v1/keys', key)).body.secret);
  const predict = await make({ name: 'predict', scopes: ['predict'] });
  const limited = await make({ name: 'limited', scopes: ['train'], datasets: ['mine'] });
  const others = await make({ name: 'others', scopes: ['train'], models: ['other'] });
  const over = (input_prefix: string) => ({ model: 'color', input_prefix });

  expect((await predict('POST', '/v1/batches', over('datasets/mine/'))).body.error.code).toBe(
    'scope-missing',
  );
  for (const prefix of ['datasets/theirs/', 'datasets/', 'inputs/'])
    expect((await limited('POST', '/v1/batches', over(prefix))).body.error.code).toBe('key-limited');
  expect((await others('POST', '/v1/batches', over('inputs/'))).body.error.code).toBe('key-limited');

  const mine = (await limited('POST', '/v1/batches', over('datasets/mine/'))).body;
  test.clock.nowMs += 1000;
  const theirs = (await admin('POST', '/v1/batches', over('datasets/theirs/'))).body;
  test.clock.nowMs += 1000;
  const inputs = (await predict('POST', '/v1/batches', over('inputs/'))).body;
  const seen = async (ask: typeof admin) =>
    (await ask('GET', '/v1/batches')).body.data.map(({ id }: AnyJson) => id);
  expect(await seen(admin)).toEqual([inputs.id, theirs.id, mine.id]);
  expect(await seen(predict)).toEqual([inputs.id]);
  expect(await seen(limited)).toEqual([mine.id]);
  expect(await seen(others)).toEqual([]);
  for (const [method, route] of [
    ['GET', ''],
    ['GET', '/results'],
    ['POST', '/cancel'],
    ['DELETE', ''],
  ] as const) {
    expect((await limited(method, `/v1/batches/${theirs.id}${route}`)).status).toBe(403);
    expect((await predict(method, `/v1/batches/${mine.id}${route}`)).status).toBe(403);
    expect((await others(method, `/v1/batches/${inputs.id}${route}`)).status).toBe(403);
  }
  expect((await limited('GET', `/v1/batches/${mine.id}`)).status).toBe(200);

  // A picture of a dataset that a list names is an error of its line.
  await test.store.put('inputs/list.jsonl', '{"key":"datasets/mine/red/1.png"}');
  const { body } = await predict('POST', '/v1/batches', {
    model: 'color',
    input_file_id: 'inputs/list.jsonl',
  });
  await run(test, body.id);
  expect((await predict('GET', `/v1/batches/${body.id}`)).body.request_counts).toMatchObject({ failed: 1 });
});

it('shows a key that may only predict its own batches, and no uploads of others', async () => {
  const test = await openApp({ apiKeys: async () => ({ operator: 'the-key-of-the-operator' }) });
  await test.store.put(keys.upload(UPLOAD), await colorPicture('red'));
  await test.store.put('datasets/mine/list.jsonl', '{"key":"inputs/a/red.png"}');
  await test.store.put('inputs/list.jsonl', JSON.stringify({ key: UPLOAD }));
  const as = (secret: string) => (method: string, path: string, body?: unknown) =>
    test.send(method, path, body, { authorization: `Bearer ${secret}` });
  const admin = as('the-key-of-the-operator');
  const make = async (name: string, scope: string) =>
    as((await admin('POST', '/v1/keys', { name, scopes: [scope] })).body.secret);
  const [one, two, train] = [
    await make('one', 'predict'),
    await make('two', 'predict'),
    await make('train', 'train'),
  ];
  const { id } = (await one('POST', '/v1/batches', { model: 'color', input_prefix: 'inputs/a/' })).body;
  const seen = async (ask: typeof admin) =>
    (await ask('GET', '/v1/batches')).body.data.map((batch: AnyJson) => batch.id);
  expect(await seen(one)).toEqual([id]);
  expect(await seen(two)).toEqual([]);
  expect(await seen(train)).toEqual([id]);
  for (const [method, route] of [
    ['GET', ''],
    ['GET', '/results'],
    ['POST', '/cancel'],
    ['DELETE', ''],
  ] as const)
    expect((await two(method, `/v1/batches/${id}${route}`)).body.error.code).toBe('scope-missing');
  expect((await one('GET', `/v1/batches/${id}`)).status).toBe(200);

  for (const input of [{ input_prefix: 'uploads' }, { input_file_id: 'datasets/mine/list.jsonl' }]) {
    const refused = await one('POST', '/v1/batches', { model: 'color', ...input });
    expect(refused.body.error.code).toBe('scope-missing');
    expect((await train('POST', '/v1/batches', { model: 'color', ...input })).status).toBe(200);
  }
  // Who knows the id of an upload may name it.
  expect(
    (await one('POST', '/v1/batches', { model: 'color', input_file_id: 'inputs/list.jsonl' })).status,
  ).toBe(200);
});

it('keeps what it reads from deletion while it is not over, and is named as a holder afterwards', async () => {
  const test = await openApp();
  const key = 'datasets/pets/red/1.png';
  await test.store.put(key, await colorPicture('red'));
  await test.store.put('datasets/others/red/1.png', await colorPicture('red'));
  await test.store.put('inputs/list.jsonl', JSON.stringify({ key }));
  const ids: string[] = [];
  for (const input of [{ input_prefix: 'datasets/pets/' }, { input_file_id: 'inputs/list.jsonl' }]) {
    test.clock.nowMs += 1000;
    const { id } = (await test.send('POST', '/v1/batches', { model: 'color', ...input })).body;
    ids.push(id);
    for (const [method, path, body] of [
      ['DELETE', '/v1/datasets/pets', undefined],
      ['POST', '/v1/datasets/pets/files/delete', { paths: ['red/1.png'] }],
    ] as const)
      expect(await test.send(method, path, body)).toMatchObject({
        status: 409,
        body: {
          error: {
            code: 'dataset-in-use',
            message: expect.stringContaining(`batch "${id}" is`),
            details: { batches: [id] },
          },
        },
      });
    for (const [method, path, body] of [
      ['DELETE', '/v1/models/color', undefined],
      ['DELETE', '/v1/models/color/versions/1', undefined],
      ['POST', '/v1/models/color/rename', { name: 'paint' }],
    ] as const) {
      const { error } = (await test.send(method, path, body)).body;
      expect(error).toMatchObject({ code: 'model-in-use', details: { batches: [id] } });
      expect(error.message).toContain(`${id} predicts with model "color"`);
    }
    await run(test, id);
  }
  const erased = await test.send('POST', '/v1/datasets/pets/files/delete', { paths: ['red/1.png'] });
  expect(erased.body.also_held_by).toEqual(
    ids.toReversed().map((id) => ({ object: 'batch', id, holds: ['input_list', 'results'] })),
  );
  expect((await test.send('DELETE', '/v1/datasets/others')).body.also_held_by).toEqual([]);
});
