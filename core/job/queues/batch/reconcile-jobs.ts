// Compares open jobs with what AWS Batch says of them, and mends records: for events that were lost, for jobs that wait for a reason that
// no time limit ends, for pools that a deployment has removed, and for submissions whose process died, be it before it could begin.

import { type JobRecord, type Placement, toJobError } from '../../record/job.ts';
import { type ApplyBatchEventDeps, applyBatchEvent } from './apply-batch-event.ts';
import { type BatchJobDetail, isOver } from './batch-event.ts';
import type { BatchQueue } from './batch-queue.ts';
import { BLOCKED } from './next-step.ts';
import { isWithoutLimit } from './waiting-reason.ts';

/** What comparing needs. */
export interface ReconcileJobsDeps extends Omit<ApplyBatchEventDeps, 'queue'> {
  readonly queue: BatchQueue;
  /** Whether workers may take jobs that are queued and not on AWS Batch. Default: false. */
  readonly hasWorkers?: boolean;
  /** Is told of a job that could not be mended; the others are. */
  readonly onError: (jobId: string, error: unknown) => void;
}

/** An event arrives within seconds. What it says is not done twice, and counted twice, before it is lost. */
const EVENT_LOST_MS = 3 * 60_000;
/** A job that is blocked for this long moves or fails. Quotas and roles are mended by people, who need some time to do it. */
const BLOCKED_MS = 30 * 60_000;
/** A request that makes a job is answered within five minutes, or never. */
const REQUEST_MS = 10 * 60_000;

/**
 * Looks at every open job once.
 * @returns the number of jobs that are on AWS Batch, or on their way there, or that a request is making.
 */
export async function reconcileJobs(deps: ReconcileJobsDeps): Promise<number> {
  const { jobs, queue, onError } = deps;
  const placed: JobRecord[] = [];
  const unplaced: JobRecord[] = [];
  for await (const job of jobs.open()) {
    if (job.status === 'paused') continue;
    if (job.placement !== undefined) placed.push(job);
    else if (job.lease === null) unplaced.push(job);
  }
  const ids = placed.flatMap(({ placement }) => placement?.batchJobId ?? []);
  const known = new Map((await queue.describe(ids)).map((detail) => [detail.jobId, detail]));
  for (const job of placed) {
    const { placement } = job;
    if (placement === undefined) continue;
    try {
      if (placement.batchJobId === null) await submitAgain(deps, job, placement);
      else await compare(deps, job, placement, known.get(placement.batchJobId));
    } catch (error) {
      onError(job.id, error);
    }
  }
  for (const job of unplaced) await mendUnplaced(deps, job).catch((error: unknown) => onError(job.id, error));
  return placed.length + unplaced.length;
}

/** Fails a job whose request ended before it was submitted, and submits one whose resumption did. */
async function mendUnplaced(
  { jobs, queue, metrics, now, hasWorkers = false }: ReconcileJobsDeps,
  job: JobRecord,
): Promise<void> {
  if (job.status === 'queued' && !hasWorkers) {
    await queue.submit(job);
    return;
  }
  const isAbandoned = job.status === 'validating_files' && now() - job.createdAt * 1000 > REQUEST_MS;
  if (isAbandoned && (await jobs.failUnsubmitted(job.id, NEVER_SUBMITTED))) metrics.jobBecame('failed');
}

const REFUSED =
  'AWS Batch did not take the job when it was requested, and nothing has started. Send the request again.';
const NEVER_SUBMITTED =
  'The request for the job was interrupted before the job could be submitted, and nothing has started. Send it again.';

/** Submits a job whose submission was claimed by a process that has died. */
async function submitAgain(
  { jobs, queue, metrics }: ReconcileJobsDeps,
  job: JobRecord,
  placement: Placement,
): Promise<void> {
  if (!queue.isAbandoned(placement)) return;
  // Whoever asked for it was told that it failed.
  if (await jobs.failUnsubmitted(job.id, REFUSED)) {
    metrics.jobBecame('failed');
    return;
  }
  const { replaces, pool, capacity } = placement;
  if (replaces === null) await queue.submit(job);
  else await queue.move(job.id, replaces, { pool, capacity });
}

async function compare(
  deps: ReconcileJobsDeps,
  job: JobRecord,
  placement: Placement,
  detail: BatchJobDetail | undefined,
): Promise<void> {
  if (detail === undefined)
    return fail(deps, job, 'trainer-crashed', 'AWS Batch no longer knows the job. Start it again.');
  if (isOver(detail)) {
    if (deps.now() - (detail.stoppedAt ?? 0) < EVENT_LOST_MS) return;
    if (!isDeployed(deps, placement)) return fail(deps, job, 'queue-unknown', removed(placement));
    await applyBatchEvent(deps, { 'detail-type': 'Batch Job State Change', detail });
    return;
  }
  const waiting = await findWaiting(deps, placement, detail);
  const reason = waiting?.statusReason ?? '';
  if (waiting !== undefined && reason !== '')
    await applyBatchEvent(deps, { 'detail-type': 'Batch Job Queue Blocked', detail: waiting });
  await watchBlocked(deps, job, placement, reason);
}

/** What waits for a machine: the Batch job, or of an array of which nothing runs, a child. */
async function findWaiting(
  { queue }: ReconcileJobsDeps,
  { trials }: Placement,
  detail: BatchJobDetail,
): Promise<BatchJobDetail | undefined> {
  if (detail.status === 'RUNNABLE') return detail;
  if (trials === undefined) return undefined;
  const { STARTING = 0, RUNNING = 0, RUNNABLE = 0 } = detail.arrayProperties?.statusSummary ?? {};
  return RUNNABLE > 0 && STARTING + RUNNING === 0 ? queue.describeWaitingChild(detail.jobId) : undefined;
}

/** Ends a Batch job that has been blocked for long. The event about that end leads to the next step. */
async function watchBlocked(
  { jobs, queue, now }: ReconcileJobsDeps,
  job: JobRecord,
  { batchJobId, blockedSinceMs: since }: Placement,
  reason: string,
): Promise<void> {
  const isBlocked = isWithoutLimit(reason);
  if (isBlocked && since !== undefined) {
    if (batchJobId !== null && now() - since >= BLOCKED_MS)
      await queue.terminate(batchJobId, BLOCKED + reason);
    return;
  }
  if (!isBlocked && since === undefined) return;
  await jobs.update(job.id, (record) => {
    if (record.placement?.batchJobId !== batchJobId) return undefined;
    const { blockedSinceMs: _, ...placement } = record.placement;
    return { ...record, placement: isBlocked ? { ...placement, blockedSinceMs: now() } : placement };
  });
}

const isDeployed = ({ fleet }: ReconcileJobsDeps, { pool, capacity }: Placement): boolean =>
  fleet.pools.some(
    ({ name, queues }) => name === pool && queues.some((queue) => queue.capacity === capacity),
  );

const removed = ({ pool, capacity }: Placement) =>
  `A deployment has removed the ${capacity} machines of "${pool}", on which the job was. Start it again.`;

async function fail(
  { jobs, now, metrics }: ReconcileJobsDeps,
  job: JobRecord,
  code: 'trainer-crashed' | 'queue-unknown',
  message: string,
): Promise<void> {
  let isFirst = false;
  await jobs.update(
    job.id,
    (record) => {
      isFirst = record.placement?.batchJobId === job.placement?.batchJobId && record.finishedAt === null;
      if (!isFirst) return undefined;
      const finishedAt = Math.floor(now() / 1000);
      return { ...record, status: 'failed', finishedAt, lease: null, error: toJobError(code, message) };
    },
    // Its trainer has ended with the Batch job.
    () => true,
  );
  if (!isFirst) return;
  metrics.jobBecame('failed');
  await jobs.appendEvent(job.id, { level: 'error', type: 'message', message, data: null });
}
