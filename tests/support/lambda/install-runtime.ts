// Node as Lambda has it and AWS's own runtime interface client, from npm into a cache: what runs a function inside of Lambda.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type FetchedNode, fetchNode } from '../fetch-node.ts';
import { LAMBDA_NODE } from '../node-releases.ts';

const CLIENT_VERSION = '4.0.2';
const CACHE = fileURLToPath(
  new URL(`../../../node_modules/.cache/lambda-runtime-${LAMBDA_NODE}-${CLIENT_VERSION}`, import.meta.url),
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
  const fetched = await fetchNode(LAMBDA_NODE);
  if (fetched.node === undefined) return fetched;
  const runtime = { node: fetched.node, client: path.join(CACHE, 'node_modules/aws-lambda-ric/index.mjs') };
  if (existsSync(CACHE)) return runtime;
  const work = `${CACHE}.${process.pid}`;
  try {
    await installClient(work, fetched);
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

async function installClient(
  folder: string,
  { node, folder: nodeFolder }: Extract<FetchedNode, { node: string }>,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'package.json'), '{ "private": true }');
  const args = ['--no-audit', '--no-fund', '--ignore-scripts=false', `aws-lambda-ric@${CLIENT_VERSION}`];
  await run('npm', ['install', ...args], {
    cwd: folder,
    timeout: INSTALL_TIMEOUT_MS,
    env: {
      ...process.env,
      PATH: `${path.dirname(node)}${path.delimiter}${process.env['PATH'] ?? ''}`,
      // Its own headers: the addon is compiled without a download.
      npm_config_nodedir: nodeFolder,
    },
  });
}
