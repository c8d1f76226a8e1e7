// Pulls files from a server on this machine: whole, broken off, changed, too large, and by redirects.

import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type PullOptions, pullFile } from '../../../../cli/pull/pull-file.ts';
import { contentHashOf } from '../../../../core/content-hash.ts';
import { FoveaError } from '../../../../core/errors/errors.ts';
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

  it('keeps and remembers nothing that is refused, and forgets what is refused later', async () => {
    const isOther = async (file: string) => {
      if (!readFileSync(file).equals(OTHER)) throw new FoveaError('weights-mismatch', 'It has other shapes.');
    };
    await expect(pull(MODEL, { check: isOther })).rejects.toMatchObject({
      code: 'download-failed',
      message: expect.stringContaining('It was not stored. It has other shapes.'),
    });
    expect(readdirSync(folder)).toEqual([]);
    await pull();
    server.files.set(MODEL, OTHER);
    expect(await pull(MODEL, { check: isOther })).toMatchObject({
      found: 'download',
      sha256: contentHashOf(OTHER),
    });
    expect(readdirSync(folder)).toEqual([contentHashOf(OTHER)]);
    expect(await pull()).toMatchObject({ found: 'cache', sha256: contentHashOf(OTHER) });
  });

  it('pulls afresh what has changed', async () => {
    await pull();
    server.files.set(MODEL, OTHER);
    expect(await pull(MODEL, { isFresh: true })).toMatchObject({ sha256: contentHashOf(OTHER) });
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

  it('rejects a file without the hash that is given, also where it is that of the first pull', async () => {
    await pull();
    const wrong = contentHashOf(OTHER);
    await expect(pull(MODEL, { sha256s: [wrong] })).rejects.toMatchObject({
      code: 'download-changed',
      details: { received: contentHashOf(CONTENT), allowed: [wrong] },
    });
    expect((await pull()).found).toBe('cache');
  });

  it('takes a file beside another with the hash of its first pull, any at first, and one that is listed', async () => {
    const { path: file } = await pull(MODEL, { alsoAccepted: ['0'.repeat(64)] });
    rmSync(file);
    server.files.set(MODEL, OTHER);
    await expect(pull(MODEL, { alsoAccepted: ['0'.repeat(64)] })).rejects.toMatchObject({
      code: 'download-changed',
    });
    const sha256 = contentHashOf(OTHER);
    expect((await pull(MODEL, { alsoAccepted: [sha256] })).sha256).toBe(sha256);
  });

  it.each([
    ['onnx', '\n<!DOCTYPE html>', /begins with "·<!DOCTYPE html>" and is not an ONNX model.*login/],
    ['onnx', '{"error": "gated"}', /is not an ONNX model/],
    ['onnx', 'version https://git-lfs.github.com/spec/v1', /begins with "version https/],
    ['onnx', '', /the file is empty/],
    ['keras', '<html>', /begins with "<html>" and is not a Keras weight file/],
    ['json', '<html>', /is not a JSON object/],
  ] as const)('rejects what is no %s but %j, and remembers nothing of it', async (kind, text, message) => {
    server.files.set(MODEL, Buffer.from(text));
    await expect(pull(MODEL, { kind })).rejects.toMatchObject({
      code: 'download-failed',
      message: expect.stringMatching(message),
    });
    expect(readdirSync(folder)).toEqual([]);
    expect(await store.get(keys.pin(contentHashOf(Buffer.from(urlOf(MODEL).href))))).toBeUndefined();
  });

  it.each([
    ['onnx', '\x08\x07\x12\x04'],
    ['onnx', '\x12\x04torch'],
    ['keras', '\x89HDF\r\n\x1a\nabc'],
    ['keras', 'PK\x03\x04abc'],
    ['json', '\n{"size": 224}'],
  ] as const)('takes what begins as %s does: %j', async (kind, text) => {
    server.files.set(MODEL, Buffer.from(text, 'latin1'));
    expect((await pull(MODEL, { kind })).found).toBe('download');
  });

  it('does not serve from the cache what is not of its kind', async () => {
    server.files.set(MODEL, Buffer.from('<html>'));
    const { path: file } = await pull();
    await expect(pull(MODEL, { kind: 'onnx' })).rejects.toMatchObject({ code: 'download-failed' });
    expect(existsSync(file)).toBe(false);
  });

  it('takes the file that another process has finished meanwhile, and leaves it whole', async () => {
    server.breaks.push(100_000, ...Array(20).fill(0));
    await expect(pull()).rejects.toMatchObject({ code: 'download-failed' });
    server.breaks.length = 0;
    let hash: string | undefined;
    const slow: typeof fetch = async (url, init) => {
      const response = await fetch(url, init);
      if (!new Headers(init?.headers).has('range')) return response;
      const rest = new Uint8Array(await response.arrayBuffer());
      const { path: finished } = await pull();
      const body = new ReadableStream(
        {
          pull(controller) {
            hash = contentHashOf(readFileSync(finished));
            controller.enqueue(rest);
            controller.close();
          },
        },
        { highWaterMark: 0 },
      );
      return new Response(body, response);
    };
    const late = await pull(MODEL, { fetch: slow });
    expect(late).toMatchObject({ found: 'cache', sha256: contentHashOf(CONTENT) });
    expect(hash).toBe(contentHashOf(CONTENT));
    expect(readdirSync(folder)).toEqual([contentHashOf(CONTENT)]);
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
      expect(existsSync(folder) ? readdirSync(folder) : []).toEqual([]);
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
