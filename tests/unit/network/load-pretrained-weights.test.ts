import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { findArchitecture } from '../../../core/network/architectures/architectures.ts';
import type { Architecture, WeightSource } from '../../../core/network/description/network.ts';
import { splitAt } from '../../../core/network/surgery/split-at.ts';
import type { DownloadProgress } from '../../../core/network/weights/find-weight-file.ts';
import { loadPretrainedWeights } from '../../../core/network/weights/load-pretrained-weights.ts';
import { keys } from '../../../core/storage/keys.ts';
import { SHARED_DIR } from '../../support/keras-golden.ts';

const FILE = path.join(SHARED_DIR, 'data/weights/mobilenet_v2_0.35_224_no_top.h5');
const missing = !existsSync(FILE);
if (missing) console.warn(`Skipped: ${FILE} is not there.`);

/** The little of a store that the cache needs, in memory. */
function memoryCache() {
  const objects = new Map<string, Uint8Array>();
  const info = (key: string, body: Uint8Array) => ({
    key,
    body,
    sizeBytes: body.byteLength,
    etag: String(body.byteLength),
    lastModified: new Date(0),
  });
  return {
    objects,
    get: (key: string) => {
      const body = objects.get(key);
      return Promise.resolve(body && info(key, body));
    },
    put: (key: string, body: Uint8Array | string) => {
      const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
      objects.set(key, bytes);
      return Promise.resolve(info(key, bytes));
    },
  };
}

const noNetwork = () =>
  Promise.reject(new TypeError('fetch failed', { cause: new Error('getaddrinfo ENOTFOUND') }));

describe.skipIf(missing)('loadPretrainedWeights', () => {
  const original = findArchitecture('mobilenet_v2_0.35');
  const { backbone } = splitAt(
    original.build({ inputSize: original.defaultInputSize, classes: 2 }),
    original.featureLayer,
  );
  const bytes = missing ? Buffer.of() : readFileSync(FILE);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const [published] = original.weightSources as readonly [WeightSource];

  let folder: string;
  let server: Server;
  let respond: (path: string) => {
    readonly status: number;
    readonly body: Uint8Array;
    readonly headers?: Record<string, string>;
  };
  let url: string;
  let cache: ReturnType<typeof memoryCache>;

  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'fovea-weights-'));
    cache = memoryCache();
    respond = () => ({ status: 200, body: bytes });
    server = createServer((request, response) => {
      const { status, body, headers } = respond(request.url ?? '');
      response.writeHead(status, { 'content-length': body.byteLength, ...headers }).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  afterEach(async () => {
    rmSync(folder, { recursive: true });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const architecture = (source: Partial<WeightSource> = {}): Architecture => ({
    ...original,
    weightSources: [{ ...published, url: url + published.file, ...source }],
  });
  const checksum = (hex: string) => ({ algorithm: 'sha256' as const, hex });

  it.each([published.file, 'mobilenet_v2_0.35_224_no_top.h5'])('finds %s in the folder', async (name) => {
    symlinkSync(FILE, path.join(folder, name));
    const { weights, origin } = await loadPretrainedWeights(backbone, architecture(), {
      store: cache,
      weightsDir: folder,
      fetch: noNetwork,
    });
    expect(weights.get('Conv1/kernel')).toHaveLength(3 * 3 * 3 * 16);
    expect(origin).toBe(`trained on ${published.trainedOn}, from ${path.join(folder, name)}`);
  });

  it('downloads once, with progress, and then finds the file in the cache', async () => {
    const reports: DownloadProgress[] = [];
    const options = {
      store: cache,
      weightsDir: folder,
      onProgress: (report: DownloadProgress) => reports.push(report),
    };
    const first = await loadPretrainedWeights(
      backbone,
      architecture({ checksum: checksum(sha256) }),
      options,
    );
    expect(first.origin).toContain(`from ${url}${published.file}`);
    expect(reports.length).toBeGreaterThan(1);
    expect(reports.at(-1)).toEqual({
      file: published.file,
      receivedBytes: bytes.byteLength,
      totalBytes: bytes.byteLength,
    });
    respond = () => ({ status: 500, body: Buffer.of() });
    const second = await loadPretrainedWeights(
      backbone,
      architecture({ checksum: checksum(sha256) }),
      options,
    );
    expect(second.origin).toContain('from the cache (cache/weights/');
    expect(second.weights).toEqual(first.weights);
  });

  describe('with a mirror', () => {
    /** Answers for the mirror, below `/mirror/`; the published address answers with the file. */
    const asMirror = (body: Buffer, status = 200, headers: Record<string, string> = {}) => {
      respond = (asked) =>
        asked.startsWith('/mirror/') ? { status, body, headers } : { status: 200, body: bytes };
    };
    const load = (source: Partial<WeightSource> = { checksum: checksum(sha256) }) =>
      loadPretrainedWeights(backbone, architecture(source), { store: cache });
    beforeEach(() => vi.stubEnv('FOVEA_WEIGHTS_MIRROR', `${url}mirror`));
    afterEach(() => vi.unstubAllEnvs());

    it('asks it first', async () => {
      asMirror(bytes);
      expect((await load()).origin).toContain(`from ${url}mirror/${published.file}`);
    });

    it.each([
      ['does not have the file', Buffer.of(), 404, {}],
      ['has another file', Buffer.from('another'), 200, {}],
      ['redirects', Buffer.of(), 302, { location: `/${published.file}` }],
    ])('asks the published address where it %s', async (_, body, status, headers) => {
      asMirror(body, status, headers);
      expect((await load()).origin).toContain(`from ${url}${published.file}`);
    });

    it('names both, and the setting, where neither has the file', async () => {
      respond = () => ({ status: 404, body: Buffer.of() });
      await expect(load()).rejects.toMatchObject({
        code: 'weights-unavailable',
        message: expect.stringMatching(/mirror\/.*answered 404.*answered 404.*FOVEA_WEIGHTS_MIRROR/),
      });
    });

    it.each([
      ['http://mirror.example.com/weights', /no TLS/],
      ['http://localhost.example.com', /no TLS/],
      ['file:///weights', /neither https nor http/],
      ['https://name:secret@mirror.example.com', /^(?!.*secret).*a password/],
      ['https://mirror.example.com/?key=1', /a query/],
      ['weights', /no URL/],
    ])('rejects %s, and asks nobody', async (mirror, message) => {
      vi.stubEnv('FOVEA_WEIGHTS_MIRROR', mirror);
      respond = () => {
        throw new Error('asked');
      };
      await expect(load()).rejects.toMatchObject({
        code: 'weights-unavailable',
        message: expect.stringMatching(message),
      });
    });
  });

  it('does not use a cached file whose checksum no longer holds', async () => {
    cache.objects.set(keys.weights(published.file), bytes.subarray(0, 1000));
    const { origin } = await loadPretrainedWeights(backbone, architecture({ checksum: checksum(sha256) }), {
      store: cache,
    });
    expect(origin).toContain(url);
  });

  describe('without a published checksum', () => {
    const file = keys.weights(published.file);

    it('refuses a download that is cut short, with the reason, and keeps nothing', async () => {
      respond = () => ({ status: 200, body: bytes.subarray(0, 5000) });
      await expect(loadPretrainedWeights(backbone, architecture(), { store: cache })).rejects.toMatchObject({
        code: 'weights-unavailable',
        message: expect.stringMatching(
          /the 5000 bytes received are not the file: The weights cannot be read: HDF5/,
        ),
      });
      expect(cache.objects.size).toBe(0);
    });

    it('downloads anew what is broken in the cache', async () => {
      cache.objects.set(file, bytes.subarray(0, 5000));
      const { origin } = await loadPretrainedWeights(backbone, architecture(), { store: cache });
      expect(origin).toContain(`from ${url}`);
      expect(cache.objects.get(file)).toHaveLength(bytes.byteLength);
    });

    it('names the broken file and the command that mends it where no download is to be had', async () => {
      cache.objects.set(file, bytes.subarray(0, 5000));
      await expect(
        loadPretrainedWeights(backbone, architecture(), { store: cache, fetch: noNetwork }),
      ).rejects.toMatchObject({
        code: 'weights-unavailable',
        message: expect.stringMatching(
          /The file cache\/weights\/.* and was not used: .*weights pull mobilenet_v2_0\.35 --fresh"/,
        ),
      });
    });

    it('keeps a good file of the cache that does not fit the network that was asked for', async () => {
      cache.objects.set(file, bytes);
      const other = findArchitecture('mobilenet_v2_1.0');
      const { backbone: wide } = splitAt(
        other.build({ inputSize: other.defaultInputSize, classes: 2 }),
        other.featureLayer,
      );
      await expect(loadPretrainedWeights(wide, architecture(), { store: cache })).rejects.toMatchObject({
        code: 'weights-mismatch',
      });
    });
  });

  it('accepts a file supplied by hand with another checksum where all shapes fit, and says so', async () => {
    writeFileSync(path.join(folder, published.file), bytes);
    const { origin } = await loadPretrainedWeights(backbone, architecture({ checksum: checksum('00') }), {
      store: cache,
      weightsDir: folder,
    });
    expect(origin).toContain('its checksum is not the published one');
  });

  it('rejects a file supplied by hand that holds another network', async () => {
    const other = findArchitecture('mobilenet_v2_1.0');
    const network = splitAt(
      other.build({ inputSize: other.defaultInputSize, classes: 2 }),
      other.featureLayer,
    ).backbone;
    writeFileSync(path.join(folder, published.file), bytes);
    await expect(
      loadPretrainedWeights(network, architecture(), { store: cache, weightsDir: folder }),
    ).rejects.toMatchObject({ code: 'weights-mismatch' });
  });

  const unavailable = [
    { problem: 'no connection', options: { fetch: noNetwork }, says: 'getaddrinfo ENOTFOUND' },
    {
      problem: 'an HTTP error',
      respondWith: { status: 404, body: Buffer.of() },
      says: 'the server answered 404',
    },
    {
      problem: 'another checksum',
      source: { checksum: checksum('00') },
      says: 'do not have the published sha256 00',
    },
    { problem: 'too many bytes', options: { maxBytes: 1000 }, says: 'are more than the 1000 allowed' },
  ];
  it.each(unavailable)('says where the file is to be had after $problem', async (c) => {
    if (c.respondWith !== undefined) respond = () => c.respondWith as ReturnType<typeof respond>;
    const loading = loadPretrainedWeights(backbone, architecture(c.source), {
      store: cache,
      weightsDir: folder,
      ...c.options,
    });
    const error = await loading.catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'weights-unavailable',
      details: { url: url + published.file, fileNames: [published.file, 'mobilenet_v2_0.35_224_no_top.h5'] },
    });
    const { message } = error as Error;
    expect(message).toContain(c.says);
    expect(message).toContain(`put the file into ${folder} under one of these names: ${published.file}, `);
    expect(cache.objects.size).toBe(0);
  });

  it('stops counting at the limit where the server does not say how long the file is', async () => {
    const endless = () =>
      Promise.resolve(
        new Response(
          new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(new Uint8Array(600)) }),
        ),
      );
    await expect(
      loadPretrainedWeights(backbone, architecture(), { store: cache, fetch: endless, maxBytes: 1000 }),
    ).rejects.toThrow('1200 bytes are more than the 1000 allowed');
  });

  it('throws the reason of an abort as it is', async () => {
    const signal = AbortSignal.abort(new Error('cancelled'));
    await expect(loadPretrainedWeights(backbone, architecture(), { store: cache, signal })).rejects.toThrow(
      'cancelled',
    );
  });

  it('does not take a file without top for a network with a head', async () => {
    const whole = original.build({ inputSize: original.defaultInputSize, classes: 1000 });
    await expect(loadPretrainedWeights(whole, architecture(), { store: cache })).rejects.toMatchObject({
      code: 'weights-unavailable',
      message: expect.stringContaining('There are no published weights for mobilenet_v2_0.35.'),
    });
  });
});
