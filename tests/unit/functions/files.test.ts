// Files in the shape of OpenAI's, over HTTP: who may see them, what is kept of them, and batches that read them.

import { gzipSync } from 'node:zlib';
import { zipSync } from 'fflate';
import { packTar } from 'modern-tar';
import { describe, expect, it } from 'vitest';
import { runBatch } from '../../../batch-job/run-batch.ts';
import { createFileStore } from '../../../core/file/file-store.ts';
import { batchDepsOf } from '../../support/batch-deps.ts';
import { colorPicture, commitColorModel } from '../../support/color-model.ts';
import { type AnyJson, createTestApp, readAnswer, type TestApp } from '../../support/test-app.ts';

const ENDPOINT = '/v1/models/color/predict';
const RED = await colorPicture('red');
const BLUE = await colorPicture('blue', 'jpeg');
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
const line = (custom_id: string, body: AnyJson) =>
  JSON.stringify({ custom_id, method: 'POST', url: ENDPOINT, body });

async function send(
  { app }: TestApp,
  content: string | Uint8Array<ArrayBuffer>,
  fields: Record<string, string> = { purpose: 'batch' },
  headers: Record<string, string> = {},
  name = 'list.jsonl',
) {
  const form = new FormData();
  form.append('file', new Blob([content]), name);
  for (const [field, value] of Object.entries(fields)) form.append(field, value);
  return readAnswer(await app.request('/v1/files', { method: 'POST', body: form, headers }));
}

const contentOf = async ({ app }: TestApp, id: string, headers: Record<string, string> = {}) => {
  const response = await app.request(`/v1/files/${id}/content`, { headers });
  return { status: response.status, text: await response.text() };
};

async function keysOf({ store }: TestApp): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of store.list('files/')) found.push(key);
  return found;
}

const run = (test: TestApp, id: string) => runBatch(batchDepsOf(test), id);

describe('a file', () => {
  it('is kept as it was sent, listed, downloaded, and erased', async () => {
    const test = createTestApp();
    const { status, body } = await send(test, 'a\nb\n');
    const nowSeconds = Math.floor(test.clock.nowMs / 1000);
    const wire = {
      id: expect.stringMatching(/^file-x/),
      object: 'file',
      bytes: 4,
      created_at: nowSeconds,
      expires_at: nowSeconds + 30 * 24 * 3600,
      filename: 'list.jsonl',
      purpose: 'batch',
      status: 'processed',
    };
    expect({ status, body }).toEqual({ status: 200, body: wire });
    expect((await test.send('GET', `/v1/files/${body.id}`)).body).toEqual(wire);
    expect((await test.send('GET', '/v1/files')).body).toEqual({
      object: 'list',
      data: [wire],
      first_id: body.id,
      last_id: body.id,
      has_more: false,
    });
    expect(await contentOf(test, body.id)).toEqual({ status: 200, text: 'a\nb\n' });
    expect((await test.send('DELETE', `/v1/files/${body.id}`)).body).toEqual({
      id: body.id,
      object: 'file',
      deleted: true,
    });
    expect((await test.send('GET', `/v1/files/${body.id}`)).status).toBe(404);
    expect(await keysOf(test)).toEqual([]);
  });

  it('is found page by page, in both orders, among those that expire and those that stay', async () => {
    const test = createTestApp();
    const made: string[] = [];
    for (const purpose of ['batch', 'vision', 'batch', 'user_data', 'batch']) {
      test.clock.nowMs += 1000;
      made.push((await send(test, 'x', { purpose })).body.id);
    }
    const walk = async (order: string) => {
      const found: string[] = [];
      for (let after = ''; ; ) {
        const { body } = await test.send(
          'GET',
          `/v1/files?limit=2&order=${order}${after && `&after=${after}`}`,
        );
        found.push(...body.data.map(({ id }: AnyJson) => id));
        if (!body.has_more) return found;
        after = body.last_id;
      }
    };
    expect(await walk('asc')).toEqual(made);
    expect(await walk('desc')).toEqual(made.toReversed());
    const { body } = await test.send('GET', '/v1/files?purpose=vision');
    expect(body.data.map(({ id }: AnyJson) => id)).toEqual([made[1]]);
  });

  it('is gone after its time, for good', async () => {
    const test = createTestApp();
    const fields = {
      purpose: 'user_data',
      'expires_after[anchor]': 'created_at',
      'expires_after[seconds]': '3600',
    };
    const { body } = await send(test, 'x', fields);
    expect(body.expires_at).toBe(body.created_at + 3600);
    const stays = (await send(test, 'y')).body.id;
    test.clock.nowMs += 3600 * 1000;
    expect((await test.send('GET', `/v1/files/${body.id}`)).status).toBe(404);
    expect((await test.send('GET', '/v1/files')).body.data.map(({ id }: AnyJson) => id)).toEqual([stays]);
    const files = createFileStore({ store: test.store, now: () => test.clock.nowMs });
    await files.eraseExpired();
    expect((await keysOf(test)).filter((key) => key.includes(body.id))).toEqual([]);
    expect((await keysOf(test)).length).toBe(2);
  });

  it('that was never finished is erased after a day', async () => {
    const test = createTestApp();
    const files = createFileStore({ store: test.store, now: () => test.clock.nowMs });
    const { id } = (await send(test, 'x', { purpose: 'vision' })).body;
    await test.store.delete(`files/kept/${id}/file.json`);
    await files.eraseExpired();
    expect(await keysOf(test)).toEqual([`files/kept/${id}/content/000000`]);
    test.clock.nowMs += 24 * 3600 * 1000;
    await files.eraseExpired();
    expect(await keysOf(test)).toEqual([]);
  });

  it.each([
    ['no purpose', {}, 400, 'request-invalid', 'purpose'],
    ['a purpose that there is not', { purpose: 'assistants' }, 400, 'request-invalid', 'purpose'],
    ['a field that there is not', { purpose: 'batch', x: '1' }, 400, 'request-invalid', null],
    [
      'too short a time',
      { purpose: 'batch', 'expires_after[seconds]': '10' },
      400,
      'request-invalid',
      'expires_after[seconds]',
    ],
  ])('rejects %s', async (_, fields, status, code, param) => {
    const test = createTestApp();
    expect(await send(test, 'x', fields as Record<string, string>)).toMatchObject({
      status,
      body: { error: { code, param } },
    });
    expect(await keysOf(test)).toEqual([]);
  });

  it('rejects an empty file, one that is too large, and a form without one', async () => {
    const test = createTestApp({ limits: { uploadBytes: 3 } });
    expect((await send(test, '')).body.error.code).toBe('file-invalid');
    expect(await send(test, 'four', { purpose: 'vision' })).toMatchObject({
      status: 413,
      body: { error: { code: 'file-too-large', param: 'file' } },
    });
    const form = new FormData();
    form.append('purpose', 'batch');
    const response = await test.app.request('/v1/files', { method: 'POST', body: form });
    expect((await readAnswer(response)).body.error).toMatchObject({
      code: 'multipart-invalid',
      param: 'file',
    });
    expect((await test.send('POST', '/v1/files', {})).body.error.code).toBe('content-type-unsupported');
    expect(await keysOf(test)).toEqual([]);
  });

  it('is seen by the key that sent it, and by keys that may see all pictures', async () => {
    const test = createTestApp({ apiKeys: async () => ({ operator: 'operator' }) });
    const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
    const makeKey = async (key: object) =>
      bearer((await test.send('POST', '/v1/keys', key, bearer('operator'))).body.secret);
    const one = await makeKey({ name: 'one', scopes: ['predict'] });
    const other = await makeKey({ name: 'other', scopes: ['predict'] });
    const trainer = await makeKey({ name: 'trainer', scopes: ['train'] });
    const limited = await makeKey({ name: 'limited', scopes: ['train'], datasets: ['fruit'] });
    const { id } = (await send(test, 'x', undefined, one)).body;
    for (const [headers, status] of [
      [one, 200],
      [other, 404],
      [trainer, 200],
      [limited, 404],
    ] as const) {
      expect((await test.send('GET', `/v1/files/${id}`, undefined, headers)).status).toBe(status);
      expect((await contentOf(test, id, headers)).status).toBe(status);
      const { body } = await test.send('GET', '/v1/files', undefined, headers);
      expect(body.data.length).toBe(status === 200 ? 1 : 0);
    }
    expect((await test.send('DELETE', `/v1/files/${id}`, undefined, other)).status).toBe(404);
    expect((await test.send('DELETE', `/v1/files/${id}`, undefined, one)).status).toBe(200);
  });
});

describe('a batch of a file', () => {
  async function openApp() {
    const test = createTestApp();
    await commitColorModel(test.store);
    await test.store.put('inputs/red.png', RED);
    return test;
  }
  const create = (test: TestApp, input_file_id: string) =>
    test.send('POST', '/v1/batches', { input_file_id, endpoint: ENDPOINT, completion_window: '24h' });

  it('predicts pictures that lines name or hold, and gives predictions and errors as two files', async () => {
    const test = await openApp();
    const lines = [
      line('key', { image_key: 'inputs/red.png' }),
      line('base64', { image: base64(BLUE), model: 'color' }),
      line('data', { image_url: `data:image/png;base64,${base64(RED)}` }),
      line('object', { image_url: { url: `data:image/jpeg;base64,${base64(BLUE)}`, detail: 'low' } }),
      line('address', { image_url: 'https://example.com/1.png' }),
      line('broken', { image: 'äöü' }),
    ];
    const { id } = (await send(test, lines.join('\n'))).body;
    const { status, body: made } = await create(test, id);
    expect([status, made.input_file_id, made.output_file_id]).toEqual([200, id, null]);
    // It is read while the batch is open.
    expect(await test.send('DELETE', `/v1/files/${id}`)).toMatchObject({
      status: 409,
      body: { error: { code: 'file-in-use' } },
    });
    expect((await contentOf(test, `${made.id}-output`)).status).toBe(404);
    expect(await run(test, made.id)).toBe('succeeded');
    const { body } = await test.send('GET', `/v1/batches/${made.id}`);
    expect(body.request_counts).toEqual({ total: 6, completed: 4, failed: 2 });
    const answers = (text: string): AnyJson[] =>
      text
        .trimEnd()
        .split('\n')
        .map((one) => JSON.parse(one));
    const output = await contentOf(test, body.output_file_id);
    expect(
      answers(output.text).map(({ custom_id, response, error }) => [
        custom_id,
        response.body.label,
        response.body.key,
        error,
      ]),
    ).toEqual([
      ['key', 'red', 'inputs/red.png', null],
      ['base64', 'blue', id, null],
      ['data', 'red', id, null],
      ['object', 'blue', id, null],
    ]);
    const errors = await contentOf(test, body.error_file_id);
    expect(answers(errors.text).map(({ custom_id, error }) => [custom_id, error.code])).toEqual([
      ['address', 'base64-invalid'],
      ['broken', 'base64-invalid'],
    ]);
    expect((await test.send('GET', `/v1/files/${body.output_file_id}`)).body).toMatchObject({
      id: body.output_file_id,
      object: 'file',
      purpose: 'batch_output',
      bytes: Buffer.byteLength(output.text),
    });
    // The input may go now. Errors are a part of the results.
    expect((await test.send('DELETE', `/v1/files/${id}`)).status).toBe(200);
    expect((await test.send('DELETE', `/v1/files/${body.error_file_id}`)).status).toBe(409);
    expect((await test.send('DELETE', `/v1/files/${body.output_file_id}`)).body.deleted).toBe(true);
    for (const gone of [body.output_file_id, body.error_file_id])
      expect((await test.send('GET', `/v1/files/${gone}`)).status).toBe(404);
  });

  it('takes a list with a byte order mark', async () => {
    const test = await openApp();
    const lines = [line('first', { image: base64(RED) }), line('second', { image: base64(BLUE) })];
    const { id } = (await send(test, `\uFEFF${lines.join('\r\n')}`)).body;
    const { body: made } = await create(test, id);
    await run(test, made.id);
    const { body } = await test.send('GET', `/v1/batches/${made.id}`);
    expect(body.request_counts).toEqual({ total: 2, completed: 2, failed: 0 });
  });

  it('says of a line that became another one that it holds no picture', async () => {
    const test = await openApp();
    await test.store.put('inputs/list.jsonl', line('a', { image: base64(RED) }));
    const { body: made } = await create(test, 'inputs/list.jsonl');
    await test.store.put('inputs/list.jsonl', line('a', { model: 'color' }).padEnd(1000));
    await run(test, made.id);
    const { text } = await contentOf(test, `${made.id}-errors`);
    expect(JSON.parse(text).error).toMatchObject({
      code: 'picture-not-found',
      message: expect.stringContaining('holds no picture'),
    });
  });

  it('names no file with predictions where all pictures have errors', async () => {
    const test = await openApp();
    const { id } = (await send(test, line('gone', { image_key: 'inputs/gone.png' }))).body;
    const { body: made } = await create(test, id);
    await run(test, made.id);
    const { body } = await test.send('GET', `/v1/batches/${made.id}`);
    expect([body.output_file_id, body.error_file_id]).toEqual([null, `${made.id}-errors`]);
    expect((await test.send('DELETE', `/v1/files/${body.error_file_id}`)).status).toBe(200);
  });

  it('reads lines across the parts of a file', async () => {
    const test = await openApp();
    const files = createFileStore({ store: test.store, now: () => test.clock.nowMs });
    const { id } = (await send(test, 'x')).body;
    const record = await files.get(id);
    await files.erase(id);
    const text = [line('ä', { image: base64(BLUE) }), line('b', { image: base64(RED) })].join('\n');
    const bytes = Buffer.from(text);
    await files.write(
      id,
      (async function* () {
        for (let at = 0; at < bytes.length; at += 13) yield bytes.subarray(at, at + 13);
      })(),
    );
    if (record !== undefined) await files.commit({ ...record, bytes: bytes.length });
    const { body: made } = await create(test, id);
    await run(test, made.id);
    const { text: output } = await contentOf(test, `${made.id}-output`);
    expect(
      output
        .trimEnd()
        .split('\n')
        .map((one) => JSON.parse(one).response.body.label),
    ).toEqual(['blue', 'red']);
  });

  it.each([
    ['two pictures in a line', line('a', { image: 'aaaa', image_key: 'inputs/red.png' }), 'give one of'],
    ['no picture in a line', line('a', { model: 'color' }), 'give one of'],
    ['another model', line('a', { image: 'aaaa', model: 'gpt' }), 'its model \\"gpt\\" is not'],
  ])('rejects %s', async (_, content, message) => {
    const test = await openApp();
    const { id } = (await send(test, content)).body;
    expect((await create(test, id)).body.error).toMatchObject({
      code: 'batch-input-invalid',
      message: expect.stringContaining(message.replaceAll('\\', '')),
    });
  });

  it('rejects a file of another purpose, and one that is not there', async () => {
    const test = await openApp();
    const { id } = (await send(test, 'x', { purpose: 'vision' })).body;
    expect((await create(test, id)).body.error).toMatchObject({
      code: 'batch-input-invalid',
      param: 'input_file_id',
    });
    await test.send('DELETE', `/v1/files/${id}`);
    for (const unknown of [id, 'file-abc123'])
      expect(await create(test, unknown)).toMatchObject({
        status: 404,
        body: { error: { code: 'file-not-found', param: 'input_file_id' } },
      });
  });
});

describe('a file for fine-tuning', () => {
  const NOTE = new TextEncoder().encode('no picture');
  const FILES = { 'colors/red/1.png': RED, 'colors/blue/1.jpg': BLUE, 'colors/blue/note.txt': NOTE };
  const zip = () => Uint8Array.from(zipSync(FILES));
  const tarGz = async () =>
    Uint8Array.from(
      gzipSync(
        await packTar(
          Object.entries(FILES).map(([name, body]) => ({ header: { name, size: body.length }, body })),
        ),
      ),
    );
  const fineTune = (
    test: TestApp,
    content: string | Uint8Array<ArrayBuffer>,
    headers = {},
    name = 'colors.zip',
  ) => send(test, content, { purpose: 'fine-tune' }, headers, name);
  const example = (label: string, url: string) =>
    JSON.stringify({
      messages: [
        { role: 'system', content: 'Which color is it?' },
        { role: 'user', content: [{ type: 'image_url', image_url: { url } }] },
        { role: 'assistant', content: label },
      ],
    });
  const inDataset = async ({ store }: TestApp, id: string) => {
    const found: string[] = [];
    for await (const { key } of store.list('datasets/')) found.push(key.replace(`datasets/${id}/`, ''));
    return found;
  };

  it.each([
    ['.zip', async () => zip()],
    ['.tar.gz', tarGz],
  ])('is a %s archive whose pictures are the dataset of a job', async (_, pack) => {
    const test = createTestApp();
    const { status, body } = await fineTune(test, await pack());
    expect([status, body.purpose, body.status_details]).toEqual([
      200,
      'fine-tune',
      expect.stringMatching(/^1 of 3 files were not taken\. "colors\/blue\/note\.txt": /),
    ]);
    expect(body.expires_at).toBeUndefined();
    expect(await inDataset(test, body.id)).toEqual(['colors/blue/1.jpg', 'colors/red/1.png']);
    const job = await test.send('POST', '/v1/fine_tuning/jobs', {
      model: 'small_cnn',
      training_file: body.id,
      suffix: 'colors',
    });
    expect(job).toMatchObject({ status: 200, body: { training_file: body.id, status: 'queued' } });
    const path = `/v1/files/${body.id}`;
    expect(await test.send('DELETE', path)).toMatchObject({
      status: 409,
      body: { error: { code: 'file-in-use' } },
    });
    // Its name is that of the file.
    expect(await test.send('POST', `/v1/datasets/${body.id}/rename`, { name: 'colors' })).toMatchObject({
      status: 400,
      body: { error: { code: 'dataset-name-invalid' } },
    });
    await test.send('POST', `/v1/fine_tuning/jobs/${job.body.id}/cancel`);
    expect((await test.send('DELETE', path)).body).toMatchObject({
      deleted: true,
      also_held_by: [{ object: 'fine_tuning.job', id: job.body.id, holds: ['events'] }],
    });
    expect([await inDataset(test, body.id), await keysOf(test)]).toEqual([[], []]);
  });

  it('is JSONL of conversations, each with a picture and its label', async () => {
    const test = createTestApp({
      fetchPicture: async (url) => {
        if (url === 'https://example.com/1.jpg') return BLUE;
        throw new Error(url);
      },
    });
    const lines = [
      example('red', `data:image/png;base64,${base64(RED)}`),
      '',
      example(' blue ', 'https://example.com/1.jpg'),
      example('blue', 'data:image/png;base64,?'),
    ];
    const { body } = await fineTune(test, lines.join('\n'), {}, 'colors.jsonl');
    expect(body.status_details).toMatch(/^1 of 3 files/);
    expect(await inDataset(test, body.id)).toEqual(['blue/000003.img', 'red/000001.png']);
  });

  it('fetches no address where the operator does not allow it', async () => {
    const test = createTestApp();
    const { body } = await fineTune(test, example('red', 'https://example.com/1.jpg'), {}, 'a.jsonl');
    expect(body.error.message).toContain('fetches no pictures from URLs');
    expect(await keysOf(test)).toEqual([]);
  });

  it.each([
    [
      'text alone',
      '{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello"}]}',
      'no picture',
    ],
    ['prompts', '{"prompt":"a","completion":"b"}', 'no "messages"'],
    ['no JSON', '{"messages"', 'not JSON'],
    ['no label', example(' ', 'data:,'), 'whose text is the label'],
    ['a label that leads elsewhere', example('../x', 'data:,'), 'cannot be the name of a class'],
    ['neither an archive nor JSONL', 'label,file', 'neither a zip nor a gzip file'],
    [
      'an archive without pictures',
      Uint8Array.from(zipSync({ 'red/note.txt': NOTE })),
      'no picture in a folder',
    ],
  ])('rejects %s, and keeps nothing', async (_, content, message) => {
    const test = createTestApp();
    const { status, body } = await fineTune(test, content);
    expect([status, body.error.message]).toEqual([400, expect.stringContaining(message)]);
    expect([await keysOf(test), await inDataset(test, '')]).toEqual([[], []]);
  });

  it('is named where a picture of its dataset is deleted; copies of that picture go', async () => {
    const test = createTestApp();
    const { id } = (await fineTune(test, zip())).body;
    const copy = (await send(test, BLUE, { purpose: 'vision' })).body.id;
    const { body } = await test.send('POST', `/v1/datasets/${id}/files/delete`, {
      paths: ['colors/blue/1.jpg'],
    });
    expect(body.also_held_by).toEqual([{ object: 'file', id, holds: ['content'] }]);
    expect((await test.send('GET', `/v1/files/${copy}`)).status).toBe(404);
    expect((await keysOf(test)).filter((key) => key.includes(copy))).toEqual([]);
  });

  it('that is gone or in use is spoken of as a file', async () => {
    const test = createTestApp();
    const { id } = (await fineTune(test, zip())).body;
    const begin = () => test.send('POST', '/v1/fine_tuning/jobs', { model: 'small_cnn', training_file: id });
    const job = (await begin()).body.id;
    expect(await test.send('DELETE', `/v1/files/${id}`)).toMatchObject({
      status: 409,
      body: { error: { code: 'file-in-use', param: 'file_id', details: { jobs: [job] } } },
    });
    await test.send('POST', `/v1/fine_tuning/jobs/${job}/cancel`);
    expect((await test.send('DELETE', `/v1/files/${id}`)).status).toBe(200);
    expect(await begin()).toMatchObject({
      status: 404,
      body: { error: { code: 'file-not-found', param: 'training_file' } },
    });
  });

  it('is refused by one sentence after the other where its archive is empty', async () => {
    const { body } = await fineTune(createTestApp(), Uint8Array.from(zipSync({})));
    expect(body.error.message).not.toContain('  ');
  });

  it('needs the scope train, and no end; others delete it as a dataset', async () => {
    const test = createTestApp({ apiKeys: async () => ({ operator: 'operator' }) });
    const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
    const makeKey = async (key: object) =>
      bearer((await test.send('POST', '/v1/keys', key, bearer('operator'))).body.secret);
    const predicts = await makeKey({ name: 'predicts', scopes: ['predict'] });
    const one = await makeKey({ name: 'one', scopes: ['train'] });
    const other = await makeKey({ name: 'other', scopes: ['train'] });
    const limited = await makeKey({ name: 'limited', scopes: ['train'], datasets: ['fruit'] });
    expect((await fineTune(test, zip(), predicts)).body.error.code).toBe('scope-missing');
    expect((await fineTune(test, zip(), limited)).body.error.code).toBe('key-limited');
    const inParts = { purpose: 'fine-tune', filename: 'a.zip', mime_type: 'application/zip', bytes: 9 };
    expect((await test.send('POST', '/v1/uploads', inParts, limited)).body.error.code).toBe('key-limited');
    const { id } = (await fineTune(test, zip(), one)).body;
    const del = (headers: Record<string, string>) =>
      test.send('DELETE', `/v1/files/${id}`, undefined, headers);
    expect((await del(predicts)).body.error.code).toBe('file-not-found');
    expect((await del(limited)).body.error.code).toBe('file-not-found');
    expect((await del(other)).body.error.code).toBe('scope-missing');
    expect((await del(one)).body.deleted).toBe(true);
    const fields = { purpose: 'fine-tune', 'expires_after[seconds]': '3600' };
    expect((await send(test, zip(), fields, one)).body.error).toMatchObject({
      code: 'file-invalid',
      param: 'expires_after',
    });
  });

  it('of another purpose is refused as a dataset', async () => {
    const test = createTestApp();
    const { id } = (await send(test, 'x')).body;
    expect(
      await test.send('POST', '/v1/fine_tuning/jobs', { model: 'small_cnn', training_file: id }),
    ).toMatchObject({ status: 400, body: { error: { code: 'file-invalid', param: 'training_file' } } });
  });
});
