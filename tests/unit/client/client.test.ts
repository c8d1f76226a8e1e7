// The typed client against the real app over HTTP.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { WireStatusSchema } from '../../../api/job.ts';
import { ApiError, ConnectionError, UnexpectedAnswerError } from '../../../client/api-error.ts';
import { isBatchOver } from '../../../client/batches.ts';
import { createClient } from '../../../client/create-client.ts';
import { isJobOver } from '../../../client/jobs.ts';
import { all } from '../../../client/pages.ts';
import { isFinal } from '../../../core/job/record/job.ts';
import { startServer } from '../../../functions/node.ts';
import { colorPicture, commitColorModel } from '../../support/color-model.ts';
import { newJob } from '../../support/new-job.ts';
import { createTestApp, type TestApp, type TestAppOptions } from '../../support/test-app.ts';

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function serve(options: TestAppOptions = {}) {
  const test = createTestApp(options);
  const server = await startServer({ app: test.app, host: '127.0.0.1', port: 0 });
  ends.push(() => server.stop());
  return { test, url: server.url, client: createClient({ url: server.url }) };
}

/** A server that answers as a test says. */
async function serveWith(listener: Parameters<typeof createServer>[1]): Promise<string> {
  const server: Server = createServer(listener as never);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const failed = async (action: Promise<unknown>) => {
  try {
    await action;
  } catch (error) {
    return error;
  }
  throw new Error('It did not fail.');
};

describe('errors', () => {
  it('have the code, the status, the parameter and the facts of the answer', async () => {
    const { client } = await serve();
    const error = await failed(client.models.get('fruit'));
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({
      status: 404,
      code: 'model-not-found',
      param: 'model',
      details: { model: 'fruit' },
    });
    expect((error as Error).message).toContain('There is no model "fruit"');
  });

  it('say that nobody answers, that something else does, and that an address is none', async () => {
    const nobody = await failed(createClient({ url: 'http://127.0.0.1:9' }).health());
    expect(nobody).toBeInstanceOf(ConnectionError);
    expect((nobody as Error).message).toMatch(/^No server answers at http:\/\/127\.0\.0\.1:9: .+\.$/);
    const page = await serveWith((_, response) => response.end('<html>\n<p>Welcome'));
    expect(await failed(createClient({ url: page }).health())).toMatchObject({
      status: 200,
      isForeign: true,
      message: `What answers at ${page} is not Fovea (200). Check the address, and whether a proxy is before the server.`,
    });
    const missing = await serveWith((_, response) =>
      response.writeHead(404, { 'content-type': 'text/html; charset=utf-8' }).end('<html>\n<h1>Not found'),
    );
    expect(String(await failed(createClient({ url: missing }).health()))).toContain(
      'is not Fovea (404, text/html).',
    );
    const login = await serveWith((_, response) =>
      response.writeHead(302, { location: 'https://login.example.com/?back=1' }).end(),
    );
    expect(await failed(createClient({ url: login }).health())).toMatchObject({
      isForeign: true,
      message: expect.stringContaining('(302). It leads to https://login.example.com: name that address'),
    });
    const other = await serveWith((_, response) => response.end('{"object":"page"}'));
    const unexpected = await failed(createClient({ url: other }).jobs.get('ftjob-1'));
    expect(unexpected).toBeInstanceOf(UnexpectedAnswerError);
    expect(String(unexpected)).toContain('it is "page" and not "fine_tuning.job"');
    expect(() => createClient({ url: 'localhost:8787' })).toThrow('"localhost:8787" is no URL of a server.');
  });

  it('end a call with the reason of its signal', async () => {
    const url = await serveWith(() => undefined);
    const reason = new Error('enough');
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 20);
    await expect(createClient({ url }).health({ signal: controller.signal })).rejects.toBe(reason);
  });
});

describe('requests', () => {
  it('are sent again where the server says so, with the same key of the request', async () => {
    const keys: unknown[] = [];
    const url = await serveWith((request, response) => {
      keys.push(request.headers['idempotency-key']);
      response.setHeader('content-type', 'application/json');
      if (keys.length < 3) {
        response.writeHead(503, { 'x-should-retry': 'true', 'retry-after': '0.01' });
        response.end('{"error":{"message":"Busy.","type":"server_error","param":null,"code":"server-busy"}}');
      } else response.end('{"object":"fine_tuning.job"}');
    });
    await createClient({ url }).jobs.create({ model: 'small_cnn', training_file: 'shapes' });
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(1);
    keys.length = 0;
    expect(await failed(createClient({ url, retries: 1 }).jobs.get('ftjob-1'))).toMatchObject({
      status: 503,
      retryAfterSeconds: 0.01,
    });
    expect(keys).toHaveLength(2);
  });

  it('have the key, but bytes along a link do not', async () => {
    const seen: (string | undefined)[] = [];
    const url = await serveWith((request, response) => {
      seen.push(request.headers.authorization);
      response.end('{"object":"model"}');
    });
    const client = createClient({ url, key: 'a-key' });
    await client.models.get('fruit');
    await client.uploads.bring({ method: 'PUT', url: `${url}/bucket/x`, headers: {} }, new Uint8Array(1));
    expect(seen).toEqual(['Bearer a-key', undefined]);
  });

  it('go to a server below a path, and to one whose address ends with /v1', async () => {
    const seen: (string | undefined)[] = [];
    const url = await serveWith((request, response) => {
      seen.push(request.url);
      response.end('{"object":"model"}');
    });
    for (const end of ['', '/', '/v1', '/v1/', '/ai/v1', '/ai'])
      await createClient({ url: `${url}${end}` }).models.get('a/b');
    expect(seen).toEqual([
      ...Array<string>(4).fill('/v1/models/a%2Fb'),
      ...Array<string>(2).fill('/ai/v1/models/a%2Fb'),
    ]);
  });

  it('for lists ask page by page', async () => {
    const { client, test } = await serve();
    for (const name of ['a', 'b', 'c']) await test.store.put(`datasets/${name}/x/1.png`, new Uint8Array(1));
    const names = (await all(client.datasets.list({ pageSize: 1 }))).map(({ dataset }) => dataset);
    expect(names).toEqual(['a', 'b', 'c']);
  });
});

describe('datasets and models', () => {
  it('are brought, listed without being read, inspected, moved, read and deleted', async () => {
    const { client, test } = await serve();
    const picture = await colorPicture('red');
    await client.datasets.put('colors', 'red/1.png', picture);
    const links = await client.datasets.links('colors', [
      { path: 'train/red/2.png', bytes: picture.byteLength },
    ]);
    for (const link of links) await client.uploads.bring(link, picture);
    const listed = () => all(client.datasets.files('colors', { inspect: false }));
    expect(await listed()).toMatchObject([
      { path: 'red/1.png', content_hash: null, split: null, width: null, size_bytes: picture.byteLength },
      { path: 'train/red/2.png', content_hash: null },
    ]);
    expect(await test.store.head('datasets/colors/red/1.png')).toBeDefined();
    await client.datasets.inspect('colors');
    // What the inspection has read is known now; nothing is read again.
    expect((await listed()).map(({ content_hash }) => content_hash?.length)).toContain(64);
    expect(await all(client.datasets.files('colors', { inspect: false, class: 'none' }))).toEqual([]);
    const { data } = await client.datasets.move('colors', ['red/1.png'], 'blue');
    expect(data).toMatchObject([{ moved_to: 'blue/1.png' }]);
    expect(await client.datasets.read('colors', 'blue/1.png')).toEqual(new Uint8Array(picture));
    await client.datasets.deleteFiles('colors', ['blue/1.png']);
    await client.datasets.delete('colors');
    expect(await failed(client.datasets.inspect('colors'))).toMatchObject({ code: 'dataset-not-found' });
  });

  it('are predicted with: one picture, many, and a large one by an upload', async () => {
    const { client, test } = await serve({ limits: { predictBodyBytes: 2000 } });
    await commitColorModel(test.store);
    const [red, green] = await Promise.all([colorPicture('red'), colorPicture('green')]);
    expect(await client.predict.one('color', red)).toMatchObject({ label: 'red', model_version: '1' });
    const { data } = await client.predict.many('color', [
      { name: 'a.png', bytes: red },
      { name: 'b.png', bytes: green },
    ]);
    expect(data).toMatchObject([
      { label: 'red', file: 'a.png' },
      { label: 'green', file: 'b.png' },
    ]);
    const large = Buffer.concat([red, Buffer.alloc(3000)]);
    expect(await client.predict.one('color', large, { topK: 1 })).toMatchObject({ label: 'red' });
  });

  it('are promoted, named, compared and deleted', async () => {
    const { client, test } = await serve();
    await commitColorModel(test.store);
    expect(await client.models.promote('color', { version: '1' })).toMatchObject({ version: '1' });
    await client.models.setAlias('color', 'stable', '1');
    expect((await client.models.aliases('color')).map(({ alias }) => alias)).toContain('stable');
    expect(await client.models.get('color:stable')).toMatchObject({ version: '1' });
    expect(await client.models.compare('color', ['1', 'stable'])).toMatchObject({ same_classes: true });
    await client.models.deleteAlias('color', 'stable');
    expect(await client.models.manifest('color')).toMatchObject({ model: 'color' });
    expect((await client.models.file('color', 'model.onnx')).ok).toBe(true);
    expect(await all(client.models.versions('color'))).toHaveLength(1);
    await client.models.delete('color');
    expect(await all(client.models.list())).toEqual([]);
  });
});

describe('jobs', () => {
  async function runningJob(test: TestApp): Promise<string> {
    const { id } = await test.jobs.create(newJob());
    await test.jobs.update(id, (job) => ({ ...job, status: 'running' }));
    return id;
  }
  const say = (test: TestApp, id: string, message: string) =>
    test.jobs.appendEvent(id, { level: 'info', type: 'message', message, data: null });
  const end = (test: TestApp, id: string) => test.jobs.update(id, (job) => ({ ...job, status: 'succeeded' }));

  it('are over in the states that are final', () => {
    for (const status of WireStatusSchema.options)
      expect([status, isJobOver({ status })]).toEqual([status, status !== 'pausing' && isFinal(status)]);
    expect([isBatchOver({ status: 'expired' }), isBatchOver({ status: 'finalizing' })]).toEqual([
      true,
      false,
    ]);
  });

  it('tell their events as they happen, by a stream', async () => {
    const { client, test } = await serve();
    const id = await runningJob(test);
    await say(test, id, 'one');
    const seen: string[] = [];
    for await (const { message } of client.jobs.events(id)) {
      seen.push(message);
      if (message === 'one') await say(test, id, 'two');
      else await end(test, id);
    }
    expect(seen).toEqual(['one', 'two']);
    expect(await client.jobs.wait(id)).toMatchObject({ id, status: 'succeeded' });
  });

  it('tell their events where streams break off, and by requests where a function answers', async () => {
    const { url, test } = await serve();
    const id = await runningJob(test);
    await say(test, id, 'one');
    await say(test, id, 'two');
    const streams: boolean[] = [];
    let marks: Record<string, string> = {};
    /** Stands before the server: cuts streams after one event, or looks like a function. */
    const before: typeof fetch = async (input, init) => {
      const isStream = new Headers(init?.headers).get('accept') === 'text/event-stream';
      streams.push(isStream);
      const response = await fetch(input, init);
      if (!isStream) return new Response(response.body, { status: response.status, headers: marks });
      const reader = (response.body as ReadableStream<Uint8Array>).getReader();
      const { value } = await reader.read();
      await reader.cancel();
      const [first = ''] = new TextDecoder().decode(value).split('\n\n');
      return new Response(`${first}\n\n`);
    };
    const client = createClient({ url, fetch: before });
    const collect = async () => {
      const seen: string[] = [];
      for await (const { message } of client.jobs.events(id, { pollMs: 10 })) {
        seen.push(message);
        if (message === 'two') await say(test, id, 'three');
        if (message === 'three') await end(test, id);
      }
      return seen;
    };
    expect(await collect()).toEqual(['one', 'two', 'three']);
    expect(streams).toContain(true);
    streams.length = 0;
    marks = { 'x-amzn-requestid': '1' };
    expect(await client.jobs.eventsSince(id)).toHaveLength(3);
    const again: string[] = [];
    for await (const { message } of client.jobs.events(id, { pollMs: 10 })) again.push(message);
    expect(again).toEqual(['one', 'two', 'three']);
    expect(streams).not.toContain(true);
  });

  it('are read beyond a page of events', async () => {
    const { client, test } = await serve();
    const id = await runningJob(test);
    for (let i = 0; i < 120; i++) await say(test, id, String(i));
    const events = await client.jobs.eventsSince(id);
    expect(events.map(({ message }) => message)).toEqual(Array.from({ length: 120 }, (_, i) => String(i)));
    expect(await client.jobs.eventsSince(id, events[117]?.id)).toHaveLength(2);
  });
});
