// The port of queues, which start trainers. The job record is the truth; a queue only makes an attempt happen.

import type { JobRecord } from '../record/job.ts';
import type { CreateOptions, JobStore, NewJob } from '../record/job-store.ts';
import { pausedMessage } from '../record/paused-message.ts';

/** The kind of machines on which a job starts, where a queue has several. */
export interface JobStart {
  /** Name of the pool of machines. */
  readonly pool: string;
  /** Why it is this one, in a sentence. */
  readonly reason: string;
  /** Whether it was chosen for its GPU. */
  readonly hasGpu: boolean;
}

/** Starts and ends attempts at jobs. */
export interface JobQueue {
  /**
   * Sees to it that jobs without an attempt are found again, should this process end before it has submitted one. Absent where that always
   * holds.
   */
  watch?(): Promise<void>;
  /**
   * Makes an attempt at the job start. Submitting a job twice is harmless, since its lease allows one attempt.
   * @param start default: the queue's first machines.
   * @returns what to tell of it in the job's events, in a sentence.
   */
  submit(job: JobRecord, start?: JobStart): Promise<string | undefined>;
  /** Ends a running attempt, which would notice the request in the job's record later. */
  cancel(job: JobRecord): Promise<void>;
  /** Looks again at a job that waits for one driver and may also go to another. Absent where there is one. */
  review?(job: JobRecord): Promise<void>;
}

/** The jobs, and the queue that starts their trainers. */
export interface JobQueueDeps {
  readonly jobs: JobStore;
  readonly queue: JobQueue;
}

/** How a job is made and started. */
export interface SubmitOptions extends CreateOptions {
  readonly start?: JobStart | undefined;
  /** Rejects where the job may not begin. It is asked before the job is made, and once more when everybody sees the job. */
  readonly refuse?: () => Promise<void>;
}

/**
 * Stores a job, submits it to the queue and marks it as queued. A job that is refused when it is stored already is cancelled, and one that
 * cannot be submitted has failed, so that it does not start after its user was told so.
 * @throws {FoveaError} `idempotency-conflict`, and what the queue and `refuse` throw.
 */
export async function submitJob(
  { jobs, queue }: JobQueueDeps,
  job: NewJob,
  { start, refuse, ...options }: SubmitOptions = {},
): Promise<JobRecord> {
  await refuse?.();
  await queue.watch?.();
  const created = await jobs.create(job, options);
  if (created.status !== 'validating_files') return created;
  try {
    await refuse?.();
  } catch (error) {
    await jobs.requestCancel(created.id);
    throw error;
  }
  const told = await queue.submit(created, start).catch(async (error: unknown) => {
    // Where the record cannot be changed either, the job is found again as one that nobody has submitted.
    const message = error instanceof Error ? error.message : String(error);
    await jobs.failUnsubmitted(created.id, message).catch(() => undefined);
    throw error;
  });
  // Several requests with the same key may get here.
  let isFirst = false;
  const queued = await jobs.update(created.id, (record) => {
    isFirst = record.status === 'validating_files';
    return isFirst ? { ...record, status: 'queued' } : undefined;
  });
  if (isFirst) {
    await jobs.appendEvent(created.id, {
      level: 'info',
      type: 'message',
      message: [`${describe(job)}.`, told ?? []].flat().join(' '),
      data: start === undefined ? null : { pool: start.pool },
    });
  }
  return queued;
}

const describe = ({ architecture, dataset, model, prediction }: NewJob): string =>
  prediction === undefined
    ? `Job queued: ${architecture} on dataset "${dataset}"`
    : `Batch queued: ${prediction.pictures} pictures with version ${prediction.version} of model "${model}"`;

/**
 * Cancels a job, and tells the queue.
 * @throws {FoveaError} `job-not-found`, `job-finished`, and what the queue throws.
 */
export async function cancelJob({ jobs, queue }: JobQueueDeps, id: string): Promise<JobRecord> {
  const job = await jobs.requestCancel(id);
  await queue.cancel(job);
  await tell(jobs, id, 'Cancellation requested.');
  return job;
}

/**
 * Pauses a job, and tells the queue where it was only waiting. The trainer of a running one sees it in the record.
 * @throws {FoveaError} `job-not-found`, `job-finished`, and what the queue throws.
 */
export async function pauseJob({ jobs, queue }: JobQueueDeps, id: string): Promise<JobRecord> {
  const before = (await jobs.get(id))?.status;
  const job = await jobs.requestPause(id);
  if (before === 'paused') return job;
  if (job.status === 'paused') await queue.cancel(job);
  await tell(
    jobs,
    id,
    job.status === 'paused'
      ? pausedMessage(job)
      : 'Pause requested: the trainer saves a checkpoint and ends.',
  );
  return job;
}

/**
 * Lets a paused job go on from its last checkpoint.
 * @throws {FoveaError} `job-not-found`, `job-finished`, `job-not-paused`, and what the queue throws.
 */
export async function resumeJob({ jobs, queue }: JobQueueDeps, id: string): Promise<JobRecord> {
  await queue.watch?.();
  const job = await jobs.resume(id);
  let told: string | undefined;
  try {
    if (job.status === 'queued') told = await queue.submit(job);
  } catch (error) {
    // Paused as before, so that the same request may be sent again.
    await jobs.requestPause(id);
    throw error;
  }
  await tell(jobs, id, ['The job is resumed.', told ?? []].flat().join(' '));
  return job;
}

/**
 * Ends a job's training early: what is best so far becomes the model.
 * @throws {FoveaError} `job-not-found`, `job-finished`.
 */
export async function finishJob({ jobs, queue }: JobQueueDeps, id: string): Promise<JobRecord> {
  const job = await jobs.requestFinish(id);
  await tell(jobs, id, 'Training is to end early: what is best so far becomes the model.');
  return job.status === 'paused' ? resumeJob({ jobs, queue }, id) : job;
}

const tell = (jobs: JobStore, id: string, message: string) =>
  jobs.appendEvent(id, { level: 'info', type: 'message', message, data: null });
