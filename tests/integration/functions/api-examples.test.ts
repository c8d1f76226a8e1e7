// The commands that the page of the API shows, run as they are shown, against a server that has what they name. Those that send a body are
// accepted; the others get at least as far as what they ask about.

import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';
import { curlCommands } from '../../../functions/api-page/curl-commands.ts';
import {
  type DescribedApi,
  operationsOf,
  type PlacedOperation,
} from '../../../functions/api-page/described-api.ts';
import { startServer } from '../../../functions/node.ts';
import { colorOnnx, colorPicture, commitColorModel } from '../../support/color-model.ts';
import { createTestApp } from '../../support/test-app.ts';

const hasCurl = spawnSync('bash', ['-c', 'curl --version']).status === 0;
if (!hasCurl) console.warn('The commands of the API page are not run: bash or curl is not installed.');

const KEY = 'a-key-for-this-test';
const FRUIT = ['banana', 'apple', 'cherry'];
/** What an operation with a body needs beside what all have. It gives what stands for ids that only the server makes. */
type Prepare = (send: Send, store: ObjectStore) => Promise<Readonly<Record<string, string>>>;
type Send = (method: string, path: string, body?: unknown) => Promise<Record<string, string>>;

const beginUpload: Prepare = async (send) => {
  const body = { bytes: 6, mime_type: 'text/plain', purpose: 'user_data', filename: 'a.txt' };
  return {
    'upload-3f0c2a9b-4e7d-4c1f-8a9b-8c0d1e2f3a4b': (await send('POST', '/v1/uploads', body))['id'] ?? '',
  };
};
const beginWebhook: Prepare = async (send) => {
  const body = { url: 'https://hooks.example.com/a', events: ['fine_tuning.job.failed'] };
  return { wh_9982358104956541f0c2a9b4e7d6153: (await send('POST', '/v1/webhooks', body))['id'] ?? '' };
};
const PREPARATIONS: Readonly<Record<string, Prepare>> = {
  addUploadPart: beginUpload,
  completeUpload: async (send, store) => {
    const ids = await beginUpload(send, store);
    const [id = ''] = Object.values(ids);
    const form = new FormData();
    form.append('data', new Blob(['123456']), 'part-1');
    const part = await send('POST', `/v1/uploads/${id}/parts`, form);
    return { ...ids, part_3f0c2a9b4e7d4c1f8a9b8c0d1e2f3a4b: part['id'] ?? '' };
  },
  importModel: async (_, store) => {
    await store.put('uploads/upload-00000000-0000-4000-8000-000000000000', colorOnnx());
    return {};
  },
  rotateKey: async (send) => {
    await send('POST', '/v1/keys', { name: 'camera-1', scopes: ['predict'] });
    return {};
  },
  receiveUpload: async (send) => {
    const upload = await send('POST', '/v1/uploads', { bytes: PICTURE.byteLength });
    return { TOKEN: (upload['url'] ?? '').split('/').at(-1) ?? '' };
  },
  updateWebhook: beginWebhook,
  rotateWebhook: beginWebhook,
};

let PICTURE: Uint8Array<ArrayBuffer>;
let folder: string;
let stored: ReadonlyMap<string, Uint8Array>;

const app = createTestApp({ apiKeys: async () => ({ default: KEY }) }).app;
const api = (await (await app.request('/openapi.json')).json()) as DescribedApi;
const isBodiless = ({ requestBody }: PlacedOperation) => requestBody === undefined;
const operations = operationsOf(api);

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'fovea-api-examples-'));
  PICTURE = await colorPicture('green', 'jpeg');
  const store = createMemoryStore();
  for (const version of ['1', '2', '3'])
    await commitColorModel(store, { model: 'fruit', version, labels: FRUIT });
  for (const [at, name] of ['banana', 'apple', 'cherry'].entries())
    for (const number of [1, 2, 3])
      await store.put(
        `datasets/fruit/${name}/${number}.jpg`,
        await colorPicture((['red', 'green', 'blue'] as const)[at] ?? 'red', 'jpeg', 16 + number),
      );
  await store.put('inputs/tuesday/1.jpg', PICTURE);
  const objects = new Map<string, Uint8Array>();
  for await (const { key } of store.list(''))
    objects.set(key, (await store.get(key))?.body ?? new Uint8Array());
  stored = objects;
  const pictures = zipSync({ 'banana/7.jpg': PICTURE, 'apple/7.jpg': PICTURE });
  await writeFile(path.join(folder, 'photo.jpg'), PICTURE);
  await writeFile(path.join(folder, 'pictures.zip'), pictures);
  await writeFile(path.join(folder, 'part-1'), '123456');
  const tar = [
    '-czf',
    path.join(folder, 'pictures.tar.gz'),
    '--transform',
    's,^,banana/,',
    '-C',
    folder,
    'photo.jpg',
  ];
  expect(spawnSync('tar', tar).status).toBe(0);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs each command of an operation on a server of its own. @returns what curl says of the answers. */
async function run(operation: PlacedOperation): Promise<{ status: number; body: string; command: string }[]> {
  const answers = [];
  for (const { text } of curlCommands(operation, 'ORIGIN')) {
    const store = createMemoryStore();
    for (const [key, bytes] of stored) await store.put(key, bytes);
    const test = createTestApp({
      store,
      apiKeys: async () => ({ default: KEY }),
      keepsFeedback: true,
      webhookReceivers: 'any',
    });
    const send: Send = async (method, address, body) => {
      const isForm = body instanceof FormData;
      const response = await test.app.request(address, {
        method,
        headers: {
          authorization: `Bearer ${KEY}`,
          ...(isForm ? {} : { 'content-type': 'application/json' }),
        },
        body: isForm ? body : JSON.stringify(body),
      });
      return (await response.json()) as Record<string, string>;
    };
    const ids = (await PREPARATIONS[operation.operationId]?.(send, store)) ?? {};
    const server = await startServer({ app: test.app, host: '127.0.0.1', port: 0 });
    try {
      let command = text.replace('ORIGIN', server.url);
      for (const [shown, real] of Object.entries(ids)) command = command.replaceAll(shown, real);
      const { stdout } = await promisify(execFile)(
        'bash',
        ['-c', `${command} -s -m 20 -o answer -w '%{http_code}'; echo; head -c 600 answer`],
        { cwd: folder, env: { ...process.env, FOVEA_API_KEY: KEY } },
      );
      const [status = '', ...body] = stdout.split('\n');
      answers.push({ status: Number(status), body: body.join('\n'), command });
    } finally {
      await server.stop();
    }
  }
  return answers;
}

describe.skipIf(!hasCurl)('the commands of the API page', () => {
  it('have an example of each JSON body, and of each parameter that they need', () => {
    for (const operation of operations) {
      const { example, schema } = operation.requestBody?.content['application/json'] ?? {};
      expect([operation.operationId, schema === undefined || example !== undefined]).toEqual([
        operation.operationId,
        true,
      ]);
      for (const { text } of curlCommands(operation, 'http://127.0.0.1:8787'))
        if (operation.operationId !== 'receiveUpload')
          expect(text.split('\n', 1)[0]).not.toMatch(/[{}]|(?<=[/=])[A-Z_]+(?=['&/])/);
    }
  });

  it.each(operations.filter((operation) => !isBodiless(operation)))(
    '$operationId is accepted',
    async (operation) => {
      const answers = await run(operation);
      expect(answers.length).toBeGreaterThan(0);
      for (const { status, body, command } of answers)
        expect(status, `${command}\n${body}`).toSatisfy((code: number) => code >= 200 && code < 300);
    },
  );

  it('without a body are understood, whatever the ids stand for', async () => {
    for (const operation of operations.filter(isBodiless)) {
      const [answer] = await run(operation);
      expect(answer?.status, `${answer?.command}\n${answer?.body}`).toSatisfy(
        (code: number) => (code >= 200 && code < 300) || code === 404 || code === 409 || code === 503,
      );
    }
  });
});
