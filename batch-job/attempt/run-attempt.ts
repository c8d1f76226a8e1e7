// Runs one attempt at a job, or at a trial of one, from its lease to its end. This file decides every way it can end;
// run-job.ts and run-trial.ts say what the work is. Local and cloud runs differ in the object store alone.

import { randomUUID } from 'node:crypto';
import { assertRestored } from '../../core/backup/restore-note.ts';
import type { ErrorCode } from '../../core/errors/error-codes.ts';
import { isFoveaError } from '../../core/errors/errors.ts';
import { afterOwnEnd } from '../../core/job/recipe/memory-record.ts';
import {
  type BatchAttempt,
  type JobRecord,
  type Spending,
  toJobError,
  toPaused,
} from '../../core/job/record/job.ts';
import type { AttemptJobs, JobStore } from '../../core/job/record/job-store.ts';
import { acquireLease, LeaseLostError, updateLeased } from '../../core/job/record/lease.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import { roughDollars } from '../../core/words/quantities.ts';
import type { BackendName } from '../tensorflow/engine/engine.ts';
import type { AttemptContext } from './attempt-context.ts';
import { type CostMeter, createCostMeter } from './cost-meter.ts';
import { createJobReporter, type JobReporter, jobCancelled, jobPaused } from './job-reporter.ts';

/** What an attempt runs with; entry points read it from the environment. */
export interface RunJobDeps {
  readonly store: ObjectStore;
  readonly jobs: JobStore;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Monotonic milliseconds; default: the machine's clock. */
  readonly clock?: () => number;
  /** The owner of the lease; default: a random name. */
  readonly leaseOwner?: string | undefined;
  /** The names that AWS Batch has for this attempt. */
  readonly batch?: BatchAttempt;
  /** A folder of weight files that a person put there, which is searched before anything else. */
  readonly weightsDir: string | undefined;
  /** Memory that the attempt may take, in bytes; default: what its container or the machine has. */
  readonly memoryLimitBytes?: number | undefined;
  /** The folder into which `fovea setup` puts native back ends. */
  readonly cacheDirectory: string;
  /** The back end of jobs with `auto`; default: the best that this machine has. */
  readonly autoBackend?: BackendName;
  /** What an hour of this machine costs; default: 0. */
  readonly usdPerHour?: number;
  /** The container image that this process runs in, where it does. */
  readonly image?: string | undefined;
  /** Aborted when the machine is about to go away. The attempt then releases the job, and another one resumes it. */
  readonly terminated: AbortSignal;
  /** Receives errors that have no code, for the log. */
  readonly onUnexpectedError: (error: unknown) => void;
}

/**
 * How an attempt ended. `released` and `lease-lost` leave the job to another attempt, `out-of-memory` to one on a larger machine. With
 * `not-started` and `storage-denied` it did not get as far as the job's record, which says nothing of it.
 */
export type AttemptOutcome =
  | 'succeeded'
  | 'failed'
  | 'cancelled'
  | 'paused'
  | 'released'
  | 'lease-lost'
  | 'out-of-memory'
  | 'not-started'
  | 'storage-denied';

/** A job or a trial, as an attempt carries it out. */
export interface Work {
  /** Its record and events. */
  readonly jobs: AttemptJobs;
  /** Whether an earlier attempt has left a checkpoint. */
  readonly isBegun: boolean;
  /** Does the work. @returns what its success changes in the record, and the event that tells of it. */
  carryOut(
    context: AttemptContext,
    job: JobRecord,
  ): Promise<{
    readonly changes: Pick<Partial<JobRecord>, 'result' | 'prediction'>;
    readonly message: string;
    readonly data: Readonly<Record<string, unknown>>;
  }>;
  /** Cleans up, once the record tells how the attempt has ended. */
  close(record: JobRecord): Promise<void>;
}

/**
 * Runs one attempt. It never rejects: failures are written into the record and the events of the job or trial.
 * @param open gives the work; undefined where nothing is left to do.
 */
export async function runAttempt(
  deps: RunJobDeps,
  jobId: string,
  open: () => Promise<Work | undefined>,
): Promise<AttemptOutcome> {
  try {
    await assertRestored(deps.store);
    const work = await open();
    return work === undefined ? 'succeeded' : await attempt({ ...deps, jobs: work.jobs }, jobId, work);
  } catch (error) {
    return notStarted(deps, error);
  }
}

/** Errors of a store that lets nobody in for a while, which is no fault of this machine. */
const PASSING: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'storage-unavailable',
  'storage-conflict',
  'storage-full',
  'storage-read-only',
  'restore-unfinished',
]);

/** The end of an attempt that never held the job. Without the record there is nowhere to write why. */
function notStarted(
  { onUnexpectedError }: Pick<RunJobDeps, 'onUnexpectedError'>,
  error: unknown,
): AttemptOutcome {
  if (error instanceof LeaseLostError) return 'lease-lost';
  onUnexpectedError(error);
  if (!isFoveaError(error)) return 'not-started';
  if (error.code === 'storage-denied' || error.code === 'storage-bucket-missing') return 'storage-denied';
  return PASSING.has(error.code) ? 'released' : 'not-started';
}

type AttemptDeps = Omit<RunJobDeps, 'jobs'> & { readonly jobs: AttemptJobs };

async function attempt(deps: AttemptDeps, jobId: string, work: Work): Promise<AttemptOutcome> {
  const owner = deps.leaseOwner ?? randomUUID();
  let reporter: JobReporter | undefined;
  let meter: CostMeter | undefined;
  let job: JobRecord;
  try {
    job = await acquireLease({ ...deps, signal: deps.terminated }, jobId, owner);
  } catch (error) {
    return notStarted(deps, error);
  }
  try {
    meter = createCostMeter({ ...deps, job });
    reporter = createJobReporter({ ...deps, jobId, owner, meter, isBegun: work.isBegun });
    if (job.cancelRequested) throw jobCancelled();
    if (job.pauseRequested === true) throw jobPaused();
    const backend = job.backend === 'auto' ? (deps.autoBackend ?? 'auto') : job.backend;
    const { changes, message, data } = await work.carryOut({ ...deps, reporter, meter }, { ...job, backend });
    await reporter.stop();
    const spent = meter.spent();
    // Before the end, since whoever follows the job looks no further then.
    await deps.jobs.appendEvent(jobId, {
      level: 'info',
      type: 'message',
      message: message + describeCost(spent),
      data: { ...data, machine_seconds: spent.seconds, cost_usd: spent.usd },
    });
    const done = await updateLeased(deps, jobId, owner, (held) => ({
      ...held,
      ...changes,
      memory: afterOwnEnd(held.memory),
      spent,
      status: 'succeeded',
      finishedAt: Math.floor(deps.now() / 1000),
    }));
    await work.close(done);
    return 'succeeded';
  } catch (error) {
    await reporter?.stop();
    return endAttempt({ ...deps, meter, work }, jobId, owner, reporter?.signal.reason ?? error);
  }
}

const describeCost = ({ seconds, usd }: Spending) =>
  usd === 0 ? '' : ` ${Math.round(seconds)} s of machines cost ${roughDollars(usd)}.`;

/** Writes an attempt's end into the job. Where the lease was lost meanwhile, the job is left to its new owner. */
async function endAttempt(
  { meter, work, ...deps }: AttemptDeps & { readonly meter: CostMeter | undefined; readonly work: Work },
  jobId: string,
  owner: string,
  error: unknown,
): Promise<AttemptOutcome> {
  if (error instanceof LeaseLostError) return 'lease-lost';
  const isKnown = isFoveaError(error);
  if (!isKnown) deps.onUnexpectedError(error);
  const message = error instanceof Error ? error.message : String(error);
  const finishedAt = Math.floor(deps.now() / 1000);
  const end = endOf(error);
  try {
    const left = await updateLeased(deps, jobId, owner, (held): JobRecord => {
      const job = { ...held, memory: afterOwnEnd(held.memory), spent: meter?.spent() ?? held.spent };
      if (end === 'cancelled') return { ...job, status: 'cancelled', finishedAt };
      if (end === 'released' && job.cancelRequested) return { ...job, status: 'cancelled', finishedAt };
      if (end === 'paused' || (end === 'released' && job.pauseRequested === true))
        return { ...toPaused(job), attempts: job.attempts - 1 };
      if (end === 'released' && isFoveaError(error, 'storage-unavailable'))
        return { ...job, status: 'queued', queuedReason: message };
      // An attempt that was terminated, or had no space to write, has not failed and does not count.
      if (end === 'released')
        return {
          ...job,
          status: 'queued',
          attempts: job.attempts - 1,
          ...(isStorageFault(error) ? { queuedReason: message } : {}),
        };
      if (end === 'out-of-memory' && canMove(job)) return { ...job, status: 'queued', queuedReason: message };
      const code = isKnown ? error.code : 'trainer-error';
      return {
        ...job,
        status: 'failed',
        finishedAt,
        error: toJobError(code, message, isKnown ? error.param : null),
      };
    });
    await deps.jobs.appendEvent(jobId, {
      level: left.status === 'failed' ? 'error' : 'info',
      type: 'message',
      message: describeLeft(left.status, message),
      data: left.status === 'failed' ? { error_code: left.error?.code } : null,
    });
    await work.close(left);
    if (left.status === 'queued') return end === 'out-of-memory' ? end : 'released';
    if (left.status === 'paused') return left.status;
    return left.status === 'cancelled' ? 'cancelled' : 'failed';
  } catch (updateError) {
    if (updateError instanceof LeaseLostError) return 'lease-lost';
    // The disk is full, or the storage is gone: the lease expires by itself, and the next attempt resumes.
    deps.onUnexpectedError(updateError);
    return 'released';
  }
}

function describeLeft(status: JobRecord['status'], message: string): string {
  if (status === 'paused') return jobPaused().message;
  return status === 'queued' ? `${message} The job waits for the next trainer.` : message;
}

/** Whether the job runs in a queue that may have larger machines, and its recipe allows one. */
const canMove = ({ placement, lease, recipe }: JobRecord): boolean =>
  (placement !== undefined || lease?.worker !== undefined) && recipe.out_of_memory.includes('larger_machine');

function endOf(error: unknown): AttemptOutcome {
  if (isFoveaError(error, 'job-cancelled')) return 'cancelled';
  if (isFoveaError(error, 'job-paused')) return 'paused';
  if (isFoveaError(error, 'out-of-memory')) return 'out-of-memory';
  return isFoveaError(error, 'trainer-terminated') || isStorageFault(error) ? 'released' : 'failed';
}

/** Errors that are no fault of the job: once the storage works again, the next attempt resumes. */
const STORAGE_FAULTS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'storage-full',
  'storage-read-only',
  'storage-unavailable',
]);
const isStorageFault = (error: unknown): boolean => isFoveaError(error) && STORAGE_FAULTS.has(error.code);
