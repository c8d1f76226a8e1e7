// Releases of Node from npm, in this user's cache: about 200 MB each, fetched once.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { cacheDirectory } from '../../core/cache-directory.ts';

const FETCH_TIMEOUT_MS = 300_000;
const IS_WINDOWS = process.platform === 'win32';
/** What npm's package `node` depends on here. */
const PACKAGE = `node-${IS_WINDOWS ? 'win' : process.platform}-${process.arch}`;

const run = promisify(execFile);

export type FetchedNode =
  | {
      /** The program. */
      readonly node: string;
      /** With `include/`, for addons. */
      readonly folder: string;
    }
  | { readonly node: undefined; readonly reason: string };

/** The release; never throws, but says why it is not to be had. */
export async function fetchNode(version: string): Promise<FetchedNode> {
  const cached = path.join(cacheDirectory(process.env), 'node', version);
  const folder = path.join(cached, 'node_modules', PACKAGE);
  const fetched = { node: path.join(folder, 'bin', IS_WINDOWS ? 'node.exe' : 'node'), folder };
  if (existsSync(cached)) return fetched;
  const work = `${cached}.${process.pid}`;
  try {
    await mkdir(work, { recursive: true });
    await writeFile(path.join(work, 'package.json'), '{ "private": true }');
    await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', `${PACKAGE}@${version}`], {
      cwd: work,
      timeout: FETCH_TIMEOUT_MS,
      shell: IS_WINDOWS,
    });
    await rename(work, cached);
    return fetched;
  } catch (error) {
    // Another process was faster.
    if (existsSync(cached)) return fetched;
    const message = error instanceof Error ? error.message.trim().split('\n').at(-1) : String(error);
    return { node: undefined, reason: `npm could not fetch ${PACKAGE}@${version}: ${message}` };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
