// Starts moto, a stand-in for AWS, for the tests that need one. Installs it with pip into a cache where it is missing.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from './free-port.ts';

const MOTO_VERSION = '5.2.1';
const INSTALL_TIMEOUT_MS = 90_000;
const START_TIMEOUT_MS = 45_000;
const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
/** Enough for S3. */
const SERIAL_MOTO = join(ROOT, 'tests/support/serial-moto.py');
/** A moto with more of CloudFormation in it. */
const STAND_IN = join(ROOT, 'tests/support/cloud/aws-stand-in.py');
const CACHE = join(ROOT, 'node_modules/.cache', `moto-${MOTO_VERSION}`);

/** A running moto, or why there is none. */
export type Moto =
  | { readonly endpoint: string; readonly stop: () => Promise<void> }
  | { readonly endpoint: undefined; readonly reason: string };

/** What moto takes for credentials: anything. */
export const MOTO_CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' };

const run = promisify(execFile);
const withPath = (path: string | undefined) =>
  path === undefined ? process.env : { ...process.env, PYTHONPATH: path };

async function hasMoto(pythonPath: string | undefined): Promise<boolean> {
  return run('python3', ['-c', 'import moto.server'], {
    env: withPath(pythonPath),
    timeout: START_TIMEOUT_MS,
  }).then(
    () => true,
    () => false,
  );
}

/** PYTHONPATH under which moto can be imported: none of its own, or the cache. Throws where pip cannot install it. */
async function findMoto(): Promise<string | undefined> {
  if (await hasMoto(undefined)) return undefined;
  if (existsSync(CACHE)) return CACHE;
  const partial = `${CACHE}.${process.pid}`;
  await mkdir(dirname(CACHE), { recursive: true });
  try {
    const args = ['-m', 'pip', 'install', '--quiet', '--target', partial, `moto[server]==${MOTO_VERSION}`];
    await run('python3', args, { timeout: INSTALL_TIMEOUT_MS });
    // Two test files may install at once; the first to be ready wins.
    await rename(partial, CACHE).catch(() => undefined);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return CACHE;
}

async function isUp(child: ChildProcess, endpoint: string): Promise<boolean> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline && child.exitCode === null) {
    const answer = await fetch(`${endpoint}/moto-api/data.json`).catch(() => undefined);
    if (answer?.ok) return true;
    await sleep(100);
  }
  return false;
}

export interface StartMotoOptions {
  /** With all that a deployed stack needs; Batch jobs run in containers that share this machine's network. */
  readonly withStack?: boolean;
  /** With a stack: what the account is allowed. */
  readonly account?: StandInAccount;
}

/** What an account is allowed, where moto has no answer of its own. */
export interface StandInAccount {
  /** vCPUs by the code of the quota. */
  readonly quotas?: Readonly<Record<string, number>>;
  /** Requests at once of all functions; 1,000 where nothing is said. */
  readonly concurrency?: number;
  /** Actions that nobody may do; only servicequotas:GetServiceQuota is looked at. */
  readonly denied?: readonly string[];
  /** Whether every image is in the registry, so that none is built. */
  readonly hasImages?: boolean;
}

/** Starts moto on a free port of 127.0.0.1; never throws. Takes some 2 s, and once a minute more to install. */
export async function startMoto({ withStack = false, account = {} }: StartMotoOptions = {}): Promise<Moto> {
  let pythonPath: string | undefined;
  try {
    pythonPath = await findMoto();
  } catch (error) {
    const message = error instanceof Error ? error.message.trim().split('\n').at(-1) : String(error);
    return {
      endpoint: undefined,
      reason: `moto can neither be imported nor installed (python3, pip): ${message}`,
    };
  }
  const port = await freePort();
  const server = withStack ? STAND_IN : SERIAL_MOTO;
  const child = spawn('python3', [server, '-H', '127.0.0.1', '-p', String(port)], {
    env: {
      ...withPath(pythonPath),
      ...(withStack
        ? {
            MOTO_DOCKER_NETWORK_MODE: 'host',
            MOTO_PORT: String(port),
            STAND_IN_ACCOUNT: JSON.stringify(account),
          }
        : {}),
    },
    stdio: 'ignore',
  });
  const exited = new Promise<void>((done) => child.once('exit', () => done()));
  const killWithParent = () => void child.kill('SIGKILL');
  process.once('exit', killWithParent);
  const stop = async () => {
    process.off('exit', killWithParent);
    child.kill('SIGKILL');
    await exited;
  };
  const endpoint = `http://127.0.0.1:${port}`;
  if (await isUp(child, endpoint)) return { endpoint, stop };
  await stop();
  return { endpoint: undefined, reason: `moto did not answer on ${endpoint} within ${START_TIMEOUT_MS} ms` };
}
