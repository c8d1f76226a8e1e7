// Many files put into a dataset with one request: as a form, as a zip archive and as a .tar.gz archive.

import { mkdtemp, readdir, readlink, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Zippable, zipSync } from 'fflate';
import { packTar, type TarEntry } from 'modern-tar';
import { describe, expect, it } from 'vitest';
import { openArchive } from '../../../core/dataset/open-archive.ts';
import { uniformAt } from '../../../core/random.ts';
import { DEFAULT_LIMITS } from '../../../functions/deps/limits.ts';
import { archiveLimits } from '../../../functions/routes/store-entry.ts';
import { colorPicture } from '../../support/color-model.ts';
import { type AnyJson, createTestApp, readAnswer, type TestApp } from '../../support/test-app.ts';

const FILES = '/v1/datasets/colors/files';
const RED = await colorPicture('red');
const BLUE = await colorPicture('blue', 'jpeg');
const NOTE = new TextEncoder().encode('no picture');

async function post({ app }: TestApp, body: Uint8Array | FormData, query = '') {
  const headers = body instanceof FormData ? {} : { 'content-type': 'application/octet-stream' };
  const bytes = body instanceof FormData ? body : Uint8Array.from(body);
  return readAnswer(await app.request(FILES + query, { method: 'POST', headers, body: bytes }));
}

async function keysOf({ store }: TestApp): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of store.list('')) found.push(key);
  return found.filter((key) => !key.startsWith('audit/')).sort();
}

const outcomes = (body: AnyJson) =>
  body.data.map(({ path, error }: AnyJson) => [path, error?.code ?? 'stored']);

const SYMLINK = 0o120777 * 65536;
const zip = (files: Zippable) => zipSync(files, { level: 6 });
const tarGz = async (entries: readonly TarEntry[]) => gzipSync(await packTar(entries));
const file = (name: string, body: Uint8Array): TarEntry => ({ header: { name, size: body.length }, body });

/** The same archive in both formats. */
const FORMATS: readonly (readonly [string, (files: Record<string, Uint8Array>) => Promise<Uint8Array>])[] = [
  ['.zip', async (files) => zip(files)],
  ['.tar.gz', async (files) => tarGz(Object.entries(files).map(([name, bytes]) => file(name, bytes)))],
];

describe('a form', () => {
  it('puts files where the fields and file names say; one that is no picture does not disturb the others', async () => {
    const test = createTestApp();
    const form = new FormData();
    form.append('red', new Blob([RED]), '1.png');
    form.append('train/blue', new Blob([BLUE]), '1.jpg');
    form.append('any', new Blob([BLUE]), 'blue/2.jpg');
    form.append('blue', new Blob([NOTE]), 'note.txt');
    form.append('archive', new Blob([Uint8Array.from(zip({ 'red/3.png': RED }))]), 'more.zip');
    const { status, body } = await post(test, form);
    expect([status, body.stored, body.failed]).toEqual([200, 4, 1]);
    expect(outcomes(body)).toEqual([
      ['red/1.png', 'stored'],
      ['train/blue/1.jpg', 'stored'],
      ['blue/2.jpg', 'stored'],
      ['blue/note.txt', 'image-unsupported'],
      ['red/3.png', 'stored'],
    ]);
    const keys = ['blue/2.jpg', 'red/1.png', 'red/3.png', 'train/blue/1.jpg'];
    expect(await keysOf(test)).toEqual(keys.map((path) => `datasets/colors/${path}`));
  });

  it('is refused without a file, and with more than the limit', async () => {
    const empty = new FormData();
    empty.append('red', 'text');
    expect((await post(createTestApp(), empty)).body.error.code).toBe('multipart-invalid');
    const many = new FormData();
    for (const name of ['1.png', '2.png', '3.png']) many.append('red', new Blob([RED]), name);
    const test = createTestApp({ limits: { datasetFormFiles: 2 } });
    expect((await post(test, many)).body.error.code).toBe('too-many-images');
    expect(await keysOf(test)).toEqual([]);
  });
});

describe.each(FORMATS)('a %s archive', (_, pack) => {
  it('puts each file in its place and answers for each; hidden ones are left out, and nothing leaves the dataset', async () => {
    const test = createTestApp();
    const archive = await pack({
      './red/1.png': RED,
      'train/blue/deep/1.jpg': BLUE,
      '.DS_Store': NOTE,
      '__MACOSX/red/._1.png': NOTE,
      'red/note.txt': NOTE,
      'top.png': RED,
      '../models/evil.png': RED,
      'red/../../../evil.png': RED,
      '/red/absolute.png': RED,
    });
    const { status, body } = await post(test, archive);
    expect(status).toBe(200);
    expect(outcomes(body)).toEqual([
      ['./red/1.png', 'stored'],
      ['train/blue/deep/1.jpg', 'stored'],
      ['red/note.txt', 'image-unsupported'],
      ['top.png', 'request-invalid'],
      ['../models/evil.png', 'dataset-name-invalid'],
      ['red/../../../evil.png', 'dataset-name-invalid'],
      ['/red/absolute.png', 'dataset-name-invalid'],
    ]);
    expect(body).toMatchObject({ object: 'list', dataset: 'colors', stored: 2, failed: 5, hidden: 2 });
    expect(await keysOf(test)).toEqual([
      'datasets/colors/red/1.png',
      'datasets/colors/train/blue/deep/1.jpg',
    ]);
    expect((await test.store.get('datasets/colors/red/1.png'))?.body).toEqual(RED);
    // The same request again is no other.
    expect((await post(test, archive)).body).toEqual(body);
  });

  it('may have a folder around everything, which is cut off where the request says so', async () => {
    const archive = await pack({ 'fruit/red/1.png': RED, 'fruit/blue/1.jpg': BLUE, 'fruit/read.me': NOTE });
    const cut = createTestApp();
    expect(outcomes((await post(cut, archive, '?strip=1')).body)[2]).toEqual([
      'fruit/read.me',
      'request-invalid',
    ]);
    expect(await keysOf(cut)).toEqual(['datasets/colors/blue/1.jpg', 'datasets/colors/red/1.png']);
    const whole = createTestApp();
    await post(whole, archive);
    const { body } = await whole.send('GET', '/v1/datasets/colors');
    expect(body.classes.map(({ label }: AnyJson) => label)).toEqual(['blue', 'red']);
  });

  it('is refused where it has too many entries; what was stored before stays, and is counted', async () => {
    const test = createTestApp({ limits: { archiveEntries: 2 } });
    const archive = await pack({ 'red/1.png': RED, 'red/2.png': RED, 'red/3.png': RED });
    const { status, body } = await post(test, archive);
    expect([status, body.error.code]).toEqual([413, 'archive-too-large']);
    expect(body.error.message).toContain('2 files before that are stored');
    expect(await keysOf(test)).toEqual(['datasets/colors/red/1.png', 'datasets/colors/red/2.png']);
  });

  it('is refused where it unpacks to more bytes than allowed, or to far more than its size', async () => {
    const bytes = createTestApp({ limits: { archiveUnpackedBytes: 5000 } });
    const large = await pack({ 'red/1.png': new Uint8Array(10_000) });
    expect((await post(bytes, large)).body.error.code).toBe('archive-too-large');
    const test = createTestApp();
    const bomb = await pack({ 'red/1.png': new Uint8Array(16 * 2 ** 20) });
    const { status, body } = await post(test, bomb);
    expect([status, body.error.code]).toEqual([413, 'archive-too-large']);
    expect(await keysOf(test)).toEqual([]);
  });

  it('leaves out a file beyond the limit of a picture', async () => {
    const test = createTestApp();
    const noise = new Uint8Array(20_000_001);
    // Shrinks to a quarter, so that the archive as a whole is allowed.
    for (let i = 0; i < noise.length; i++) noise[i] = Math.imul(i, 2_654_435_761) >>> 24;
    const { body } = await post(test, await pack({ 'red/large.png': noise, 'red/1.png': RED }));
    expect(outcomes(body)).toEqual([
      ['red/large.png', 'image-too-large'],
      ['red/1.png', 'stored'],
    ]);
  });

  it('is refused where it is cut off', async () => {
    const archive = await pack({ 'red/1.png': RED, 'blue/1.jpg': BLUE });
    const { status, body } = await post(createTestApp(), archive.subarray(0, archive.length - 30));
    expect([status, body.error.code]).toEqual([400, 'archive-invalid']);
  });
});

it('of two files with the same path the last one is stored, and the answer says so', async () => {
  const test = createTestApp();
  const twice = zip({ 'red/1.png': RED, './red/1.png': BLUE, 'red/2.png': RED, './red/2.png': NOTE });
  const { body } = await post(test, twice);
  expect(outcomes(body)).toEqual([
    ['red/1.png', 'file-overwritten'],
    ['./red/1.png', 'stored'],
    ['red/2.png', 'stored'],
    ['./red/2.png', 'image-unsupported'],
  ]);
  expect(body).toMatchObject({ stored: 2, failed: 2 });
  expect((await test.store.get('datasets/colors/red/1.png'))?.body).toEqual(BLUE);
});

describe('of a .tar.gz archive that breaks off', () => {
  // Noise of six bits hardly shrinks, but is not packed as it is, so that damage shows at once.
  const noise = (seed: number) => Uint8Array.from({ length: 3000 }, (_, at) => 64 * uniformAt(seed, at));
  const picture = (seed: number) => Buffer.concat([RED, noise(seed)]);

  it.each([
    ['is cut off', (archive: Buffer) => archive.subarray(0, Math.floor(archive.length * 0.8))],
    [
      'is damaged',
      (archive: Buffer) => {
        const at = Math.floor(archive.length * 0.95);
        return archive.fill(0xff, at, at + 2000);
      },
    ],
  ])('where it %s, the files before that are stored', async (_, harm) => {
    const test = createTestApp();
    const names = Array.from({ length: 100 }, (_, at) => `red/${at}.png`);
    const archive = Buffer.from(await tarGz(names.map((name, at) => file(name, picture(at)))));
    const { status, body } = await post(test, harm(archive));
    expect([status, body.error.code]).toEqual([400, 'archive-invalid']);
    expect(body.error.details.stored).toBe((await keysOf(test)).length);
    expect(body.error.details.stored).toBeGreaterThan(60);
    expect(body.error.details.stored).toBeLessThan(100);
  });

  it('one file is one file', async () => {
    const test = createTestApp({ limits: { archiveEntries: 1 } });
    const { body } = await post(test, await tarGz([file('red/1.png', RED), file('red/2.png', RED)]));
    expect(body.error.message).toContain('1 file before that is stored');
  });
});

it('links and devices of a .tar.gz archive are not followed', async () => {
  const test = createTestApp();
  const archive = await tarGz([
    { header: { name: 'red/', type: 'directory', size: 0 } },
    { header: { name: 'red/soft.png', type: 'symlink', size: 0, linkname: '/etc/passwd' } },
    { header: { name: 'red/hard.png', type: 'link', size: 0, linkname: 'red/1.png' } },
    { header: { name: 'red/device.png', type: 'character-device', size: 0 } },
    file('red/1.png', RED),
  ]);
  expect(outcomes((await post(test, archive)).body)).toEqual([
    ['red/soft.png', 'archive-entry-refused'],
    ['red/hard.png', 'archive-entry-refused'],
    ['red/device.png', 'archive-entry-refused'],
    ['red/1.png', 'stored'],
  ]);
});

it('links, encrypted and damaged files of a .zip archive are refused one by one', async () => {
  const test = createTestApp();
  const link = zip({
    'red/': new Uint8Array(),
    'red/soft.png': [RED, { os: 3, attrs: SYMLINK }],
    'red/1.png': RED,
  });
  expect(outcomes((await post(test, link)).body)).toEqual([
    ['red/soft.png', 'archive-entry-refused'],
    ['red/1.png', 'stored'],
  ]);
  const encrypted = Buffer.from(zip({ 'red/2.png': RED, 'red/3.png': RED }));
  encrypted[encrypted.indexOf('PK\x01\x02', 'latin1') + 8] = 1;
  const { body } = await post(test, encrypted);
  expect(outcomes(body)).toEqual([
    ['red/2.png', 'archive-entry-refused'],
    ['red/3.png', 'stored'],
  ]);
  expect(body.data[0].error.message).toContain('password');
  const damaged = Buffer.from(zip({ 'red/2.png': [RED, { level: 0 }] }));
  const content = damaged.indexOf(RED.subarray(8));
  damaged[content + 40] = (damaged[content + 40] as number) ^ 1;
  expect(outcomes((await post(test, damaged)).body)[0]).toEqual(['red/2.png', 'archive-entry-refused']);
});

it('an archive has no name in the temporary folder while it arrives, so nothing is left of it when a server is killed', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'fovea-test-'));
  const before = process.env['TMPDIR'];
  process.env['TMPDIR'] = folder;
  try {
    const archive = zip({ 'red/1.png': [RED, { level: 0 }], 'red/2.png': [BLUE, { level: 0 }] });
    const seen: string[][] = [];
    const look = async () => seen.push(await readdir(folder));
    async function* arriving() {
      for (let start = 0; start < archive.length; start += 100) {
        yield archive.subarray(start, start + 100);
        await look();
      }
    }
    const entries: string[] = [];
    for await (const { path: name, content } of openArchive(arriving(), archiveLimits(DEFAULT_LIMITS))) {
      entries.push(`${name} ${content instanceof Error ? content.message : content.length}`);
      await look();
    }
    expect(entries).toEqual([`red/1.png ${RED.length}`, `red/2.png ${BLUE.length}`]);
    expect(seen.length).toBeGreaterThan(4);
    expect(seen.flat()).toEqual([]);
  } finally {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
    await rm(folder, { recursive: true });
  }
});

it('what is no archive, and what says so, is refused, and no file stays open', async () => {
  const test = createTestApp();
  // Where a system tells which files are open: deleted ones of this form are archives.
  const opened = async () =>
    (
      await Promise.all(
        (
          await readdir('/proc/self/fd').catch(() => [])
        ).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
      )
    ).filter((target) => /fovea-\w+\/content \(deleted\)$/.test(target));
  for (const bytes of [NOTE, RED, new Uint8Array()])
    expect((await post(test, bytes)).body.error.code).toBe('archive-invalid');
  await post(test, zip({ 'red/1.png': RED }).subarray(0, 90));
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };
  const typed = await readAnswer(await test.app.request(FILES, init));
  expect([typed.status, typed.body.error.code]).toEqual([415, 'content-type-unsupported']);
  expect((await post(test, zip({ 'red/1.png': RED, 'red/2.png': RED }))).body.stored).toBe(2);
  async function* broken() {
    yield zip({ 'red/1.png': RED }).subarray(0, 90);
    expect(await opened()).toHaveLength(process.platform === 'linux' ? 1 : 0);
    yield zip({}).subarray(0, 4);
    throw new RangeError('The client is gone.');
  }
  const bounds = archiveLimits(DEFAULT_LIMITS);
  await expect(openArchive(broken(), bounds).next()).rejects.toThrow('The client is gone.');
  expect(await opened()).toEqual([]);
});
