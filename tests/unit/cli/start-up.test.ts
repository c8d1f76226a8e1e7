// What the command loads before it knows what it is to do: V8 writes down every file that a process has run.

import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '../../..');
/** Packages that take long to load, or that only some commands need. */
const HEAVY =
  /^(sharp|@img|@tensorflow|onnxruntime-\w+|@aws-sdk|@smithy|@aws-lambda-powertools|protobufjs|hono|@hono|@opentelemetry|libheif-js|h5wasm|yauzl)(\/|$)/;
const PACKAGE = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//;

let home: string;
beforeAll(async () => {
  home = await mkdtemp(path.join(os.tmpdir(), 'fovea-start-up-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** The packages that a call of the command loads. */
async function packagesOf(...args: readonly string[]): Promise<readonly string[]> {
  const folder = await mkdtemp(path.join(home, 'run-'));
  const child = promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', path.join(ROOT, 'cli/entry.ts'), ...args],
    {
      cwd: ROOT,
      env: { ...process.env, HOME: home, XDG_CACHE_HOME: '', NODE_V8_COVERAGE: folder },
    },
  );
  // One that fails has loaded what it needs, too.
  await child.catch(() => undefined);
  const urls: string[] = [];
  for (const file of await readdir(folder)) {
    const { result } = JSON.parse(await readFile(path.join(folder, file), 'utf8'));
    urls.push(...result.map(({ url }: { url: string }) => url));
  }
  return [...new Set(urls.flatMap((url) => PACKAGE.exec(url)?.[1] ?? []))];
}

it.each(['--help', 'start --help', 'plan small_cnn'])('%s loads nothing heavy', async (line) => {
  const packages = await packagesOf(...line.split(' '));
  expect(packages).toContain('commander');
  expect(packages.filter((name) => HEAVY.test(name))).toEqual([]);
});

it('sees what is heavy', async () => {
  // A folder of data that cannot be: the server does not start.
  const packages = await packagesOf('start', '--data', path.join(ROOT, 'package.json/data'));
  expect(packages.filter((name) => HEAVY.test(name))).toContain('hono');
});
