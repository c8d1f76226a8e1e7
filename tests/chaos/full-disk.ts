// A data folder on a disk that fills up while a job runs: the attempt must end by itself, and once there is room again the
// next one finish the job. A server there says that it is not ready, and its job waits without spending attempts.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { exitCodes } from '../../core/environment.ts';
import { isFinal, type JobRecord } from '../../core/job/record/job.ts';
import { silentLogger } from '../../functions/deps/logger.ts';
import { startLocalServer } from '../../functions/local-server.ts';
import { ended, startTrainer } from '../support/trainer-process.ts';
import { type Chaos, drawTints, openChaos, type Row } from './chaos-context.ts';

/** Storage calls are tried again for about half a minute. */
const MOST_MS = 90_000;
const SCENARIO = 'the disk is full, then has room again';
const SERVED = 'the disk of a server is full for more than a minute, then has room again';

export async function runFullDisk(chaos: Chaos): Promise<readonly Row[]> {
  const rows = [await onSmallDisk(chaos, SCENARIO, oneTrainer), await onSmallDisk(chaos, SERVED, aServer)];
  return rows.filter((row) => row !== undefined);
}

type Scenario = (chaos: Chaos, dataDir: string, id: string) => Promise<Omit<Row, 'scenario'>>;

/** Runs a scenario on a disk of 16 MB with a job in it; nothing where there can be no such disk. */
async function onSmallDisk({ seed }: Chaos, scenario: string, run: Scenario): Promise<Row | undefined> {
  const dataDir = mkdtempSync(path.join(os.tmpdir(), 'fovea-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', dataDir], { stdio: 'pipe' });
  } catch (error) {
    console.log(`left out: ${scenario}. A small disk needs root and mount: ${String(error)}`);
    rmSync(dataDir, { recursive: true });
    return undefined;
  }
  try {
    const chaos = await openChaos({ seed, faultRate: 0, dataDir });
    await drawTints(chaos, 'few', 3, 10);
    const id = await chaos.createJob({
      dataset: 'few',
      hyperparameters: { n_epochs: 20, batch_size: 8, learning_rate_multiplier: 'auto' },
    });
    return { scenario, ...(await run(chaos, dataDir, id)) };
  } finally {
    execFileSync('umount', [dataDir]);
    rmSync(dataDir, { recursive: true });
  }
}

const isTraining = async ({ jobs }: Chaos, id: string) => ((await jobs.get(id))?.progress?.epoch ?? 0) >= 2;

const oneTrainer: Scenario = async (chaos, dataDir, id) => {
  const child = startTrainer({ storeUrl: chaos.storeUrl, jobId: id });
  while (child.exitCode === null && !(await isTraining(chaos, id))) await delay(20);
  const filler = path.join(dataDir, 'filler');
  fill(filler, dataDir);
  const startedMs = performance.now();
  const end = await Promise.race([ended(child), delay(MOST_MS, 'no end', { ref: false })]);
  child.kill('SIGKILL');
  const tookMs = performance.now() - startedMs;
  rmSync(filler, { force: true });
  const left = (await chaos.jobs.get(id)) as JobRecord;
  const job = await chaos.finish(id);
  const leftovers = readdirSync(dataDir).filter((name) => name.includes('tmp'));
  return {
    found: `attempt ended by ${end} after ${(tookMs / 1000).toFixed(1)} s as ${left.status}${left.error === null ? '' : ` (${left.error.message})`}; then ${job.status}`,
    isRight:
      end === exitCodes.released &&
      left.attempts <= 1 &&
      !isFinal(left.status) &&
      job.status === 'succeeded' &&
      leftovers.length === 0,
  };
};

/** Longer than a local worker would take for three attempts. */
const FULL_MS = 70_000;

const aServer: Scenario = async (chaos, dataDir, id) => {
  const options = { dataDir, host: '127.0.0.1', port: 0, version: '0.0.0', logger: silentLogger };
  const server = await startLocalServer(options);
  try {
    while (!(await isTraining(chaos, id))) await delay(20);
    const filler = path.join(dataDir, 'filler');
    fill(filler, dataDir);
    await delay(FULL_MS);
    const ready = await fetch(`${server.url}/readyz`);
    const told = JSON.stringify(await ready.json());
    rmSync(filler, { force: true });
    const freedMs = performance.now();
    let job = (await chaos.jobs.get(id)) as JobRecord;
    while (!isFinal(job.status) && performance.now() - freedMs < MOST_MS) {
      await delay(200);
      job = (await chaos.jobs.get(id)) as JobRecord;
    }
    return {
      found: `/readyz said ${ready.status} ${told}; then ${job.status} in ${job.attempts} counted attempts`,
      isRight:
        ready.status === 503 &&
        told.includes('storage-full') &&
        job.status === 'succeeded' &&
        job.attempts === 1,
    };
  } finally {
    await server.stop();
  }
};

/** Takes all the room there is. */
function fill(file: string, dataDir: string): void {
  const { bavail, bsize } = statfsSync(dataDir);
  try {
    writeFileSync(file, Buffer.alloc(bavail * bsize + bsize));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}
