// Requests made to break a server, thrown at a real one on a real socket. What it may answer is a 4xx or nothing; what it
// must do is go on.

import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningServer, startServer } from '../../../functions/node.ts';
import { colorPicture, commitColorModel } from '../../support/color-model.ts';
import { newJob } from '../../support/new-job.ts';
import { createTestApp, type TestApp } from '../../support/test-app.ts';

const LIMIT_BYTES = 300_000;
const SILENCE_MS = 300;

let test: TestApp;
let server: RunningServer;
const red = await colorPicture('red');
beforeAll(async () => {
  test = createTestApp({ limits: { predictBodyBytes: LIMIT_BYTES, jsonBodyBytes: LIMIT_BYTES } });
  await commitColorModel(test.store);
  server = await startServer({ app: test.app, host: '127.0.0.1', port: 0, graceMs: 500 });
});
afterAll(() => server.stop());

/** Writes raw bytes and gives back what comes, until the server closes or has been silent for a while. */
function talk(parts: readonly (string | Uint8Array)[], { destroyAfterMs }: { destroyAfterMs?: number } = {}) {
  return new Promise<string>((resolve) => {
    const socket = connect(server.port, '127.0.0.1');
    let answer = '';
    socket.setTimeout(SILENCE_MS, () => socket.destroy());
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
    });
    // The server may close before all is written.
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answer));
    for (const part of parts) socket.write(part);
    if (destroyAfterMs !== undefined) setTimeout(() => socket.destroy(), destroyAfterMs);
  });
}

const head = (line: string, headers: Record<string, string | number> = {}) =>
  `${line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`;
const post = (path: string, body: string | Uint8Array, headers: Record<string, string | number> = {}) => [
  head(`POST ${path}`, { 'Content-Length': body.length, ...headers }),
  body,
];
const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);

const PREDICT = '/v1/models/color/predict';
const JOBS = '/v1/fine_tuning/jobs';
const JSON_TYPE = { 'Content-Type': 'application/json' };
const nested = (open: string, close: string, depth: number) => open.repeat(depth) + close.repeat(depth);
const encode = (text: string) => new TextEncoder().encode(text);

const REQUESTS: Readonly<Record<string, readonly (string | Uint8Array)[]>> = {
  'a multipart body that is no multipart': post(PREDICT, 'nonsense', {
    'Content-Type': 'multipart/form-data; boundary=x',
  }),
  'a multipart body without an end': post(
    PREDICT,
    '--x\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\nabc',
    { 'Content-Type': 'multipart/form-data; boundary=x' },
  ),
  'a multipart body with a hostile file name': post(
    PREDICT,
    '--x\r\nContent-Disposition: form-data; name="__proto__"; filename="../../etc/passwd"\r\n\r\nabc\r\n--x--\r\n',
    { 'Content-Type': 'multipart/form-data; boundary=x' },
  ),
  'an empty boundary': post(PREDICT, '----', { 'Content-Type': 'multipart/form-data; boundary=' }),
  'a boundary of 10,000 characters': post(PREDICT, '--', {
    'Content-Type': `multipart/form-data; boundary=${'b'.repeat(10_000)}`,
  }),
  'a Content-Length larger than the limit': [head(`POST ${PREDICT}`, { 'Content-Length': 10 ** 12 }), 'abc'],
  'a Content-Length that is no number': [head(`POST ${PREDICT}`, { 'Content-Length': 'many' }), 'abc'],
  'a negative Content-Length': [head(`POST ${PREDICT}`, { 'Content-Length': -5 }), 'abc'],
  'two Content-Lengths': [head(`POST ${PREDICT}`, { 'Content-Length': 3, 'content-length': 5 }), 'abcde'],
  'Content-Length and chunks at once': [
    head(`POST ${PREDICT}`, { 'Content-Length': 3, 'Transfer-Encoding': 'chunked' }),
    '3\r\nabc\r\n0\r\n\r\n',
  ],
  'chunks that are none': [head(`POST ${PREDICT}`, { 'Transfer-Encoding': 'chunked' }), 'zzz\r\nabc\r\n'],
  'chunks beyond the limit': [
    head(`POST ${PREDICT}`, { 'Transfer-Encoding': 'chunked' }),
    ...Array.from({ length: 8 }, () => `10000\r\n${'a'.repeat(0x10000)}\r\n`),
    '0\r\n\r\n',
  ],
  'JSON nested 10,000 deep': post(PREDICT, nested('[', ']', 10_000), JSON_TYPE),
  'JSON nested 100,000 deep in a field': post(
    JOBS,
    `{"model":"small_cnn","training_file":"x","metadata":{"a":${nested('[', ']', 100_000)}}}`,
    JSON_TYPE,
  ),
  'objects nested 20,000 deep': post(JOBS, `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`, JSON_TYPE),
  'JSON that is not UTF-8': post(JOBS, new Uint8Array([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x7d]), JSON_TYPE),
  'a lone surrogate': post(JOBS, '{"model":"\\ud800","training_file":"\\udfff"}', JSON_TYPE),
  'a number beyond all bounds': post(
    JOBS,
    '{"model":"small_cnn","training_file":"x","seed":1e999}',
    JSON_TYPE,
  ),
  'a body of prototypes': post(JOBS, '{"__proto__":{"x":1},"constructor":{"prototype":{"x":1}}}', JSON_TYPE),
  'a list of 100,000 pictures': post(PREDICT, `{"images":[${'"",'.repeat(60_000)}""]}`, JSON_TYPE),
  'a percent sign alone': [head('GET /v1/models/%')],
  'percent-encoding that is no UTF-8': [head('GET /v1/models/%ff%fe%80')],
  'percent-encoding in the query': [head('GET /v1/fine_tuning/jobs?after=%E0%A4%A&limit=%')],
  'a path that climbs': [head('GET /v1/models/../../../../etc/passwd')],
  'a path that climbs in disguise': post('/v1/models/..%2f..%2f..%2fetc%2fpasswd/predict', red),
  'a path with NUL': [head('GET /v1/models/a%00b')],
  'a path with a backslash': [head('GET /docs\\..\\..\\package.json')],
  'a path of 10,000 segments': [head(`GET ${'/a'.repeat(5000)}`)],
  'a static path that climbs': [head('GET /docs/..%2f..%2f..%2fpackage.json')],
  'an absolute URL as target': [head('GET http://elsewhere/v1/models')],
  'an asterisk as target': [head('OPTIONS *')],
  'a target that is no path': [head('GET v1/models')],
  'no Host': ['GET /v1/models HTTP/1.1\r\nConnection: close\r\n\r\n'],
  'a Host that is none': ['GET /v1/models HTTP/1.1\r\nHost: a b/c?d#e\r\nConnection: close\r\n\r\n'],
  'a method that is none': [head('BREW /v1/models')],
  CONNECT: [head('CONNECT localhost:1')],
  'an upgrade to nothing': [head('GET /v1/models', { Upgrade: 'websocket', 'Sec-WebSocket-Key': 'x' })],
  'headers of 100 KB': [head('GET /healthz', { 'X-Large': 'a'.repeat(100_000) })],
  'a header with control characters': [head('GET /healthz', { 'X-Request-Id': 'a\u0001b' })],
  'a request id of 10,000 characters': [head('GET /v1/none', { 'X-Request-Id': 'a'.repeat(10_000) })],
  'a Content-Type of nonsense': post(PREDICT, red, { 'Content-Type': ';;;=,,,"' }),
  'a compressed body': post(PREDICT, red, { 'Content-Encoding': 'gzip', 'Content-Type': 'application/json' }),
  'an Expect that nobody knows': [head(`POST ${PREDICT}`, { Expect: 'the-unexpected', 'Content-Length': 0 })],
  'no HTTP at all': [encode('\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001')],
};

describe('hostile requests', () => {
  const exits: unknown[] = [];
  const record = (reason: unknown) => exits.push(reason);
  beforeAll(() => {
    process.on('uncaughtException', record);
    process.on('unhandledRejection', record);
  });
  afterAll(() => {
    process.off('uncaughtException', record);
    process.off('unhandledRejection', record);
  });

  it.each(Object.entries(REQUESTS))('%s gets no 5xx', async (_, parts) => {
    const status = statusOf(await talk(parts));
    // 0: closed without a word; 501 is Node's own word for an unknown transfer encoding.
    expect(status === 0 || status < 500).toBe(true);
  });

  it('interrupted uploads leave nothing behind', async () => {
    const body = new Uint8Array(200_000);
    const uploads = Array.from({ length: 20 }, (_, index) =>
      talk([head(`POST ${PREDICT}`, { 'Content-Length': body.length }), body.subarray(0, index * 1000)], {
        destroyAfterMs: index * 5,
      }),
    );
    const puts = Array.from({ length: 20 }, (_, index) =>
      talk([head(`PUT /v1/datasets/d/c/${index}.png`, { 'Content-Length': 1000 }), 'abc'], {
        destroyAfterMs: index * 5,
      }),
    );
    await Promise.all([...uploads, ...puts]);
    for await (const { key } of test.store.list('datasets/')) expect.unreachable(`stored half of ${key}`);
  });

  it('event streams of disconnected clients end', async () => {
    const job = await test.jobs.create(newJob());
    const leaving = new AbortController();
    const followers = Array.from({ length: 10 }, () =>
      fetch(`${server.url}${JOBS}/${job.id}/events`, {
        headers: { accept: 'text/event-stream' },
        signal: leaving.signal,
      }),
    );
    for (const response of await Promise.all(followers)) expect(response.status).toBe(200);
    leaving.abort();
  });

  it('afterwards predictions are as before, and there was no unhandled rejection', async () => {
    const response = await fetch(`${server.url}${PREDICT}`, { method: 'POST', body: red });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ label: 'red' });
    const health = await fetch(`${server.url}/readyz`);
    expect(await health.json()).toEqual({ ready: true, live: true });
    expect(exits).toEqual([]);
    expect(test.logLines.filter((line) => line.includes('unexpected error'))).toEqual([]);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});
