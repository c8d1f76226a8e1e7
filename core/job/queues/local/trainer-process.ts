// The one trainer process that a worker has at a time: started, waited for, and told to end.

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { exitCodes } from '../../../environment.ts';
import type { JobRecord } from '../../record/job.ts';
import type { TrainerEnd } from './trainer-ends.ts';

/** Exit codes of trainers that say that nothing is wrong with the job. */
const LEFT: ReadonlySet<number> = new Set([
  exitCodes.released,
  exitCodes.storageDenied,
  exitCodes.notStarted,
]);

/** Starts the trainer of one job, or of one trial of it, which takes the lease under the name `leaseOwner`. */
export type StartTrainer = (jobId: string, leaseOwner: string, trial?: number) => ChildProcess;

/** What a trainer is started for. */
export interface TrainerWork extends Pick<TrainerEnd, 'jobs' | 'trial'> {
  readonly leaseOwner: string;
}

/** A place for one trainer. */
export interface TrainerProcess {
  /** Starts a job's trainer and waits for its end. Rejects where the process does not start. */
  run(job: Pick<JobRecord, 'id' | 'furthest'>, work: TrainerWork): Promise<TrainerEnd>;
  /** Whether the trainer of this job is running. */
  isOf(jobId: string): boolean;
  /** Asks the running trainer to end, and kills it where it has not after `graceMs`. @returns Once it has ended. */
  end(graceMs: number): Promise<void>;
}

/** A place without a trainer. */
export function createTrainerProcess(startTrainer: StartTrainer): TrainerProcess {
  let running: { readonly jobId: string; readonly child: ChildProcess } | undefined;
  return {
    async run(job, work) {
      const { leaseOwner, trial } = work;
      const child = startTrainer(job.id, leaseOwner, trial);
      running = { jobId: job.id, child };
      try {
        await Promise.race([
          once(child, 'exit'),
          once(child, 'error').then(([error]) => Promise.reject(error)),
        ]);
      } finally {
        running = undefined;
      }
      const { signalCode, exitCode } = child;
      return {
        ...work,
        jobId: job.id,
        from: job.furthest,
        how: signalCode === null ? `with exit code ${exitCode}` : `by signal ${signalCode}`,
        isReleased: exitCode !== null && LEFT.has(exitCode),
        isOutOfMemory: exitCode === exitCodes.outOfMemory,
      };
    },
    isOf: (jobId) => running?.jobId === jobId,
    async end(graceMs) {
      const child = running?.child;
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const killTimer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      // One that could not be started has an error and no exit.
      await new Promise((resolve) => child.once('exit', resolve).once('error', resolve));
      clearTimeout(killTimer);
    },
  };
}
