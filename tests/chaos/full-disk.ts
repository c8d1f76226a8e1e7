// A data folder on a disk that fills up while a job runs: the attempt must end by itself, and once there is room again the
// next one finish the job.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { exitCodes } from '../../core/environment.ts';
import { isFinal, type JobRecord } from '../../core/job/job.ts';
import { ended, startTrainer } from '../support/trainer-process.ts';
import { type Chaos, drawTints, openChaos, type Row } from './chaos-context.ts';

/** Storage calls are tried again for about half a minute. */
const MOST_MS = 90_000;
const SCENARIO = 'the disk is full, then has room again';

export async function runFullDisk({ seed }: Chaos): Promise<readonly Row[]> {
  const dataDir = mkdtempSync(path.join(os.tmpdir(), 'fovea-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', dataDir], { stdio: 'pipe' });
  } catch (error) {
    console.log(`left out: ${SCENARIO}. A small disk needs root and mount: ${String(error)}`);
    rmSync(dataDir, { recursive: true });
    return [];
  }
  try {
    const chaos = await openChaos({ seed, faultRate: 0, dataDir });
    await drawTints(chaos, 'few', 3, 10);
    const id = await chaos.createJob({
      dataset: 'few',
      hyperparameters: { n_epochs: 20, batch_size: 8, learning_rate_multiplier: 'auto' },
    });
    const child = startTrainer({ storeUrl: chaos.storeUrl, jobId: id });
    while (child.exitCode === null && ((await chaos.jobs.get(id))?.progress?.epoch ?? 0) < 2) await delay(20);
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
    return [
      {
        scenario: SCENARIO,
        found: `attempt ended by ${end} after ${(tookMs / 1000).toFixed(1)} s as ${left.status}${left.error === null ? '' : ` (${left.error.message})`}; then ${job.status}`,
        isRight:
          end === exitCodes.released &&
          left.attempts <= 1 &&
          !isFinal(left.status) &&
          job.status === 'succeeded' &&
          leftovers.length === 0,
      },
    ];
  } finally {
    execFileSync('umount', [dataDir]);
    rmSync(dataDir, { recursive: true });
  }
}

/** Takes all the room there is. */
function fill(file: string, dataDir: string): void {
  const { bavail, bsize } = statfsSync(dataDir);
  try {
    writeFileSync(file, Buffer.alloc(bavail * bsize + bsize));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}
