// The commands of README.md and docs/ as they are written: in a shell, in a folder that looks like a checkout, against the
// server that the documents start. What is put in the place of what is written, REPLACED says, and nothing else.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeSampleDataset } from '../../cli/sample-dataset/write-sample-dataset.ts';
import {
  type CommandBlock,
  commandBlocks,
  keyPaths,
  splitOutput,
  toPattern,
  toScript,
} from '../support/document-commands.ts';
import { foreignModel } from '../support/foreign-onnx.ts';
import { readMarkdown } from '../support/read-markdown.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
/** In the order in which somebody reads them: the first ones make the model that the others use. */
const FIRST = ['README.md', 'docs/getting-started.md'];
const documents = [
  ...FIRST,
  ...(await readdir(path.join(ROOT, 'docs')))
    .map((file) => `docs/${file}`)
    .filter((file) => file.endsWith('.md') && !FIRST.includes(file)),
];
const blocks = documents.flatMap((document) =>
  commandBlocks(document, readMarkdown(path.join(ROOT, document)).blocks),
);

/** What the test puts in the place of what is written, given the port of its own server. */
const REPLACED = (port: number): readonly (readonly [written: string | RegExp, run: string])[] => [
  ['http://127.0.0.1:8787', `http://127.0.0.1:${port}`],
  [/^npm start$/gm, `npm start -- --port ${port}`],
  // Needs no weights from elsewhere.
  ['"model": "mobilenet_v2_0.35"', '"model": "small_cnn"'],
  ['--base mobilenet_v2_0.35', '--base small_cnn'],
  // The packages of the checkout instead of downloaded ones.
  [/^npm install --prefix (\S+) .*$/gm, 'ln -s "$PWD/node_modules" $1/node_modules'],
];
const replaced = (text: string, port: number) =>
  REPLACED(port).reduce((now, [written, run]) => now.replaceAll(written, run), text);

/** Enough for every split to have one of each class; the more, the longer it takes. */
const IMAGES_PER_CLASS = 8;
/** Longer than any command line, as of a phone. */
const PHOTO_BYTES = 5_000_000;
const PHOTO_SIDE = 2048;
/** What a checkout has and the documents' reader makes anew. */
const NOT_LINKED = new Set(['.fovea', '.git']);

const hasBash = spawnSync('bash', ['-c', 'curl --version']).status === 0;
if (!hasBash) console.warn('The commands of the documents are not run: bash or curl is not installed.');

let folder: string;
let home: string;
let checkout: string;
let port: number;
let server: ChildProcess;
let serverOutput = '';

/** Of the environment, what shells and Node need, and that the server has another port: nothing else that would change the commands. */
const environment = () => ({
  FOVEA_URL: `http://127.0.0.1:${port}`,
  PATH: process.env['PATH'],
  LANG: 'C.UTF-8',
  HOME: home,
  npm_config_update_notifier: 'false',
});

beforeAll(async () => {
  if (!hasBash) return;
  folder = await mkdtemp(path.join(os.tmpdir(), 'fovea-documents-'));
  home = path.join(folder, 'home');
  checkout = path.join(folder, 'fovea');
  await Promise.all([mkdir(path.join(home, 'pictures'), { recursive: true }), mkdir(checkout)]);
  await Promise.all([makeCheckout(), makeHome()]);
  port = await freePort();
  await startServer();
});
afterAll(async () => {
  if (!hasBash) return;
  if (server?.pid !== undefined && server.exitCode === null) {
    const ended = new Promise((resolve) => server.once('close', resolve));
    process.kill(-server.pid, 'SIGTERM');
    await ended;
  }
  await rm(folder, { recursive: true, force: true });
});

async function makeCheckout(): Promise<void> {
  for (const entry of await readdir(ROOT))
    if (!NOT_LINKED.has(entry)) await symlink(path.join(ROOT, entry), path.join(checkout, entry));
}

async function makeHome(): Promise<void> {
  const picture = (name: string) => path.join(home, 'pictures', name);
  await writeSampleDataset(picture('fruit'), { imagesPerClass: IMAGES_PER_CLASS });
  const noise = { raw: { width: PHOTO_SIDE, height: PHOTO_SIDE, channels: 3 as const } };
  const photo = await sharp(randomBytes(PHOTO_SIDE * PHOTO_SIDE * 3), noise)
    .jpeg({ quality: 98 })
    .toBuffer();
  expect(photo.byteLength).toBeGreaterThan(PHOTO_BYTES);
  await writeFile(picture('photo.jpg'), photo);
  for (const name of ['a.jpg', 'b.jpg']) await copyFile(picture('fruit/star/star-001.png'), picture(name));
  await writeFile(
    path.join(home, 'my_backbone.onnx'),
    foreignModel({ dimensions: ['N', 3, 'height', 'width'] }),
  );
  // An error status ends the block. Bars and other decoration of curl would only disturb.
  await writeFile(path.join(home, '.curlrc'), 'fail-with-body\nsilent\nshow-error\n');
}

const freePort = () =>
  new Promise<number>((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });

async function startServer(): Promise<void> {
  const starts = new Set(blocks.filter(({ kind }) => kind === 'server').map(({ text }) => text));
  expect([...starts]).toEqual(['npm start']);
  const [command = ''] = starts;
  // In a group of its own: npm, the shell and the server are ended together.
  server = spawn('bash', ['-c', replaced(command, port)], {
    cwd: checkout,
    env: environment(),
    detached: true,
  });
  await new Promise<void>((resolve, reject) => {
    const read = (text: Buffer) => {
      serverOutput += text;
      if (serverOutput.includes('is running.')) resolve();
    };
    server.stdout?.on('data', read);
    server.stderr?.on('data', read);
    server.once('close', () => reject(new Error(`The server ended: ${serverOutput}`)));
  });
}

function run(script: string): Promise<{ exitCode: number | null; stdout: string; stderr: string }> {
  const child = spawn('bash', ['-euo', 'pipefail', '-c', script], {
    cwd: checkout,
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text));
  return new Promise((resolve) => child.once('close', (exitCode) => resolve({ exitCode, ...output })));
}

async function save({ text, path: written = '' }: CommandBlock): Promise<void> {
  const file = written.startsWith('~/') ? path.join(home, written.slice(2)) : path.join(checkout, written);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, `${replaced(text, port)}\n`);
}

async function check({ text, shownJson }: CommandBlock): Promise<void> {
  const { script, shown } = toScript(text);
  const { exitCode, stdout, stderr } = await run(replaced(script, port));
  expect(exitCode, `${stdout}\n${stderr}`).toBe(0);
  const outputs = splitOutput(stdout);
  for (const [index, expected] of shown.entries())
    expect(outputs[index]).toMatch(toPattern(replaced(expected, port)));
  if (shownJson !== undefined)
    expect(keyPaths(JSON.parse(stdout)).sort()).toEqual(keyPaths(JSON.parse(shownJson)).sort());
}

for (const { kind, place, reason } of blocks)
  if (kind === 'not-run') console.info(`${place} is not run: ${reason}.`);

/** Those that stand in several documents are run once. */
const first = new Map<string, CommandBlock>();
for (const block of blocks)
  if ((block.kind === 'run' || block.kind === 'file') && !first.has(block.text)) first.set(block.text, block);

const NEEDS_PYTHON = /^python3 /m;
const hasPython = spawnSync('python3', ['--version']).status === 0;
if (!hasPython)
  console.warn('The programs in Python of the documents are not run: python3 is not installed.');

describe.skipIf(!hasBash)('the documents', () => {
  it.for([...first.values()])('$place', (block, { skip }) => {
    skip(!hasPython && NEEDS_PYTHON.test(block.text), 'python3 is not installed');
    return block.kind === 'file' ? save(block) : check(block);
  });
});
