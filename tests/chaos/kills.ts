// Trainers killed at random moments: every job must end with the model of an undisturbed one.

import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { isFinal, type JobRecord } from '../../core/job/record/job.ts';
import { uniformAt } from '../../core/random.ts';
import { ended, releaseLease, startTrainer } from '../support/trainer-process.ts';
import { type Chaos, drawTints, type Row } from './chaos-context.ts';

const DATASET = 'few';
const EPOCHS = 40;
const KILLS_PER_JOB = 5;
const MAX_EPOCHS_BETWEEN = 4;
const MAX_EARLY_MS = 6000;
/** Of which one is a SIGTERM. */
const SIGNALS = ['SIGKILL', 'SIGKILL', 'SIGTERM', 'SIGKILL', 'SIGKILL'] as const;

export async function runKills(chaos: Chaos, kills: number): Promise<readonly Row[]> {
  const { jobs, seed } = chaos;
  await drawTints(chaos, DATASET, 3, 10);
  const createJob = (model: string) =>
    chaos.createJob({
      dataset: DATASET,
      model,
      hyperparameters: { n_epochs: EPOCHS, batch_size: 8, learning_rate_multiplier: 'auto' },
    });

  /** Waits until the job has come so far, or the trainer is gone, and then for a part of an epoch. */
  async function epochReached(child: ChildProcess, id: string, epoch: number): Promise<void> {
    while (child.exitCode === null && ((await jobs.get(id))?.progress?.epoch ?? 0) < epoch) await delay(20);
    await delay(200 * uniformAt(seed, epoch));
  }

  const plain = await createJob('undisturbed');
  await ended(startTrainer({ storeUrl: chaos.storeUrl, jobId: plain }));
  const expected = await chaos.modelOf((await jobs.get(plain)) as JobRecord);
  const rows: Row[] = [];
  let done = 0;
  for (let number = 1; done < kills; number++) {
    const id = await createJob(`job-${number}`);
    const ends: string[] = [];
    for (let i = 0; i < KILLS_PER_JOB && done < kills; i++) {
      const before = (await jobs.get(id))?.progress?.epoch ?? 0;
      const child = startTrainer(chaos.trainer(id));
      // Every fourth comes before the training goes on, wherever the attempt is then.
      const isEarly = done % 4 === 3;
      const moment = uniformAt(seed, done);
      if (isEarly) await Promise.race([delay(MAX_EARLY_MS * moment), ended(child)]);
      else await epochReached(child, id, before + 1 + Math.floor(moment * MAX_EPOCHS_BETWEEN));
      const job = await jobs.get(id);
      child.kill(SIGNALS[i % SIGNALS.length]);
      await ended(child);
      if (job === undefined || isFinal(job.status)) break;
      done += 1;
      ends.push(String(job.progress?.epoch ?? job.progress?.stage ?? 'at the start'));
      await releaseLease(jobs, id);
    }
    const job = await chaos.finish(id);
    const found = await chaos.modelOf(job);
    const isRight = found !== undefined && found === expected;
    rows.push({
      scenario: `${ends.length} kills, in epochs ${ends.join(', ')}`,
      found: isRight
        ? `the same model, ${found.slice(0, 12)}`
        : `${job.status}, ${found ?? job.error?.message}`,
      isRight,
    });
  }
  return rows;
}
