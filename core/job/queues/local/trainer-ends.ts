// What becomes of the jobs of trainers that have ended: back in the queue, and how often that may be without progress.

import { isFurther } from '../../record/furthest.ts';
import { isAtRest, type JobRecord } from '../../record/job.ts';
import type { AttemptJobs } from '../../record/job-store.ts';
import { LeaseLostError } from '../../record/lease.ts';
import { withoutHolder } from './waiting-jobs.ts';

/** A job whose trainer ended this often without progress fails: the fault is likely to come again. */
export const MAX_ATTEMPTS = 3;

/** A trainer that has ended, until its job's record says so. */
export interface TrainerEnd {
  readonly jobId: string;
  /** The trial that the trainer carried out, from 1; undefined for the whole job. */
  readonly trial?: number | undefined;
  /** Where the record is and events go. */
  readonly jobs: AttemptJobs;
  readonly leaseOwner: string;
  /** How far the job had come when the trainer began. */
  readonly from: JobRecord['furthest'];
  /** E.g. `by signal SIGKILL`. */
  readonly how: string;
  /** Nothing is wrong with the job: its trainer was told to go, or its storage failed. */
  readonly isReleased: boolean;
  /** Memory ran out, and the job waits for a larger machine. */
  readonly isOutOfMemory: boolean;
}

/** Names a job or a trial of it. */
export const workKey = (jobId: string, trial?: number): string =>
  trial === undefined ? jobId : `${jobId} ${trial}`;

/** The trainers of one worker that have ended. */
export interface TrainerEnds {
  add(end: TrainerEnd): void;
  /**
   * Writes the ends into their records, in order. Where the storage takes nothing it rejects, and what is left waits
   * for the next call.
   */
  settle(): Promise<void>;
  /**
   * How many trainers of a job or a trial ended without finishing it, also those that never got as far as taking it, since the last
   * one that brought it further or took an out-of-memory remedy: the job has not been tried in that way before.
   */
  crashesOf(jobId: string, trial?: number): number;
  /** Whether a job or a trial is left alone for now, as its trainer has just released it. */
  isResting(jobId: string, trial?: number): boolean;
}

/** What {@link createTrainerEnds} works with. */
export interface TrainerEndsDeps {
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Monotonic, in milliseconds. */
  readonly clock: () => number;
  /** How long a job rests that its trainer has released, in milliseconds. */
  readonly restMs: number;
  /** What follows where memory ran out. Default: a released job is tried again like any other. */
  readonly onOutOfMemory?: (end: TrainerEnd, job: JobRecord) => Promise<void>;
}

/** No trainer has ended yet. */
export function createTrainerEnds({ now, clock, restMs, onOutOfMemory }: TrainerEndsDeps): TrainerEnds {
  const ends: TrainerEnd[] = [];
  const crashes = new Map<string, { readonly count: number; readonly remedies: number }>();
  /** In milliseconds of `clock`. */
  const restingUntil = new Map<string, number>();

  /** @returns The job as it is once the trainer's lease is off it. */
  const takeLease = ({ jobs, jobId, leaseOwner, isReleased }: TrainerEnd): Promise<JobRecord> =>
    // The process is gone for certain, so its lease need not die first.
    jobs.update(
      jobId,
      (record) => {
        const isOthers = record.lease !== null && record.lease.owner !== leaseOwner;
        if (isAtRest(record.status) || isOthers) return undefined;
        // A trainer that could not even write its end, as the storage took nothing, has not spent an attempt.
        const isUncounted = isReleased && record.lease !== null;
        return withoutHolder(isUncounted ? { ...record, attempts: record.attempts - 1 } : record, now());
      },
      ({ owner }) => owner === leaseOwner,
    );

  /** @returns How many crashes without progress that makes; 0 where the trainer has brought the job further. */
  function countCrash({ jobId, trial, from }: TrainerEnd, job: JobRecord): number {
    const before = crashes.get(workKey(jobId, trial));
    const remedies = job.memory.taken.length;
    const isFirst = before === undefined || remedies > before.remedies;
    const count = isFurther(job.furthest?.position, from?.position) ? 0 : isFirst ? 1 : before.count + 1;
    crashes.set(workKey(jobId, trial), { count, remedies });
    return count;
  }

  async function reportCrash(end: TrainerEnd, job: JobRecord): Promise<void> {
    const count = countCrash(end, job);
    await end.jobs.appendEvent(end.jobId, {
      level: 'warn',
      type: 'message',
      message:
        count === 0
          ? `The trainer ended ${end.how} without finishing the job, which it has brought further.`
          : `The trainer ended ${end.how} without bringing the job any further, ${count} of at most ${MAX_ATTEMPTS} times.`,
      data: { attempt: job.attempts },
    });
  }

  async function settleFirst(end: TrainerEnd): Promise<void> {
    const job = await takeLease(end).catch((error: unknown) => {
      // The job of a trial was taken over by another trainer, which leaves nothing to write.
      if (error instanceof LeaseLostError) return undefined;
      throw error;
    });
    ends.shift();
    if (job === undefined) return;
    const key = workKey(end.jobId, end.trial);
    if (isAtRest(job.status)) {
      crashes.delete(key);
      restingUntil.delete(key);
    } else if (job.lease === null) {
      if (end.isReleased) restingUntil.set(key, clock() + restMs);
      else if (end.isOutOfMemory && onOutOfMemory !== undefined) await onOutOfMemory(end, job);
      else await reportCrash(end, job);
    }
  }

  return {
    add: (end) => void ends.push(end),
    async settle() {
      for (let end = ends[0]; end !== undefined; end = ends[0]) await settleFirst(end);
    },
    crashesOf: (jobId, trial) => crashes.get(workKey(jobId, trial))?.count ?? 0,
    isResting: (jobId, trial) => clock() < (restingUntil.get(workKey(jobId, trial)) ?? 0),
  };
}
