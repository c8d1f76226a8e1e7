// What clients of HTTP may count on: entity tags, ranges, HEAD, OPTIONS, slashes, compression.

import { request as httpRequest, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { keys } from '../../../core/storage/keys.ts';
import { type RunningServer, startServer } from '../../../functions/node.ts';
import { colorPicture, commitColorModel } from '../../support/color-model.ts';
import { newJob } from '../../support/new-job.ts';
import { createTestApp, type TestApp } from '../../support/test-app.ts';

const ONNX = '/v1/models/color:1/files/model.onnx';
let test: TestApp;
let server: RunningServer;
let job: string;

beforeAll(async () => {
  test = createTestApp();
  await commitColorModel(test.store);
  await test.store.put('datasets/colors/red/1.png', await colorPicture('red'));
  job = (await test.jobs.create(newJob())).id;
  await test.store.put(keys.jobContactSheet(job), await colorPicture('blue'));
  server = await startServer({ app: test.app, host: '127.0.0.1', port: 0 });
});
afterAll(() => server.stop());

const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  test.app.request(path, { method, headers });
const files = (): [string, string][] => [
  ['a file of a model', ONNX],
  ['its manifest', '/v1/models/color:1/files/manifest.json'],
  ['a file of a dataset', '/v1/datasets/colors/files/content?path=red/1.png'],
  ['a thumbnail', '/v1/datasets/colors/files/thumbnail?path=red/1.png&size=32'],
  ['a contact sheet', `/v1/fine_tuning/jobs/${job}/contact-sheet`],
];

describe('files', () => {
  it('have an entity tag, and are not sent again to who has them', async () => {
    for (const [what, path] of [...files(), ['the page', '/page.js'] as const]) {
      const first = await get(path);
      const etag = first.headers.get('etag') ?? '';
      expect([what, first.status, etag]).toEqual([
        what,
        200,
        expect.stringMatching(/^(W\/)?"[0-9a-f]{32}"$/),
      ]);
      expect(first.headers.get('cache-control')).toMatch(/no-cache|max-age/);
      for (const known of [etag, `"other", ${etag}`, '*']) {
        const again = await get(path, { 'if-none-match': known });
        expect([what, again.status, await again.text()]).toEqual([what, 304, '']);
        expect(again.headers.get('etag')).toBe(etag);
      }
      expect((await get(path, { 'if-none-match': '"other"' })).status).toBe(200);
    }
  });

  it('get another tag when they change', async () => {
    const path = '/v1/datasets/colors/files/thumbnail?path=red/2.png';
    const tags = new Set<string | null>();
    for (const color of ['red', 'blue'] as const) {
      await test.store.put('datasets/colors/red/2.png', await colorPicture(color));
      tags.add((await get(path)).headers.get('etag'));
    }
    tags.add((await get(`${path}&size=64`)).headers.get('etag'));
    expect(tags.size).toBe(3);
  });

  it('of a version are kept for a while by who names it, and asked for again by who names an alias', async () => {
    expect((await get(ONNX)).headers.get('cache-control')).toMatch(/^private, max-age=3600/);
    expect((await get('/v1/models/color/files/model.onnx')).headers.get('cache-control')).toBe(
      'private, no-cache',
    );
  });

  it('are given in parts', async () => {
    for (const [what, path] of files()) {
      const whole = Buffer.from(await (await get(path)).arrayBuffer());
      const etag = (await get(path)).headers.get('etag') ?? '';
      for (const [range, start, end] of [
        ['bytes=2-5', 2, 6],
        ['bytes=-3', whole.length - 3, whole.length],
        [`bytes=${whole.length - 2}-`, whole.length - 2, whole.length],
        ['bytes=1-999999999', 1, whole.length],
      ] as const) {
        const part = await get(path, { range, 'if-range': etag });
        expect([what, part.status]).toEqual([what, 206]);
        expect(part.headers.get('content-range')).toBe(`bytes ${start}-${end - 1}/${whole.length}`);
        expect(part.headers.get('content-length')).toBe(String(end - start));
        expect(Buffer.from(await part.arrayBuffer())).toEqual(whole.subarray(start, end));
      }
    }
  });

  it('are given whole where the part is of another state, or cannot be read as one range', async () => {
    for (const headers of [
      { range: 'bytes=2-5', 'if-range': '"other"' },
      { range: 'bytes=2-5', 'if-range': new Date().toUTCString() },
      { range: 'bytes=0-1,4-5' },
      { range: 'pages=1-2' },
    ] as Record<string, string>[])
      expect((await get(ONNX, headers)).status).toBe(200);
  });

  it('refuse a part that they do not have', async () => {
    const answer = await get(ONNX, { range: 'bytes=999999999-' });
    const size = (await get(ONNX)).headers.get('content-length');
    expect([answer.status, answer.headers.get('content-range')]).toEqual([416, `bytes */${size}`]);
    expect(await answer.json()).toMatchObject({ error: { code: 'range-not-satisfiable' } });
  });

  it('are read only as far as they are sent', async () => {
    const read = vi.spyOn(test.store, 'get');
    try {
      const { etag } = Object.fromEntries((await get(ONNX, {}, 'HEAD')).headers);
      await get(ONNX, { 'if-none-match': etag ?? '' });
      expect(read.mock.calls.filter(([key]) => key.endsWith('.onnx'))).toEqual([]);
      await (await get(ONNX, { range: 'bytes=0-1' })).arrayBuffer();
      expect(read.mock.calls.filter(([key]) => key.endsWith('.onnx'))).toEqual([
        [expect.any(String), { range: { start: 0, end: 1 } }],
      ]);
    } finally {
      read.mockRestore();
    }
  });
});

describe('HEAD', () => {
  it('has the status and the headers of GET for every route of GET, and no body', async () => {
    const paths = test.app.routes
      .filter(({ method, path }) => method === 'GET' && !path.includes('*'))
      .map(({ path }) => path.replaceAll(/:(\w+)(\{.*\})?/g, 'x'));
    for (const path of new Set([...paths, ...files().map(([, file]) => file)])) {
      const [head, full] = [await get(path, {}, 'HEAD'), await get(path)];
      expect([path, head.status, await head.text()]).toEqual([path, full.status, '']);
      for (const name of ['content-type', 'etag', 'content-length', 'cache-control'])
        expect([path, name, head.headers.get(name)]).toEqual([path, name, full.headers.get(name)]);
      await full.body?.cancel();
    }
  });

  it('leaves no stream of events behind', async () => {
    const reads = vi.spyOn(test.jobs, 'get');
    const path = `/v1/fine_tuning/jobs/${job}/events`;
    const { status } = await get(path, { accept: 'text/event-stream' }, 'HEAD');
    expect(status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const count = reads.mock.calls.length;
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(reads.mock.calls.length - count).toBeLessThanOrEqual(1);
    reads.mockRestore();
  });
});

it.each([
  ['/v1/models', 'GET, HEAD, POST, OPTIONS'],
  ['/v1/models/color/predict', 'POST, OPTIONS'],
  ['/metrics', 'GET, HEAD, OPTIONS'],
])('OPTIONS %s says which methods there are, without a key', async (path, allow) => {
  for (const options of [{}, { apiKeys: async () => ({ me: 'a-key-that-is-long-enough' }) }]) {
    const { app } = createTestApp({ ...options, allowOrigins: ['https://app.example.com'] });
    const answer = await app.request(path, { method: 'OPTIONS' });
    expect([answer.status, answer.headers.get('allow')]).toEqual([204, allow]);
  }
  expect((await get('/v1/nothing', {}, 'OPTIONS')).status).toBe(404);
});

it('answers a path with a slash at its end as without', async () => {
  for (const path of ['/v1/models', '/healthz', '/v1/models/color', '/docs', '/v2/models/color'])
    expect((await get(`${path}/?limit=1`)).status).toBe((await get(`${path}?limit=1`)).status);
  const answer = await test.app.request('/v1/models/color/predict/', {
    method: 'POST',
    body: await colorPicture('red'),
  });
  expect(answer.status).toBe(200);
});

describe('compression', () => {
  const ask = async (path: string, accepted?: string, method = 'GET') => {
    const headers = accepted === undefined ? {} : { 'accept-encoding': accepted };
    const answer = await new Promise<IncomingMessage>((resolve, reject) =>
      httpRequest(`${server.url}${path}`, { method, headers }, resolve).on('error', reject).end(),
    );
    return { headers: answer.headers, body: await buffer(answer) };
  };

  it('is that which the client takes, of JSON that is not small', async () => {
    const plain = await ask('/openapi.json');
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(plain.headers.vary).toContain('Accept-Encoding');
    const br = await ask('/openapi.json', 'gzip, br');
    expect(br.headers['content-encoding']).toBe('br');
    expect(brotliDecompressSync(br.body)).toEqual(plain.body);
    const gzip = await ask('/openapi.json', 'gzip');
    expect(gunzipSync(gzip.body)).toEqual(plain.body);
    expect(gzip.body.length).toBeLessThan(plain.body.length / 4);
  });

  it('is that of metrics too', async () => {
    const text = 'fovea_requests_total 1\n'.repeat(100);
    const type = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
    const metered = await startServer({
      app: { fetch: () => new Response(text, { headers: { 'content-type': type } }) },
      host: '127.0.0.1',
      port: 0,
    });
    const answer = await fetch(metered.url, { headers: { 'accept-encoding': 'gzip' } });
    expect([answer.headers.get('content-encoding'), await answer.text()]).toEqual(['gzip', text]);
    await metered.stop();
  });

  it('leaves alone what is small, or compressed already, or a file of a model', async () => {
    for (const path of ['/healthz', ONNX, '/v1/models/color:1/files/tfjs-model.json'])
      expect([path, (await ask(path, 'br, gzip')).headers['content-encoding']]).toEqual([path, undefined]);
    const script = await ask('/docs/docs.js', 'gzip');
    expect(gunzipSync(script.body).length).toBeGreaterThan(script.body.length);
  });

  it('does not hold events back', async () => {
    const answer = await fetch(`${server.url}/v1/fine_tuning/jobs/${job}/events`, {
      headers: { accept: 'text/event-stream', 'accept-encoding': 'gzip' },
    });
    expect(answer.headers.get('content-encoding')).toBeNull();
    await answer.body?.cancel();
  });
});
