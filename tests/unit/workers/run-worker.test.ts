import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeEach, expect, it, vi } from 'vitest';
import { runWorker } from '../../../batch-job/run-worker.ts';
import { openObjectStore } from '../../../core/storage/drivers/open-object-store.ts';
import { keys } from '../../../core/storage/keys.ts';
import { anOffer } from '../../support/a-worker.ts';

const folder = await mkdtemp(path.join(tmpdir(), 'fovea-run-worker-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(() => void vi.unstubAllEnvs());
beforeEach(() => {
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'x');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'x');
});

const start = (storeUrl: string) =>
  runWorker({ storeUrl, offer: anOffer(), graceMs: 0, version: '0.0.0' }, new AbortController().signal);

/** A server that speaks S3 as far as it answers every request so; empties the list of methods that it had. */
async function answering(status: number, code: string) {
  const server = createServer((request, response) => {
    const isRead = request.method === 'GET';
    response
      .writeHead(isRead && status !== 403 ? 404 : status, { 'content-type': 'application/xml' })
      .end(
        `<Error><Code>${isRead && status !== 403 ? 'NoSuchKey' : code}</Code><Message>No.</Message></Error>`,
      );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  vi.stubEnv('AWS_ENDPOINT_URL_S3', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return () => new Promise((resolve) => server.close(resolve));
}

it('rejects a folder that is not there, instead of waiting in it forever', async () => {
  const missing = path.join(folder, 'typo');
  await expect(start(pathToFileURL(missing).href)).rejects.toMatchObject({
    code: 'storage-folder-missing',
    message: expect.stringContaining(missing),
  });
});

it('rejects a store whose restore is not finished', async () => {
  const store = await openObjectStore(pathToFileURL(folder).href);
  await store.put(keys.restore(), JSON.stringify({ formatVersion: 1, from: 's3://backup' }));
  await expect(start(pathToFileURL(folder).href)).rejects.toMatchObject({ code: 'restore-unfinished' });
});

it('rejects a server that does not answer, and names its address', async () => {
  const close = await answering(500, 'Unused');
  await close();
  const address = process.env['AWS_ENDPOINT_URL_S3']?.replace('http://', '');
  await expect(start('s3://lab')).rejects.toMatchObject({
    code: 'storage-unavailable',
    message: expect.stringMatching(new RegExp(`s3://lab.*ECONNREFUSED ${address}`)),
  });
});

it.each([
  [403, 'AccessDenied', 'storage-denied'],
  [501, 'NotImplemented', 'storage-unconditional'],
])('rejects a server that answers %i %s', async (status, name, code) => {
  const close = await answering(status, name);
  await expect(start('s3://lab')).rejects.toMatchObject({
    code,
    message: expect.stringContaining('s3://lab'),
  });
  await close();
});

it('says what to set where the region is missing', async () => {
  vi.stubEnv('AWS_REGION', undefined);
  vi.stubEnv('AWS_DEFAULT_REGION', undefined);
  vi.stubEnv('AWS_CONFIG_FILE', path.join(folder, 'none'));
  await expect(start('s3://lab')).rejects.toMatchObject({
    message: expect.stringContaining('Set AWS_REGION'),
  });
});
