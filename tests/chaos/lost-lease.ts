// A job that another attempt takes over while a trainer works on it: the trainer must leave without touching it again.

import { setTimeout as delay } from 'node:timers/promises';
import { exitCodes } from '../../core/environment.ts';
import type { JobRecord } from '../../core/job/record/job.ts';
import { LEASE_MS } from '../../core/job/record/lease-watch.ts';
import { ended, startTrainer } from '../support/trainer-process.ts';
import { type Chaos, drawTints, type Row } from './chaos-context.ts';

const MOST_MS = 20_000;

export async function runLostLease(chaos: Chaos): Promise<readonly Row[]> {
  const { jobs } = chaos;
  await drawTints(chaos, 'taken', 3, 10);
  const id = await chaos.createJob({
    dataset: 'taken',
    hyperparameters: { n_epochs: 60, batch_size: 8, learning_rate_multiplier: 'auto' },
  });
  const child = startTrainer(chaos.trainer(id));
  while (child.exitCode === null && ((await jobs.get(id))?.progress?.epoch ?? 0) < 2) await delay(20);
  const taken = await jobs.update(
    id,
    (job) => ({
      ...job,
      lease: {
        owner: 'another',
        attempt: job.attempts + 1,
        renewals: 0,
        expiresAtMs: Date.now() + LEASE_MS,
      },
    }),
    () => true,
  );
  const startedMs = performance.now();
  const end = await Promise.race([ended(child), delay(MOST_MS, 'no end', { ref: false })]);
  child.kill('SIGKILL');
  const tookMs = performance.now() - startedMs;
  const left = (await jobs.get(id)) as JobRecord;
  const isUntouched = JSON.stringify(left) === JSON.stringify(taken);
  const job = await chaos.finish(id);
  return [
    {
      scenario: 'another attempt takes the lease',
      found: `ended by ${end} after ${Math.round(tookMs)} ms, the record ${isUntouched ? 'untouched' : 'CHANGED'}; then ${job.status}`,
      isRight: end === exitCodes.released && isUntouched && job.status === 'succeeded',
    },
  ];
}
