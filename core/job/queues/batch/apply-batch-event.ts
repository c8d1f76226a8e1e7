// Applies an event of AWS Batch to its job: record, events, metrics, and the next submission.

import type { TrainerFleet, TrainerPool } from '../../../environment.ts';
import { roughDollars } from '../../../words/quantities.ts';
import { isAtRest, isFinal, type JobRecord, type Lease, toJobError, toPaused } from '../../record/job.ts';
import type { NewJobEvent } from '../../record/job-events.ts';
import type { JobStore } from '../../record/job-store.ts';
import { pausedMessage } from '../../record/paused-message.ts';
import {
  arrayOf,
  type BatchEvent,
  type BatchJobDetail,
  isOver,
  machineSeconds,
  partOf,
  submissionOf,
} from './batch-event.ts';
import type { BatchQueue } from './batch-queue.ts';
import type { ReadLastLines } from './last-lines.ts';
import { isOfLaterAttempt, logStreamOf, type NextStep, nextStep, timeoutOf } from './next-step.ts';

/** Counts jobs and machine time for a dashboard. */
export interface JobMetrics {
  readonly jobBecame: (status: JobRecord['status']) => void;
  readonly jobMoved: () => void;
  readonly machineUsed: (used: { readonly seconds: number; readonly estimatedUsd: number }) => void;
}

/** What applying an event needs. */
export interface ApplyBatchEventDeps {
  readonly jobs: JobStore;
  readonly queue: Pick<BatchQueue, 'move' | 'describeFailedChildren'>;
  readonly fleet: TrainerFleet;
  readonly metrics: JobMetrics;
  /** Reads a trainer's log, and never rejects; absent where nobody may. */
  readonly lastLines?: ReadLastLines | undefined;
  /** Unix milliseconds. */
  readonly now: () => number;
}

const SECONDS_PER_HOUR = 3600;

/** Applies an event to its job. Events may come twice and out of order; applying one again changes nothing. */
export async function applyBatchEvent(deps: ApplyBatchEventDeps, event: BatchEvent): Promise<NextStep> {
  const { jobs, metrics } = deps;
  const job = await findJob(jobs, event.detail);
  if (job === undefined) return { kind: 'nothing' };
  await reportMachineTime(deps, job, event);
  const next = await withTimeLimit(deps, job, event.detail, nextStep(job, event, deps.fleet));
  const step = await withLastLines(deps, event.detail, next);
  await carryOut(deps, job, event.detail, step);
  // Its trainer may have been killed between the end of the job and the notice of it.
  if (isOver(event.detail)) await jobs.confirmOver(job);
  const status = becomes(job, event, step);
  if (status !== undefined) metrics.jobBecame(status);
  return step;
}

/**
 * Finds the job of a Batch job. Whoever submitted it may have died before writing down the Batch job's id; then its name tells
 * which submission it is.
 */
async function findJob(jobs: JobStore, detail: BatchJobDetail): Promise<JobRecord | undefined> {
  const named = submissionOf(detail);
  const job = named === undefined ? undefined : await jobs.get(named.jobId);
  const isUnknown = ({ placement }: JobRecord) =>
    placement?.batchJobId === null && placement.submission === named?.submission;
  if (job === undefined || !isUnknown(job)) return job;
  const batchJobId = arrayOf(detail) ?? detail.jobId;
  return jobs.update(job.id, (record) =>
    record.placement !== undefined && isUnknown(record)
      ? { ...record, placement: { ...record.placement, batchJobId } }
      : undefined,
  );
}

/**
 * Counts trials whose time was up as failed, so that the trainer that finishes the sweep does not repeat them. Where that is all of them,
 * the job has failed. What shards leave is another matter: it is less than before.
 */
async function withTimeLimit(
  { jobs, queue }: ApplyBatchEventDeps,
  job: JobRecord,
  detail: BatchJobDetail,
  step: NextStep,
): Promise<NextStep> {
  const trials = job.placement?.trials;
  if (step.kind !== 'move' || step.isPlanned !== true || trials === undefined || job.prediction !== undefined)
    return step;
  const late = (await queue.describeFailedChildren(detail.jobId)).flatMap((child) => {
    const [trial, message] = [partOf(child), timeoutOf(child)];
    return trial === undefined || message === undefined ? [] : [{ trial, message }];
  });
  const isNew =
    (record: JobRecord) =>
    ({ trial }: { readonly trial: number }) =>
      ![...record.trials, ...record.failedTrials].some((known) => known.trial === trial);
  const known = late.filter(isNew(job));
  if (known.length === 0) return step;
  const after = await jobs.update(job.id, (record) => {
    const failed = known
      .filter(isNew(record))
      // No device is at fault.
      .map(({ trial, message }) => ({ trial, error: toJobError('job-timeout', message), deviceBytes: 0 }));
    return isAtRest(record.status)
      ? undefined
      : { ...record, failedTrials: [...record.failedTrials, ...failed] };
  });
  for (const { trial, message } of known)
    await jobs.appendEvent(job.id, {
      level: 'warn',
      type: 'message',
      message: `Trial ${trial} of ${trials} failed. ${message}`,
      data: { trial, error_code: 'job-timeout' },
    });
  const isAllLate = after.failedTrials.filter(({ error }) => error.code === 'job-timeout').length === trials;
  return isAllLate
    ? { kind: 'fail', code: 'job-timeout', message: `No trial was over in time. ${known[0]?.message}` }
    : step;
}

/** Ends whose cause only the trainer's log knows, if anything does. */
const WITHOUT_CAUSE: ReadonlySet<string> = new Set([
  'trainer-crashed',
  'trainer-not-started',
  'out-of-memory',
]);

/** Adds the last lines of the trainer's log where the job fails and nothing says why. */
async function withLastLines(
  { lastLines }: ApplyBatchEventDeps,
  detail: BatchJobDetail,
  step: NextStep,
): Promise<NextStep> {
  const logStream = logStreamOf(detail);
  if (step.kind !== 'fail' || !WITHOUT_CAUSE.has(step.code) || logStream === undefined) return step;
  const lines = (await lastLines?.(logStream)) ?? [];
  if (lines.length === 0) return step;
  return { ...step, message: `${step.message}\nThe last lines of its log:\n${lines.join('\n')}` };
}

async function carryOut(
  { jobs, queue, metrics, now }: ApplyBatchEventDeps,
  job: JobRecord,
  detail: BatchJobDetail,
  step: NextStep,
): Promise<void> {
  const batchJobId = detail.jobId;
  const finishedAt = Math.floor(now() / 1000);
  // An attempt that AWS Batch reports as ended has ended for certain, and so has every one before it.
  const isGone = (lease: Lease) => !isOfLaterAttempt(lease, detail);
  /** Changes the record unless the trainer itself has finished the job meanwhile, or another has begun. */
  const change = (changed: (record: JobRecord) => JobRecord) =>
    jobs.update(
      job.id,
      (record) =>
        isAtRest(record.status) || (record.lease !== null && !isGone(record.lease))
          ? undefined
          : changed(record),
      isGone,
    );
  const tell = (level: NewJobEvent['level'], message: string) =>
    jobs.appendEvent(job.id, { level, type: 'message', message, data: { batch_job_id: batchJobId } });

  switch (step.kind) {
    case 'nothing':
      return;
    case 'wait':
      if (job.queuedReason === step.reason) return;
      await jobs.update(job.id, (record) =>
        isAtRest(record.status) ? undefined : { ...record, queuedReason: step.reason },
      );
      await tell('warn', step.reason);
      return;
    case 'requeue':
      // The container has certainly ended, so its lease need not be watched.
      await change((record) => ({ ...record, status: 'queued', lease: null, queuedReason: null }));
      await tell('warn', step.reason);
      return;
    case 'move':
      await change((record) => ({
        ...record,
        status: 'queued',
        lease: null,
        queuedReason: null,
        memory: { ...record.memory, wasKilled: record.memory.wasKilled || step.wasKilled === true },
      }));
      await queue.move(job.id, batchJobId, step.to, { couldNotStart: step.couldNotStart === true });
      if (step.isPlanned !== true) metrics.jobMoved();
      await tell(step.isPlanned === true ? 'info' : 'warn', step.reason);
      return;
    case 'cancel':
      await change((record) => ({ ...record, status: 'cancelled', finishedAt, lease: null }));
      await tell('info', 'The job was cancelled.');
      return;
    case 'pause':
      await change(toPaused);
      await tell('info', pausedMessage(job));
      return;
    case 'fail':
      await change((record) => ({
        ...record,
        status: 'failed',
        finishedAt,
        lease: null,
        error: toJobError(step.code, step.message),
      }));
      await tell('error', step.message);
  }
}

/** The state that a dashboard counts: each job once in each state. */
function becomes(job: JobRecord, event: BatchEvent, step: NextStep): JobRecord['status'] | undefined {
  if (event['detail-type'] !== 'Batch Job State Change' || arrayOf(event.detail) !== undefined)
    return undefined;
  const { detail } = event;
  const { status, attempts } = detail;
  if (status === 'SUBMITTED') return 'queued';
  if (status === 'RUNNING' && attempts.length === 0) return 'running';
  if (step.kind === 'fail') return 'failed';
  if (step.kind === 'cancel') return 'cancelled';
  return isOver(detail) && isFinal(job.status) ? job.status : undefined;
}

/** What an hour has cost by the trainers' account, who know their machines. Without one, the dearest machine is assumed. */
function usdPerHourOf({ spent }: JobRecord, pool: TrainerPool | undefined): number {
  const measured = spent.seconds > 0 ? (spent.usd / spent.seconds) * SECONDS_PER_HOUR : 0;
  return measured > 0 ? measured : (pool?.mostUsdPerHour ?? pool?.usdPerHour ?? 0);
}

/** Adds the machine time of a Batch job to its job, once. */
async function reportMachineTime(
  { jobs, fleet, metrics }: ApplyBatchEventDeps,
  job: JobRecord,
  { detail }: BatchEvent,
): Promise<void> {
  const { jobId: batchJobId } = detail;
  const seconds = machineSeconds(detail);
  if (!isOver(detail) || seconds === 0) return;
  const pool = fleet.pools.find(({ queues }) => queues.some(({ arn }) => arn === detail.jobQueue));
  const name = pool?.name ?? 'unknown';
  const estimatedUsd = (seconds / SECONDS_PER_HOUR) * usdPerHourOf(job, pool);
  let isNew = false;
  await jobs.update(job.id, (record) => {
    const { usage = [] } = record;
    isNew = usage.every((known) => known.batchJobId !== batchJobId);
    return isNew
      ? { ...record, usage: [...usage, { batchJobId, pool: name, seconds, estimatedUsd }] }
      : undefined;
  });
  if (!isNew) return;
  metrics.machineUsed({ seconds, estimatedUsd });
  await jobs.appendEvent(job.id, {
    level: 'info',
    type: 'message',
    message: `Machines of "${name}" worked ${Math.round(seconds)} s: ${roughDollars(estimatedUsd)} at the on-demand price.`,
    data: { batch_job_id: batchJobId, machine_seconds: seconds, estimated_cost_usd: estimatedUsd },
  });
}
