import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFilesystemStore } from '../../../core/storage/drivers/filesystem.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { keys } from '../../../core/storage/keys.ts';
import { colorPicture, commitColorModel } from '../../support/color-model.ts';
import { isOfProtocol } from '../../support/protocol-routes.ts';
import { createTestApp, readAnswer } from '../../support/test-app.ts';

describe('unknown routes', () => {
  const { send, app } = createTestApp();

  it('answer with the nearest routes', async () => {
    const { status, body } = await send('POST', '/v1/fine-tuning/jobs');
    expect(status).toBe(404);
    expect(body.error.code).toBe('route-not-found');
    expect(body.error.details.near[0]).toBe('POST /v1/fine_tuning/jobs');
  });

  it.each([
    ['DELETE', '/v1/fine_tuning/jobs', 'GET, HEAD, POST'],
    ['GET', '/v1/models/color/predict', 'POST'],
    ['PATCH', '/', 'GET, HEAD, POST'],
    ['PATCH', '/v1/datasets/fruit/files/content?path=a/1.jpg', 'GET, HEAD'],
    ['PATCH', '/v1/datasets/fruit/files/content.jpg', 'PUT'],
  ])('%s %s is 405 with Allow', async (method, path, allowed) => {
    const { status, headers, body } = await send(method, path);
    expect(status).toBe(405);
    expect((headers.get('allow') ?? '').split(', ').sort().join(', ')).toBe(allowed);
    expect(body.error.code).toBe('method-not-allowed');
  });

  it('HEAD is answered where GET is', async () => {
    expect((await app.request('/healthz', { method: 'HEAD' })).status).toBe(200);
  });
});

describe('models', () => {
  it('are listed with their versions; one that cannot be read has an error', async () => {
    const { send, store } = createTestApp();
    expect((await send('GET', '/v1/models')).body).toEqual({
      object: 'list',
      data: [],
      has_more: false,
    });
    await commitColorModel(store);
    await commitColorModel(store, { version: '2', jobId: 'ftjob-2' });
    await store.put(keys.modelFile('broken', '1', 'manifest.json'), '{');
    const { body } = await send('GET', '/v1/models');
    expect(body.data).toMatchObject([
      { id: 'broken', object: 'model', versions: ['1'], problem: { code: 'model-corrupt' } },
      { id: 'color', object: 'model', owned_by: 'fovea', version: '2', versions: ['1', '2'], problem: null },
    ]);
    expect((await send('GET', '/v1/models/color:1')).body).toMatchObject({
      id: 'color',
      version: '1',
      labels: ['red', 'green', 'blue'],
    });
    expect(await send('GET', '/v1/models/broken')).toMatchObject({
      status: 500,
      body: { error: { code: 'model-corrupt' } },
    });
    expect((await send('GET', '/v1/models/none')).status).toBe(404);
  });
});

describe('datasets', () => {
  it('can be uploaded, listed and inspected', async () => {
    const { send, app, store } = createTestApp();
    const put = async (path: string, body: Uint8Array<ArrayBuffer>) =>
      app.request(path, { method: 'PUT', body });
    const red = await colorPicture('red');
    expect((await put('/v1/datasets/colors/red/1.png', red)).status).toBe(200);
    expect((await put('/v1/datasets/colors/red/1.png', red)).status).toBe(200);
    expect(
      (await put(`/v1/datasets/colors/${encodeURIComponent('bleu foncé')}/1.png`, await colorPicture('blue')))
        .status,
    ).toBe(200);
    expect((await store.get('datasets/colors/red/1.png'))?.body.byteLength).toBe(red.byteLength);
    expect((await send('GET', '/v1/datasets')).body.data).toEqual([
      { object: 'dataset', dataset: 'colors', inspection: null },
    ]);
    expect((await put('/v1/datasets/own-split/train/red/1.png', red)).status).toBe(200);
    expect(await store.head('datasets/own-split/train/red/1.png')).toBeDefined();
    const { body } = await send('GET', '/v1/datasets/colors');
    expect(body.classes.map((summary: { label: string }) => summary.label)).toEqual(['bleu foncé', 'red']);
    expect(body.can_train).toBe(false);
    expect(body.findings).toContainEqual(expect.objectContaining({ code: 'class-too-small' }));
  });

  it.each([
    '/v1/datasets/..%2fmodels/a/b',
    '/v1/datasets/a/.hidden/b',
    '/v1/datasets/a/b/c%00',
    '/v1/datasets/a/b/c%2fd',
  ])('rejects the names of PUT %s', async (path) => {
    const { app, store } = createTestApp();
    const response = await app.request(path, { method: 'PUT', body: 'x' });
    expect([400, 404, 405]).toContain(response.status);
    for await (const { key } of store.list('')) expect.unreachable(`wrote ${key}`);
  });

  it('may have names with spaces and other scripts, also in splits and subfolders', async () => {
    const { app, store } = createTestApp();
    const name = 'Screenshot 12:30 "ä"? *<5>|.png';
    const body = await colorPicture('red');
    for (const folders of ['red', 'train/red', 'red/dark']) {
      const path = `/v1/datasets/colors/${folders}/${encodeURIComponent(name)}`;
      expect((await app.request(path, { method: 'PUT', body })).status).toBe(200);
      expect(await store.head(`datasets/colors/${folders}/${name}`)).toBeDefined();
    }
  });

  it('may have the longest names that a file system allows', async () => {
    const root = mkdtempSync(path.join(tmpdir(), 'fovea-names-'));
    try {
      const { app } = createTestApp({ store: createFilesystemStore({ root }) });
      const body = await colorPicture('red');
      const put = async (file: string) =>
        (await app.request(`/v1/datasets/a/b/${encodeURIComponent(file)}`, { method: 'PUT', body })).status;
      expect(await put(`${'ä'.repeat(127)}a`)).toBe(200);
      expect(await put('ä'.repeat(128))).toBe(400);
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  it('rejects an unknown dataset, an empty file and a large one', async () => {
    const { send, app } = createTestApp({ limits: { datasetFileBytes: 10 } });
    expect(await send('GET', '/v1/datasets/none')).toMatchObject({
      status: 404,
      body: { error: { code: 'dataset-not-found', param: 'dataset' } },
    });
    const put = async (body: string) =>
      (await app.request('/v1/datasets/a/b/c', { method: 'PUT', body })).status;
    expect(await put('')).toBe(400);
    expect(await put('12345678901')).toBe(413);
  });

  it.each([
    ['text', 'image-unsupported', 415, async () => new TextEncoder().encode('a note')],
    ['half a PNG header', 'image-corrupt', 422, async () => (await colorPicture('red')).subarray(0, 20)],
  ] as const)('refuses %s in place of a picture, and keeps the picture', async (_, code, status, bytes) => {
    const { app, store } = createTestApp();
    const put = async (body: Uint8Array<ArrayBuffer>) =>
      readAnswer(await app.request('/v1/datasets/colors/red/1.png', { method: 'PUT', body }));
    const red = await colorPicture('red');
    expect((await put(red)).status).toBe(200);
    expect(await put(await bytes())).toMatchObject({ status, body: { error: { code } } });
    expect((await store.get('datasets/colors/red/1.png'))?.body.byteLength).toBe(red.byteLength);
  });

  it('takes hidden files of operating systems, which are left out', async () => {
    const { app } = createTestApp();
    const put = await app.request('/v1/datasets/colors/red/Thumbs.db', { method: 'PUT', body: 'x' });
    expect(put.status).toBe(200);
  });
});

describe('health', () => {
  it('is ready while the store answers', async () => {
    const { send } = createTestApp();
    expect((await send('GET', '/healthz')).body).toEqual({
      live: true,
      version: '0.0.0-test',
      keeps_feedback: false,
    });
    expect((await send('GET', '/readyz')).body).toEqual({ ready: true, live: true });
  });

  it('is not ready while the store does not answer', async () => {
    const { send, logLines } = createTestApp({ store: brokenStore() });
    const { status, body } = await send('GET', '/readyz');
    expect(status).toBe(503);
    expect(body).toMatchObject({ ready: false, live: true });
    expect(logLines.join('')).toContain('disk on fire');
  });
});

describe('unexpected errors', () => {
  it('give a request id and no internals, and are logged', async () => {
    const { send, logLines } = createTestApp({ store: brokenStore() });
    const { status, body, headers } = await send('GET', '/v1/models', undefined, {
      'x-request-id': 'find-me',
    });
    expect(status).toBe(500);
    expect(headers.get('x-request-id')).toBe('find-me');
    expect(body.error).toMatchObject({
      type: 'server_error',
      code: 'internal-error',
      param: null,
      request_id: 'find-me',
    });
    expect(JSON.stringify(body)).not.toContain('fire');
    const logged = logLines.map((line) => JSON.parse(line)).filter((line) => line.request_id === 'find-me');
    expect(logged).toMatchObject([
      {
        level: 'error',
        message: 'unexpected error',
        error: { message: 'disk on fire', stack: expect.any(String) },
      },
      { level: 'error', message: 'request', method: 'GET', route: '/v1/models', status: 500 },
    ]);
  });
});

describe('the page and the docs', () => {
  const { app } = createTestApp();

  it.each([
    '/',
    '/page.css',
    '/page.js',
    '/docs',
    '/docs/schemas',
    '/docs/docs.css',
    '/docs/docs.js',
    '/docs/errors',
    '/docs/errors.md',
  ])('%s comes with a policy that allows this server alone', async (path) => {
    const response = await app.request(path);
    expect(response.status).toBe(200);
    expect((await response.text()).length).toBeGreaterThan(100);
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/https?:|script-src[^;]*unsafe/);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('have nothing inline and nothing from elsewhere', async () => {
    for (const path of ['/', '/docs', '/docs/schemas', '/docs/errors']) {
      const html = await (await app.request(path)).text();
      expect(html).not.toMatch(/<script(?![^>]*src=)|<style|\son[a-z]+=|(?:src|href)="https?:/);
    }
  });

  it('describe every route of the API', async () => {
    const { body: document } = await readAnswer(await app.request('/openapi.json'));
    expect(document.openapi).toBe('3.1.0');
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods as object).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const routes = app.routes
      .filter((route) => route.method !== 'ALL' && /^\/(v1|uploads|healthz|readyz)/.test(route.path))
      .filter((route) => !isOfProtocol(route))
      .map((route) => `${route.method} ${route.path.replaceAll(/:(\w+)/g, '{$1}')}`);
    expect(new Set(described)).toEqual(new Set(routes));
    for (const reference of JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      expect(document.components.schemas).toHaveProperty(reference[1] ?? '');
    }
  });

  it('say whether a key is needed, and which routes need none', async () => {
    const documentOf = async (withKeys: object) =>
      (await readAnswer(await createTestApp(withKeys).app.request('/openapi.json'))).body;
    const open = await documentOf({});
    expect(open.security).toEqual([{}]);
    const closed = await documentOf({ apiKeys: async () => ({ default: 'key' }) });
    expect(closed.security).toEqual([{ apiKey: [] }]);
    expect(closed.components.securitySchemes.apiKey).toMatchObject({ type: 'http', scheme: 'bearer' });
    const free = Object.entries(closed.paths).filter(([, methods]) =>
      Object.values(methods as object).some(({ security }) => security?.length === 0),
    );
    expect(free.map(([path]) => path).sort()).toEqual(['/healthz', '/readyz', '/uploads/{token}']);
  });
});

function brokenStore() {
  const fail = () => {
    throw new Error('disk on fire');
  };
  return { ...createMemoryStore(), get: fail, head: fail, list: fail, listFolders: fail };
}
