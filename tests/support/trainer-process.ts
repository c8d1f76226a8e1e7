// Trainers as processes of their own, as the local worker and AWS Batch start them, and ways to end them early.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { JobRecord } from '../../core/job/record/job.ts';
import type { JobStore } from '../../core/job/record/job-store.ts';

const TRAINER = fileURLToPath(new URL('../../batch-job/main.ts', import.meta.url));
const POLL_MS = 15;

export interface TrainerOptions {
  readonly storeUrl: string;
  readonly jobId: string;
  /** Of a sweep, from 1: as AWS Batch starts a child of an array. */
  readonly trial?: number;
  readonly weightsDir?: string | undefined;
  /** Another entry point than the trainer's own. */
  readonly trainer?: string;
  /** Command and arguments that run the trainer, e.g. in a control group. */
  readonly prefix?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export const startTrainer = ({
  storeUrl,
  jobId,
  trial,
  weightsDir,
  trainer = TRAINER,
  prefix = [],
  env,
}: TrainerOptions): ChildProcess => {
  const [command = '', ...args] = [
    ...prefix,
    process.execPath,
    '--import',
    import.meta.resolve('tsx'),
    trainer,
  ];
  return spawn(command, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...process.env,
      ...env,
      FOVEA_STORE_URL: storeUrl,
      FOVEA_JOB_ID: jobId,
      ...(trial === undefined ? {} : { AWS_BATCH_JOB_ARRAY_INDEX: String(trial - 1) }),
      ...(weightsDir === undefined ? {} : { FOVEA_WEIGHTS_DIR: weightsDir }),
    },
  });
};

/** Exit code, or the signal that ended it. */
export async function ended(child: ChildProcess): Promise<number | NodeJS.Signals> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.signalCode ?? (child.exitCode as number);
}

/** Runs a trainer and ends it by `signal` as soon as the job is as asked; gives its end. */
export async function endTrainerWhen(
  options: TrainerOptions,
  jobs: JobStore,
  signal: NodeJS.Signals,
  isReached: (job: JobRecord) => boolean | Promise<boolean>,
): Promise<number | NodeJS.Signals> {
  const child = startTrainer(options);
  while (child.exitCode === null) {
    const job = await jobs.get(options.jobId);
    if (job !== undefined && job.lease !== null && (await isReached(job))) break;
    await delay(POLL_MS);
  }
  child.kill(signal);
  return ended(child);
}

/** What a local worker does once a trainer is gone for certain: its lease need not die first. */
export const releaseLease = (jobs: JobStore, jobId: string): Promise<JobRecord> =>
  jobs.update(
    jobId,
    (job) => (job.status === 'running' ? { ...job, status: 'queued', lease: null } : undefined),
    () => true,
  );
