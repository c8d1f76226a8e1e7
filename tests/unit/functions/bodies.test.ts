// What the bodies of requests may cost, one by one and all together.

import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { colorPicture, commitColorModel } from '../../support/color-model.ts';
import { createTestApp, readAnswer, type TestApp } from '../../support/test-app.ts';

const PREDICT = '/v1/models/color/predict';
const JSON_TYPE = { 'content-type': 'application/json' };

let red: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  red = await colorPicture('red');
});

async function createApp(limits: Parameters<typeof createTestApp>[0] = {}) {
  const test = createTestApp(limits);
  await commitColorModel(test.store);
  return test;
}

async function post(
  test: TestApp,
  body: NonNullable<RequestInit['body']>,
  headers: Record<string, string> = {},
  path = PREDICT,
) {
  const init: RequestInit & { duplex: 'half' } = { method: 'POST', body, headers, duplex: 'half' };
  return readAnswer(await test.app.request(new Request(`http://localhost${path}`, init)));
}

/** A body of the same chunk again and again; `sent` counts. */
function repeated(first: string, chunk: string, times: number) {
  const counter = { sent: 0 };
  const encoded = new TextEncoder().encode(chunk);
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode(first)),
    pull(controller) {
      if (counter.sent === times) return controller.close();
      counter.sent += 1;
      controller.enqueue(encoded);
    },
  });
  return { stream, counter };
}

/** A body of which the test holds the end. */
function held(bytes: number) {
  let end: ReadableStreamDefaultController<Uint8Array> | undefined;
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      end = controller;
      controller.enqueue(new Uint8Array(bytes));
    },
  });
  return { stream, leave: () => end?.error(new Error('gone')), close: () => end?.close() };
}

describe('a JSON body', () => {
  it.each([
    ['objects', '{"images":[{}', ',{}'.repeat(10_000)],
    ['numbers', '[1', ',1'.repeat(10_000)],
    ['lists within each other', '', '['.repeat(10_000)],
    ['objects within each other', '', '{"a":'.repeat(10_000)],
    ['members', '{"":1', ',"":1'.repeat(10_000)],
  ])('of %s without end is refused while it comes in', async (_, first, chunk) => {
    const test = await createApp();
    const { stream, counter } = repeated(first, chunk, 1000);
    expect(await post(test, stream, JSON_TYPE)).toMatchObject({
      status: 400,
      body: { error: { code: 'request-invalid' } },
    });
    expect(counter.sent).toBeLessThan(20);
  });

  it('is bounded on every route, and without a Content-Type', async () => {
    const test = await createApp();
    const list = `{"a":[${'0,'.repeat(100_001)}0]}`;
    for (const path of [PREDICT, '/v1/fine_tuning/jobs', '/v1/plans', '/v1/uploads', '/v1/models'])
      for (const headers of [JSON_TYPE, {}])
        expect(await post(test, new TextEncoder().encode(list), headers, path), path).toMatchObject({
          status: 400,
          body: { error: { code: 'request-invalid', details: { allowed: 100_000 } } },
        });
  });
});

describe('a compressed body', () => {
  const json = () => JSON.stringify({ image: Buffer.from(red).toString('base64') });

  it.each([
    ['gzip', gzipSync],
    ['GZIP', gzipSync],
    ['x-gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['identity', Buffer.from],
  ] as const)('of %s is understood', async (coding, compress) => {
    const test = await createApp();
    const headers = { 'content-encoding': coding };
    expect((await post(test, new Uint8Array(compress(red)), headers)).body).toMatchObject({ label: 'red' });
    expect(
      (await post(test, new Uint8Array(compress(Buffer.from(json()))), { ...JSON_TYPE, ...headers })).body,
    ).toMatchObject({ label: 'red' });
  });

  it('that is a form is read', async () => {
    const test = await createApp();
    const form = Buffer.concat([
      Buffer.from('--x\r\nContent-Disposition: form-data; name=a; filename=b\r\n\r\n'),
      red,
      Buffer.from('\r\n--x--\r\n'),
    ]);
    const headers = { 'content-encoding': 'gzip', 'content-type': 'multipart/form-data; boundary=x' };
    expect((await post(test, new Uint8Array(gzipSync(form)), headers)).body).toMatchObject({ label: 'red' });
  });

  it('counts with its decompressed size', async () => {
    const test = await createApp({ limits: { predictBodyBytes: 1_000_000 } });
    const body = new Uint8Array(gzipSync(new Uint8Array(100_000_000)));
    expect(body.byteLength).toBeLessThan(100_000);
    expect(await post(test, body, { 'content-encoding': 'gzip' })).toMatchObject({
      status: 413,
      body: { error: { code: 'body-too-large' } },
    });
  });

  it.each([
    ['that is not', 'gzip', () => red, 400, 'content-encoding-invalid'],
    [
      'that is cut off',
      'gzip',
      () => new Uint8Array(gzipSync(red)).slice(0, -10),
      400,
      'content-encoding-invalid',
    ],
    ['of an unknown coding', 'zip', () => red, 415, 'content-encoding-unsupported'],
    ['of two codings', 'gzip, gzip', () => red, 415, 'content-encoding-unsupported'],
  ] as const)('%s is refused', async (_, coding, body, status, code) => {
    const test = await createApp();
    expect(await post(test, body(), { 'content-encoding': coding })).toMatchObject({
      status,
      body: { error: { code } },
    });
  });
});

describe('all bodies together', () => {
  const limits = { bytesInFlight: 100_000, predictBodyBytes: 80_000 };

  it('hold no more than the limit; a further request is refused and told to try again', async () => {
    const test = await createApp({ limits });
    const first = held(60_000);
    const answer = post(test, first.stream);
    const refused = await post(test, new Uint8Array(60_000));
    expect(refused).toMatchObject({
      status: 503,
      body: { error: { code: 'server-busy', details: { limit_bytes: 100_000 } } },
    });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await post(test, red)).body).toMatchObject({ label: 'red' });
    first.close();
    expect((await answer).status).toBe(415);
    expect((await post(test, new Uint8Array(60_000))).status).toBe(415);
  });

  it('release the share of a client that disconnects', async () => {
    const test = await createApp({ limits });
    const first = held(60_000);
    const answer = post(test, first.stream);
    expect((await post(test, new Uint8Array(60_000))).status).toBe(503);
    first.leave();
    expect(await answer).toMatchObject({ status: 400, body: { error: { code: 'body-unreadable' } } });
    expect((await post(test, new Uint8Array(60_000))).status).toBe(415);
  });

  it('count the uploads that a request names', async () => {
    const test = await createApp({ limits: { bytesInFlight: 50_000 } });
    const { body: upload } = await test.send('POST', '/v1/uploads', { bytes: 60_000 });
    await test.store.put(upload.key, new Uint8Array(60_000));
    expect(await test.send('POST', PREDICT, { image_key: upload.key })).toMatchObject({ status: 503 });
    expect((await post(test, red)).status).toBe(200);
  });

  it.each([
    ['stalls', () => held(60_000).stream],
    [
      'sends next to nothing',
      () =>
        new ReadableStream<Uint8Array>({
          async pull(controller) {
            await new Promise((resolve) => setTimeout(resolve, 5));
            controller.enqueue(new Uint8Array(1));
          },
        }),
    ],
  ])('get back what a client holds that %s', async (_, body) => {
    const test = await createApp({ limits: { ...limits, bodyStallMs: 40 } });
    expect(await post(test, body())).toMatchObject({
      status: 408,
      body: { error: { code: 'body-timeout' } },
    });
    expect((await post(test, new Uint8Array(60_000))).status).toBe(415);
  });
});

it('closes the connection of a body that is not read to its end, and no other', async () => {
  const test = await createApp();
  const send = async (body: string, type: string) => {
    const init = { method: 'POST', body, headers: { 'content-type': type } };
    const response = await test.app.request(`http://localhost${PREDICT}`, init);
    return [response.status, response.headers.get('connection')];
  };
  expect(await send('['.repeat(100_000), 'application/json')).toEqual([400, 'close']);
  expect(await send('{"image": 1}', 'application/json')).toEqual([400, null]);
});
