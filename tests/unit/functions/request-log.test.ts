import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type RunningServer, startServer } from '../../../functions/node.ts';
import { colorPicture, commitColorModel } from '../../support/color-model.ts';
import { newJob } from '../../support/new-job.ts';
import { type AnyJson, createTestApp, type TestApp } from '../../support/test-app.ts';

const KEY = 'a-key-that-is-long-enough';
const KEYS = { authorization: `Bearer ${KEY}` };
let test: TestApp;
let server: RunningServer;
let red: Uint8Array<ArrayBuffer>;

beforeAll(async () => {
  test = createTestApp({ apiKeys: async () => ({ phone: KEY }) });
  await commitColorModel(test.store);
  red = await colorPicture('red');
  server = await startServer({ app: test.app, host: '127.0.0.1', port: 0 });
});
afterAll(() => server.stop());

/** The line of a request that was sent to the server. */
async function lineOf(id: string): Promise<AnyJson> {
  const find = () =>
    test.logLines
      .map((line) => JSON.parse(line))
      .find((line) => line.request_id === id && line.message === 'request');
  return vi.waitFor(() => find() ?? expect.unreachable(`no line of ${id}`), { timeout: 10_000 });
}
const ask = (id: string, path: string, init: RequestInit = {}) =>
  fetch(`${server.url}${path}`, { ...init, headers: { ...KEYS, ...init.headers, 'x-request-id': id } });

describe('the line of a request', () => {
  it('has route, operation, key, model, version and bytes', async () => {
    const answer = await ask('a-prediction', '/v1/models/color/predict?top_k=1', {
      method: 'POST',
      body: red,
    });
    const size = (await answer.arrayBuffer()).byteLength;
    expect(await lineOf('a-prediction')).toEqual({
      time: expect.any(String),
      level: 'info',
      message: 'request',
      request_id: 'a-prediction',
      method: 'POST',
      route: '/v1/models/{model}/predict',
      operation: 'predict',
      client: 'phone',
      model: 'color',
      model_version: '1',
      status: 200,
      duration_ms: expect.any(Number),
      bytes_in: expect.any(Number),
      bytes_out: expect.any(Number),
    });
    const { bytes_in, bytes_out } = await lineOf('a-prediction');
    expect(
      [bytes_in - red.byteLength, bytes_out - size].every((headers) => headers > 50 && headers < 1000),
    ).toBe(true);
  });

  it('counts each request of a connection for itself, as it was sent', async () => {
    const sizes: number[] = [];
    for (const id of ['first', 'second']) {
      const answer = await ask(id, '/openapi.json', { headers: { 'accept-encoding': 'gzip' } });
      sizes.push((await answer.arrayBuffer()).byteLength);
    }
    const [first, second] = [await lineOf('first'), await lineOf('second')];
    expect(Math.abs(first.bytes_out - second.bytes_out)).toBeLessThan(100);
    expect(first.bytes_out).toBeLessThan((sizes[0] ?? 0) / 3);
  });

  it('says what a protocol answered', async () => {
    await ask('of-a-protocol', '/v2/models/color/ready');
    expect(await lineOf('of-a-protocol')).toMatchObject({
      route: '/v2/models/{model}/ready',
      model: 'color',
    });
  });

  it('is written at the end of a stream, also where the client goes away', async () => {
    const { id } = await test.jobs.create(newJob());
    const { port } = server;
    const socket = connect(port, '127.0.0.1');
    socket.write(
      `GET /v1/fine_tuning/jobs/${id}/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n` +
        `Authorization: Bearer ${KEY}\r\nX-Request-Id: a-stream\r\n\r\n`,
    );
    await once(socket, 'data');
    expect(test.logLines.join('')).not.toContain('a-stream');
    socket.destroy();
    expect(await lineOf('a-stream')).toMatchObject({ operation: 'listFineTuningJobEvents', aborted: true });
  });

  it('has neither path nor query, also where it fails', async () => {
    const secret = 'not-to-be-logged';
    for (const [id, path, init] of [
      ['an-upload', `/uploads/${secret}`, { method: 'PUT', body: red }],
      ['a-file', `/v1/datasets/colors/red/${secret}.png`, { method: 'PUT', body: red }],
      ['nothing', `/${secret}/there?${secret}`, {}],
      ['a-query', `/v1/datasets/colors/files/content?path=${secret}`, {}],
    ] as const) {
      await (await ask(id, path, init)).arrayBuffer();
      await lineOf(id);
    }
    expect(await lineOf('nothing')).toMatchObject({ route: null, status: 404 });
    expect(await lineOf('an-upload')).toMatchObject({ route: '/uploads/{token}' });
    expect(test.logLines.join('')).not.toContain(secret);
  });
});
