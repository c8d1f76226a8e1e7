// Pulls files from a server on this machine: whole, broken off, changed, too large, and by redirects.

import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type PullOptions, pullFile } from '../../../../cli/pull/pull-file.ts';
import { contentHashOf } from '../../../../core/content-hash.ts';
import { openObjectStore } from '../../../../core/storage/drivers/open-object-store.ts';
import { keys } from '../../../../core/storage/keys.ts';
import type { ObjectStore } from '../../../../core/storage/object-store.ts';
import { type FileServer, startFileServer } from '../../../support/file-server.ts';

const CONTENT = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7919) % 251);
const OTHER = Uint8Array.from(CONTENT, (value) => 250 - value);
const MODEL = '/org/name/resolve/main/onnx/model.onnx';

let server: FileServer;
let folder: string;
let store: ObjectStore;
let pauses: number[];
beforeEach(async () => {
  server = await startFileServer();
  server.files.set(MODEL, CONTENT);
  folder = mkdtempSync(path.join(tmpdir(), 'fovea-pull-'));
  store = await openObjectStore('memory:');
  pauses = [];
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const urlOf = (file: string) => new URL(server.url + file);
const pull = (file = MODEL, options: Partial<PullOptions> = {}) =>
  pullFile(urlOf(file), {
    store,
    folder,
    now: () => 1_700_000_000_000,
    maxBytes: 1e6,
    rules: { allowHttp: [server.host] },
    pause: async (ms) => pauses.push(ms),
    ...options,
  });

describe('pullFile', () => {
  it('pulls a file once, and remembers its hash', async () => {
    const first = await pull();
    expect(first).toMatchObject({ found: 'download', sizeBytes: 300_000, sha256: contentHashOf(CONTENT) });
    expect(contentHashOf(readFileSync(first.path))).toBe(contentHashOf(CONTENT));
    expect(await pull()).toEqual({ ...first, found: 'cache' });
    expect(server.requests).toHaveLength(1);
    expect(readdirSync(folder)).toEqual([contentHashOf(CONTENT)]);
  });

  it('continues where a transfer broke off, within one command', async () => {
    server.breaks.push(100_000, 50_000, 0);
    const { path: file } = await pull();
    expect(contentHashOf(readFileSync(file))).toBe(contentHashOf(CONTENT));
    const ranges = server.requests.flatMap(({ range }) => range ?? []);
    expect(ranges.length).toBeGreaterThan(0);
    expect(ranges).not.toContain('bytes=0-');
    expect(pauses.length).toBeGreaterThan(0);
  });

  it('continues in a later command, and not with the rest of another content', async () => {
    server.breaks.push(100_000, ...Array(20).fill(0));
    await expect(pull()).rejects.toMatchObject({ code: 'download-failed' });
    server.breaks.length = 0;
    const [part] = readdirSync(folder);
    expect(part).toMatch(/\.part$/);
    server.files.set(MODEL, OTHER);
    expect((await pull()).sha256).toBe(contentHashOf(OTHER));
    server.files.set(MODEL, CONTENT);
    server.requests.length = 0;
    const again = await pull(MODEL, { sha256s: [contentHashOf(CONTENT)] });
    expect(contentHashOf(readFileSync(again.path))).toBe(contentHashOf(CONTENT));
    expect(server.requests.map(({ range }) => range)).toContain('bytes=100000-');
  });

  it('begins anew where the server cannot say whether the content is the same', async () => {
    server.hasEtags = false;
    server.breaks.push(100_000);
    const { path: file } = await pull();
    expect(contentHashOf(readFileSync(file))).toBe(contentHashOf(CONTENT));
    expect(server.requests.some(({ range }) => range !== undefined)).toBe(false);
  });

  it('begins anew where the part that is here is longer than the file', async () => {
    server.breaks.push(100_000, ...Array(20).fill(0));
    await expect(pull()).rejects.toMatchObject({ code: 'download-failed' });
    server.breaks.length = 0;
    const [part] = readdirSync(folder) as [string];
    truncateSync(path.join(folder, part), 400_000);
    expect((await pull()).sha256).toBe(contentHashOf(CONTENT));
  });

  it('rejects a file that has changed since the first pull, and says how to accept it', async () => {
    const { path: file } = await pull();
    rmSync(file);
    server.files.set(MODEL, OTHER);
    const sha256 = contentHashOf(OTHER);
    await expect(pull()).rejects.toMatchObject({
      code: 'download-changed',
      message: expect.stringMatching(
        new RegExp(`sha256 ${sha256}.*was ${contentHashOf(CONTENT)}.*--sha256 ${sha256}`),
      ),
    });
    expect(readdirSync(folder)).toEqual([]);
    expect((await pull(MODEL, { sha256s: [sha256] })).sha256).toBe(sha256);
    rmSync(path.join(folder, sha256));
    expect((await pull()).sha256).toBe(sha256);
  });

  it('rejects a first pull without the hash that was given, or the published one', async () => {
    const wrong = contentHashOf(OTHER);
    await expect(pull(MODEL, { sha256s: [wrong] })).rejects.toMatchObject({ code: 'download-changed' });
    const checksum = { algorithm: 'md5', hex: '0'.repeat(32) } as const;
    await expect(pull(MODEL, { checksum })).rejects.toMatchObject({ code: 'download-changed' });
    expect(readdirSync(folder)).toEqual([]);
    expect(await store.get(keys.pin(contentHashOf(Buffer.from(urlOf(MODEL).href))))).toBeUndefined();
  });

  it('does not use a file of the cache that was damaged', async () => {
    const { path: file } = await pull();
    writeFileSync(file, OTHER);
    expect((await pull()).found).toBe('download');
    expect(contentHashOf(readFileSync(file))).toBe(contentHashOf(CONTENT));
  });

  it.each([true, false])(
    'rejects what is too large, whether it says its size (%s) or not',
    async (hasSizes) => {
      server.hasSizes = hasSizes;
      await expect(pull(MODEL, { maxBytes: 200_000 })).rejects.toMatchObject({ code: 'download-too-large' });
      expect((await pull(MODEL, { maxBytes: 300_000 })).sizeBytes).toBe(300_000);
    },
  );

  it('rejects an address that has no file, without trying again', async () => {
    await expect(pull('/absent')).rejects.toMatchObject({
      code: 'download-failed',
      message: expect.stringContaining('404'),
    });
    expect(server.requests).toHaveLength(1);
  });
});

describe('redirects', () => {
  it('are followed, and the token of a hub goes to the hub alone', async () => {
    const other = await startFileServer();
    try {
      other.files.set('/blob', CONTENT);
      server.redirects.set('/hub', '/hub2').set('/hub2', `${other.url}/blob`);
      const rules = { allowHttp: [server.host, other.host] };
      expect((await pull('/hub', { rules, token: 'hf_secret' })).sha256).toBe(contentHashOf(CONTENT));
      expect(server.requests.map(({ authorization }) => authorization)).toEqual(
        Array(2).fill('Bearer hf_secret'),
      );
      expect(other.requests).toEqual([{ path: '/blob' }]);
    } finally {
      await other.close();
    }
  });

  it('are rejected to an address without TLS, of a private network, or without an end', async () => {
    const other = await startFileServer();
    try {
      other.files.set('/blob', CONTENT);
      server.redirects.set('/plain', `${other.url}/blob`).set('/loop', '/loop');
      server.redirects.set('/private', 'https://169.254.169.254/latest').set('/file', 'file:///etc/passwd');
      for (const file of ['/plain', '/loop', '/private', '/file'])
        await expect(pull(file)).rejects.toMatchObject({ code: 'download-refused' });
      expect(other.requests).toEqual([]);
    } finally {
      await other.close();
    }
  });
});
