// Two servers on one data folder, as processes: they share its jobs, and when one is killed its trainer ends, and the other goes on.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { drawSampleDataset } from '../../cli/sample-dataset/draw-sample-dataset.ts';
import { createClient, type FoveaClient } from '../../client/create-client.ts';

const FOVEA = fileURLToPath(new URL('../../bin/fovea.mjs', import.meta.url));
const JOBS = 6;
/** A machine that is busy with other tests trains slowly. */
const TIMEOUT_MS = 600_000;

interface Server {
  readonly process: ChildProcess;
  readonly api: FoveaClient;
}

let dataDir: string;
const servers: Server[] = [];

async function start(): Promise<Server> {
  const child = spawn(process.execPath, [FOVEA, 'start', '--data', dataDir, '--port', '0'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let output = '';
  for await (const chunk of child.stdout as NodeJS.ReadableStream) {
    output += chunk;
    const [, url] = /API +(http:\S+)\/v1/.exec(output) ?? [];
    if (url === undefined) continue;
    const server = { process: child, api: createClient({ url }) };
    servers.push(server);
    return server;
  }
  throw new Error(`The server ended: ${output}`);
}

/** The trainers that a server has started and that live: it starts no other processes. */
function trainersOf({ process: { pid } }: Server): number[] {
  const processes = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  return processes
    .split('\n')
    .map((line) => line.trim().split(/ +/).map(Number))
    .filter(([, parent]) => parent === pid)
    .map(([child = 0]) => child);
}

async function end({ process: child }: Server, signal: NodeJS.Signals): Promise<void> {
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
}

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(os.tmpdir(), 'fovea-two-servers-'));
});

afterAll(async () => {
  await Promise.all(
    servers
      .filter(({ process: { exitCode, signalCode } }) => exitCode === null && signalCode === null)
      .map((server) => end(server, 'SIGTERM')),
  );
  await rm(dataDir, { recursive: true, force: true });
});

it('all end right', { timeout: TIMEOUT_MS }, async () => {
  const [killed, left] = [await start(), await start()];
  await drawSampleDataset((file, bytes) => left.api.datasets.put('shapes', file, bytes), {
    imagesPerClass: 3,
    seed: 3,
  });
  const ids: string[] = [];
  for (let index = 0; index < JOBS; index++) {
    const { id } = await (index % 2 === 0 ? killed : left).api.jobs.create({
      model: 'small_cnn',
      training_file: 'shapes',
      suffix: `model-${index}`,
      seed: 1,
      backend: 'portable',
      hyperparameters: { n_epochs: 1 },
      recipe: { variants: [] },
    });
    ids.push(id);
  }
  const jobs = () => Promise.all(ids.map((id) => left.api.jobs.get(id)));

  // Both have finished one, and the one to be killed trains another.
  for (;;) {
    const [trainer] = trainersOf(killed);
    const isShared =
      trainersOf(left).length > 0 && (await jobs()).some(({ status }) => status === 'succeeded');
    if (trainer !== undefined && isShared) break;
    await delay(50);
  }
  const trainers = trainersOf(killed);
  await end(killed, 'SIGKILL');
  // Nobody else would stop it.
  await vi.waitFor(
    () => {
      for (const pid of trainers) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    },
    { timeout: TIMEOUT_MS, interval: 50 },
  );

  while ((await jobs()).some(({ status }) => !['succeeded', 'failed', 'cancelled'].includes(status)))
    await delay(200);
  const ends = await jobs();
  expect(ends.map(({ status, error }) => error?.message ?? status)).toEqual(ids.map(() => 'succeeded'));
  expect(ends.map(({ fine_tuned_model: model }) => model).sort()).toEqual(
    ids.map((_, index) => `model-${index}:1`).sort(),
  );
});
