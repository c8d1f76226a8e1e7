// What every driver of upload links promises, through real requests: to the project's own server for stores without one,
// and to a server of S3. What is signed is checked here; a real server also refuses what is not.

import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { createFilesystemStore } from '../../core/storage/drivers/filesystem.ts';
import { createMemoryStore } from '../../core/storage/drivers/memory.ts';
import { createS3UploadLinks } from '../../core/storage/drivers/s3/s3-upload-links.ts';
import { createS3Store } from '../../core/storage/drivers/s3.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import type { UploadGrant, UploadLink, UploadLinks } from '../../core/storage/upload-links.ts';
import { startServer } from '../../functions/node.ts';
import { MOTO_CREDENTIALS } from '../support/start-moto.ts';
import { startS3 } from '../support/start-s3.ts';
import { createTestApp } from '../support/test-app.ts';

interface Driver {
  readonly store: ObjectStore;
  readonly links: UploadLinks;
  /** What a link's path is relative to. */
  readonly url: string;
}

const GRANT: UploadGrant = { key: 'uploads/a', sizeBytes: 5, contentType: 'image/jpeg', mayReplace: false };
const BYTES = new TextEncoder().encode('bytes');

const send = ({ url }: Driver, link: UploadLink, changes: { headers?: object; body?: Uint8Array } = {}) =>
  fetch(new URL(link.url, url), {
    method: link.method,
    headers: { ...link.headers, ...changes.headers },
    body: (changes.body ?? BYTES) as Uint8Array<ArrayBuffer>,
  });
const textAt = async ({ store }: Driver, key: string) =>
  new TextDecoder().decode((await store.get(key))?.body);

function describeUploadLinks(name: string, open: () => Promise<Driver>): void {
  describe(`upload links: ${name}`, () => {
    test('take the bytes to their key, without any other right', async () => {
      const driver = await open();
      const response = await send(driver, await driver.links.create(GRANT));
      expect(response.status).toBe(200);
      expect(await textAt(driver, 'uploads/a')).toBe('bytes');
    });

    test('work once', async () => {
      const driver = await open();
      const link = await driver.links.create(GRANT);
      await send(driver, link);
      const again = await send(driver, link, { body: new TextEncoder().encode('other') });
      expect([409, 412]).toContain(again.status);
      expect(await textAt(driver, 'uploads/a')).toBe('bytes');
    });

    test('replace an object where they may', async () => {
      const driver = await open();
      await driver.store.put('uploads/a', 'older');
      await send(driver, await driver.links.create({ ...GRANT, mayReplace: true }));
      expect(await textAt(driver, 'uploads/a')).toBe('bytes');
    });

    test('are refused for a key that is none', async () => {
      const { links } = await open();
      await expect(links.create({ ...GRANT, key: '../a' })).rejects.toMatchObject({ code: 'key-invalid' });
    });
  });
}

const folder = await mkdtemp(join(tmpdir(), 'fovea-uploads-'));
const stops: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })];
afterAll(() => Promise.all(stops.map((stop) => stop())));

async function serve(store: ObjectStore) {
  const test = createTestApp({ store });
  const server = await startServer({ app: test.app, host: '127.0.0.1', port: 0 });
  stops.push(() => server.stop());
  return { ...test, links: test.uploads, url: server.url };
}

describeUploadLinks('filesystem', () => serve(createFilesystemStore({ root: join(folder, randomUUID()) })));
describeUploadLinks('memory', () => serve(createMemoryStore()));

describe('upload links of the own server', () => {
  test.each([
    ['another size', { body: new Uint8Array(4) }, 400, 'upload-refused'],
    ['more bytes', { body: new Uint8Array(6) }, 413, 'body-too-large'],
    ['another type', { headers: { 'content-type': 'image/png' } }, 400, 'upload-refused'],
    ['no promise to create alone', { headers: { 'if-none-match': '"x"' } }, 400, 'upload-refused'],
  ])('refuse %s', async (_what, changes, status, code) => {
    const driver = await serve(createMemoryStore());
    const response = await send(driver, await driver.links.create(GRANT), changes);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { code } });
    expect(await driver.store.get('uploads/a')).toBeUndefined();
  });

  test('refuse what is changed, what another process signed, and what is too old', async () => {
    const driver = await serve(createMemoryStore());
    const other = await serve(createMemoryStore());
    const link = await driver.links.create(GRANT);
    const [content = '', signature = ''] = link.url.split('/').at(-1)?.split('.') ?? [];
    const forged = JSON.parse(Buffer.from(content, 'base64url').toString());
    forged.key = 'models/a/1/manifest.json';
    const paths = [
      `/uploads/${Buffer.from(JSON.stringify(forged)).toString('base64url')}.${signature}`,
      `/uploads/${content}`,
      (await other.links.create(GRANT)).url,
    ];
    for (const url of paths) {
      const response = await send(driver, { ...link, url });
      expect(await response.json()).toMatchObject({ error: { code: 'upload-link-invalid' } });
      expect(response.status).toBe(403);
    }
    driver.clock.nowMs += 15 * 60 * 1000 + 1;
    const late = await send(driver, link);
    expect(await late.json()).toMatchObject({ error: { code: 'upload-link-expired' } });
  });
});

const s3Links = (options: { readonly endpoint?: string } = {}) =>
  createS3UploadLinks({
    bucket: 'uploads-contract',
    prefix: 'some/prefix',
    region: 'eu-west-1',
    credentials: MOTO_CREDENTIALS,
    now: Date.now,
    ...options,
  });

describe('upload links to S3', () => {
  test('sign key, size, type and the condition, for a quarter of an hour, and no checksum of a body', async () => {
    const { url, headers } = await s3Links().create(GRANT);
    const { host, pathname, searchParams } = new URL(url);
    expect(host).toBe('uploads-contract.s3.eu-west-1.amazonaws.com');
    expect(pathname).toBe('/some/prefix/uploads/a');
    expect(searchParams.get('X-Amz-SignedHeaders')).toBe('content-length;content-type;host;if-none-match');
    expect(searchParams.get('X-Amz-Expires')).toBe('900');
    expect([...searchParams.keys()].filter((name) => /checksum/i.test(name))).toEqual([]);
    expect(headers).toEqual({ 'content-type': 'image/jpeg', 'if-none-match': '*' });
  });
});

describe('upload links to a server other than AWS', () => {
  afterEach(() => void vi.unstubAllEnvs());

  test.each(['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_S3'])('%s names a server by its host', async (name) => {
    vi.stubEnv(name, 'http://s3:9000');
    const { url } = await s3Links().create(GRANT);
    expect(url).toMatch('http://s3:9000/uploads-contract/some/prefix/uploads/a?');
  });
});

const s3 = await startS3();
if (s3.options === undefined) {
  console.warn(`Upload links to S3 are not tried: ${s3.reason}.`);
  describe.skip(`upload links: s3 (${s3.reason})`, () => test('is skipped', () => undefined));
} else {
  const { options, stop } = s3;
  stops.push(stop);
  const bucket = 'uploads-contract';
  await s3.createBucket(bucket);
  describeUploadLinks('s3', async () => {
    const prefix = randomUUID();
    return {
      store: createS3Store({ ...options, bucket, prefix }),
      links: createS3UploadLinks({ ...options, bucket, prefix, now: Date.now }),
      url: options.endpoint,
    };
  });

  // moto checks no signature.
  const isReal = process.env['FOVEA_TEST_S3'] !== undefined;
  if (!isReal) console.warn('What a server of S3 refuses is tried where FOVEA_TEST_S3 names one.');
  describe.skipIf(!isReal)('upload links of a server of S3 that checks signatures', () => {
    const links = createS3UploadLinks({ ...options, bucket, prefix: randomUUID(), now: Date.now });
    const driver = { links, store: createMemoryStore(), url: options.endpoint };

    test.each([
      ['another size', { body: new Uint8Array(4) }],
      ['another type', { headers: { 'content-type': 'image/png' } }],
      ['no promise to create alone', { headers: { 'if-none-match': '"x"' } }],
    ])('refuse %s', async (_what, changes) => {
      const { status } = await send(driver, await links.create(GRANT), changes);
      expect([400, 403]).toContain(status);
    });

    test('refuse another key, and what is too old', async () => {
      const link = await links.create(GRANT);
      const other = await send(driver, { ...link, url: link.url.replace('uploads/a?', 'uploads/b?') });
      expect(other.status).toBe(403);
      const past = () => Date.now() - 16 * 60 * 1000;
      const old = createS3UploadLinks({ ...options, bucket, prefix: randomUUID(), now: past });
      expect((await send(driver, await old.create(GRANT))).status).toBe(403);
    });
  });
}
