import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { runWeightsPull } from '../../../cli/commands/weights-pull.ts';
import { findArchitecture } from '../../../core/network/architectures/architectures.ts';
import { keys } from '../../../core/storage/keys.ts';
import { type FileServer, startFileServer } from '../../support/file-server.ts';
import { kerasFile } from '../../support/keras-file.ts';
import { SHARED_DIR } from '../../support/keras-golden.ts';

let server: FileServer;
let data: string;
let printed: string[];
beforeEach(async () => {
  server = await startFileServer();
  data = mkdtempSync(path.join(tmpdir(), 'fovea-weights-'));
  printed = [];
  vi.stubEnv('XDG_CACHE_HOME', path.join(data, 'cache-home'));
  vi.stubEnv('HF_ENDPOINT', server.url);
  vi.spyOn(console, 'log').mockImplementation((line: string) => printed.push(line));
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await server.close();
  rmSync(data, { recursive: true });
});

const ONE = await kerasFile([1, 2, 3]);
const TWO = await kerasFile([4, 5, 6]);
const stored = (file: string) => readFileSync(path.join(data, keys.weights(file)));

it('puts a file of a URL or a hub where imports of a server find it', async () => {
  server.files.set('/mine.h5', ONE);
  server.files.set('/org/name/resolve/main/some/model.h5', TWO);
  const allowHttp = [server.host];
  await runWeightsPull(`${server.url}/mine.h5`, { data, allowHttp });
  await runWeightsPull('org/name', { data, allowHttp, file: 'some/model.h5' });
  expect([stored('mine.h5'), stored('model.h5')]).toEqual([ONE, TWO]);
  expect(printed[0]).toContain('"weights": "mine.h5"');
});

const PUBLISHED = path.join(SHARED_DIR, 'data/weights/mobilenet_v2_0.35_224_no_top.h5');

it.skipIf(!existsSync(PUBLISHED))('asks a mirror of published weights first', async () => {
  const [source] = findArchitecture('mobilenet_v2_0.35').weightSources;
  const file = source?.file as string;
  server.files.set(`/mirror/${file}`, readFileSync(PUBLISHED));
  vi.stubEnv('FOVEA_WEIGHTS_MIRROR', `${server.url}/mirror/`);
  await runWeightsPull('mobilenet_v2_0.35', { data });
  expect(stored(file).equals(readFileSync(PUBLISHED))).toBe(true);
  expect(server.requests.map(({ path: asked }) => asked)).toEqual([`/mirror/${file}`]);
});

it('refuses a file that is cut short, and keeps nothing of it', async () => {
  const allowHttp = [server.host];
  server.files.set('/mine.h5', ONE.subarray(0, 900));
  await expect(runWeightsPull(`${server.url}/mine.h5`, { data, allowHttp })).rejects.toMatchObject({
    code: 'download-failed',
    message: expect.stringMatching(/not the file\. It was not stored\. The weights cannot be read: HDF5/),
  });
  server.files.set('/mine.h5', ONE);
  await runWeightsPull(`${server.url}/mine.h5`, { data, allowHttp });
  expect(stored('mine.h5')).toEqual(ONE);
});

it.skipIf(!existsSync(PUBLISHED))('replaces a broken file of a network, and prints JSON', async () => {
  const file = findArchitecture('mobilenet_v2_0.35').weightSources[0]?.file as string;
  const good = readFileSync(PUBLISHED);
  vi.stubEnv('FOVEA_WEIGHTS_MIRROR', `${server.url}/mirror/`);
  server.files.set(`/mirror/${file}`, good);
  const at = path.join(data, keys.weights(file));
  mkdirSync(path.dirname(at), { recursive: true });
  writeFileSync(at, good.subarray(0, 5000));
  await runWeightsPull('mobilenet_v2_0.35', { data, json: true });
  expect(stored(file).equals(good)).toBe(true);
  expect(JSON.parse(printed[0] ?? '')).toMatchObject({
    object: 'weights',
    architecture: 'mobilenet_v2_0.35',
    file,
    size_bytes: good.byteLength,
  });
});

it('leaves another file of the same name as it is, and keeps both under two names', async () => {
  const allowHttp = [server.host];
  const pull = (source: string, as?: string) =>
    runWeightsPull(source, { data, allowHttp, ...(as === undefined ? {} : { as }) });
  server.files.set('/org/one/resolve/main/model.weights.h5', ONE);
  server.files.set('/org/two/resolve/main/model.weights.h5', TWO);
  await pull('org/one');
  await expect(pull('org/two')).rejects.toMatchObject({
    code: 'weights-exists',
    message: expect.stringMatching(/model\.weights\.h5 is another file .*Move it away.*--as NAME/),
  });
  await pull('org/one');
  await pull('org/two', 'two.h5');
  expect([stored('model.weights.h5'), stored('two.h5')]).toEqual([ONE, TWO]);
});

it('takes no file of another network under the name of a published one', async () => {
  server.files.set('/other.h5', ONE);
  const as = 'mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_224_no_top.h5';
  await expect(
    runWeightsPull(`${server.url}/other.h5`, { data, allowHttp: [server.host], as }),
  ).rejects.toMatchObject({ code: 'download-failed', message: expect.stringMatching(/other\.h5/) });
  expect(() => stored(as)).toThrow(/ENOENT/);
});

it.each([
  ['/%20.h5', /" \.h5" cannot be the name/],
  ['/a%2Fb.h5', /"a\/b\.h5" cannot be the name/],
  ['/', /"" cannot be the name/],
  ['/%zz.h5', /"%zz\.h5", which stands for no text/],
])('rejects the address %s before it downloads anything', async (file, message) => {
  const allowHttp = [server.host];
  server.files.set(file, ONE);
  await expect(runWeightsPull(server.url + file, { data, allowHttp })).rejects.toThrow(message);
  expect(server.requests).toEqual([]);
});

it.each([
  ['mobilenet_v2_0.35', { as: 'mine.h5' }, 'weights-unavailable', /keep their name/],
  ['lenet5', {}, 'weights-unavailable', /trained from scratch/],
  [
    'convnext_tiny',
    { file: 'other.h5' },
    'weights-unavailable',
    /convnext_tiny_notop\.h5, convnext_tiny\.h5/,
  ],
  ['convnext_tinny', {}, 'architecture-unknown', /convnext_tiny/],
])('rejects %s with %j', async (source, options, code, message) => {
  await expect(runWeightsPull(source, { data, ...options })).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
  });
});
