// The AWS Batch driver of the queue port. SubmitJob has no idempotency token, so the job's record is the lock: whoever submits claims
// the submission there first. Knows nothing of why a job is moved; batch/next-step.ts decides that.

import { randomUUID } from 'node:crypto';
import { BatchClient } from '@aws-sdk/client-batch';
import { environment, type TrainerFleet } from '../../../environment.ts';
import { FoveaError } from '../../../errors/errors.ts';
import { isAtRest, type JobRecord, type Placement } from '../../record/job.ts';
import type { JobStore } from '../../record/job-store.ts';
import { partsOf } from '../../record/parts-of.ts';
import type { JobQueue } from '../job-queue.ts';
import { type BatchCalls, createBatchCalls } from './batch-calls.ts';
import { batchJobName } from './batch-event.ts';

/** The jobs, the machines, the clock and the client of AWS Batch. */
export interface BatchQueueDeps {
  readonly jobs: JobStore;
  readonly fleet: TrainerFleet;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** A client that does not retry by itself; see batch/batch-calls.ts. Default: such a one. */
  readonly client?: BatchClient;
  /** Has open jobs compared with AWS Batch from now on. Default: they always are. */
  readonly watch?: (() => Promise<void>) | undefined;
  /** Pause before a failed call is tried again. */
  readonly pauseMs?: number;
}

/** A queue of the fleet, by the size of its machines and how they are bought. */
export interface Destination {
  readonly pool: string;
  readonly capacity: Placement['capacity'];
}

/** A queue that can also move jobs to other machines, and say what became of them. */
export interface BatchQueue
  extends JobQueue,
    Pick<BatchCalls, 'describe' | 'describeFailedChildren' | 'describeWaitingChild' | 'terminate'> {
  /** Whether whoever submits the job has died before AWS Batch answered. */
  isAbandoned(placement: Placement): boolean;
  /**
   * Submits a job, whose Batch job `ended` is over, to another queue, as one Batch job. Twice for the same `ended` submits once.
   * @param told `couldNotStart`: the trainer of `ended` could not begin, which the next end is judged by.
   * @throws {FoveaError} `queue-unavailable`; `queue-busy` while another process is submitting it.
   */
  move(
    jobId: string,
    ended: string,
    to: Destination,
    told?: { readonly couldNotStart?: boolean },
  ): Promise<void>;
}

/** Submitting takes seconds, so an older claim belongs to a process that has died. */
const CLAIM_MS = 60_000;
const PAUSE_MS = 3000;
const ENDED = 'The job was cancelled or paused.';

/** The placement that a record should get; undefined where nothing is to be submitted. */
type Wanted = (record: JobRecord) => Omit<Placement, 'claim' | 'batchJobId'> | undefined;

interface Claimed {
  readonly job: JobRecord;
  readonly placement: Placement;
  /** Another process has claimed the same submission before, and may have submitted it. */
  readonly isTakeover: boolean;
}

/** Opens a queue that runs trainers on AWS Batch. */
export function createBatchQueue(deps: BatchQueueDeps): BatchQueue {
  const { jobs, fleet, now, pauseMs = PAUSE_MS } = deps;
  const batch = createBatchCalls({ client: deps.client ?? new BatchClient({ maxAttempts: 1 }), pauseMs });

  const isAbandoned = ({ batchJobId, claim: { atMs } }: Placement) =>
    batchJobId === null && now() - atMs > CLAIM_MS;

  async function claim(jobId: string, wanted: Wanted): Promise<Claimed | undefined> {
    const owner = randomUUID();
    let isTakeover = false;
    const job = await jobs.update(jobId, (record) => {
      const next = wanted(record);
      if (next === undefined || isAtRest(record.status)) return undefined;
      isTakeover = record.placement?.submission === next.submission;
      return { ...record, placement: { ...next, claim: { owner, atMs: now() }, batchJobId: null } };
    });
    const { placement } = job;
    return placement?.claim.owner === owner ? { job, placement, isTakeover } : undefined;
  }

  /** Changes the placement of a job whose claim is still ours. */
  const updateClaimed = ({ job, placement }: Claimed, change: (placement: Placement) => Placement) =>
    jobs.update(job.id, (record) =>
      record.placement?.claim.owner === placement.claim.owner
        ? { ...record, placement: change(record.placement), queuedReason: null }
        : undefined,
    );

  async function submitClaimed(claimed: Claimed): Promise<void> {
    const { job, placement, isTakeover } = claimed;
    const { jobDefinition, queue } = findQueue(fleet, placement);
    const submission = {
      name: batchJobName(job.id, placement.submission),
      jobDefinition,
      queue,
      environment: { [environment.jobId]: job.id },
      tags: fleet.tags,
      size: placement.trials,
    };
    const batchJobId = await batch.submit(submission, isTakeover);
    const placed = await updateClaimed(claimed, (ours) => ({ ...ours, batchJobId }));
    // The job may have been cancelled or paused meanwhile, by somebody who knew of no Batch job to end.
    if (isAtRest(placed.status)) await batch.terminate(batchJobId, ENDED);
  }

  /** Submits what `wanted` asks for. A failure drops the claim, so that the next call tries again. */
  async function place(jobId: string, wanted: Wanted): Promise<boolean> {
    const claimed = await claim(jobId, wanted);
    if (claimed === undefined) return false;
    try {
      await submitClaimed(claimed);
      return true;
    } catch (cause) {
      await updateClaimed(claimed, (ours) =>
        ours.batchJobId === null ? { ...ours, claim: { ...ours.claim, atMs: 0 } } : ours,
      );
      throw unavailable(jobId, cause);
    }
  }

  return {
    ...(deps.watch === undefined ? {} : { watch: deps.watch }),

    async submit(job, start) {
      const parts = partsOf(job).length;
      const first =
        start === undefined ? fleet.pools[0] : fleet.pools.find(({ name }) => name === start.pool);
      const capacity = first?.queues[0]?.capacity;
      if (first === undefined || capacity === undefined)
        throw new RangeError(`The fleet has no queue ${start?.pool ?? ''}.`);
      await place(job.id, ({ placement, lease }) => {
        // A worker may have taken it meanwhile.
        if (lease !== null) return undefined;
        if (placement !== undefined && !isAbandoned(placement)) return undefined;
        if (placement !== undefined) return placement;
        const trials = parts < 2 ? {} : { trials: parts };
        const reason = start === undefined ? {} : { reason: start.reason };
        return { pool: first.name, capacity, submission: 1, replaces: null, ...trials, ...reason };
      });
      return start?.reason;
    },

    async move(jobId, ended, { pool, capacity }, { couldNotStart = false } = {}) {
      const hasMoved = await place(jobId, ({ placement }) => {
        if (placement?.replaces === ended) return isAbandoned(placement) ? placement : undefined;
        if (placement?.batchJobId !== ended) return undefined;
        const reason =
          placement.pool === pool && placement.reason !== undefined ? { reason: placement.reason } : {};
        return {
          pool,
          capacity,
          submission: placement.submission + 1,
          replaces: ended,
          ...reason,
          ...(couldNotStart ? { couldNotStart } : {}),
        };
      });
      if (hasMoved) return;
      const job = await jobs.get(jobId);
      const isUnderway = job?.placement?.replaces === ended && job.placement.batchJobId === null;
      if (isUnderway && !isAtRest(job.status)) throw busy(jobId);
    },

    describe: batch.describe,
    describeFailedChildren: batch.describeFailedChildren,
    describeWaitingChild: batch.describeWaitingChild,
    terminate: batch.terminate,
    isAbandoned,

    async cancel({ placement }) {
      if (placement?.batchJobId == null) return;
      await batch.terminate(placement.batchJobId, ENDED);
    },
  };
}

function findQueue(fleet: TrainerFleet, { pool: name, capacity }: Destination) {
  const pool = fleet.pools.find((candidate) => candidate.name === name);
  const queue = pool?.queues.find((candidate) => candidate.capacity === capacity);
  if (pool === undefined || queue === undefined) {
    throw new FoveaError(
      'queue-unknown',
      `There is no ${capacity} queue for machines "${name}"; the deployment has changed. Start the job again.`,
    );
  }
  return { jobDefinition: pool.jobDefinition, queue: queue.arn };
}

const busy = (jobId: string) =>
  new FoveaError(
    'queue-busy',
    `Job "${jobId}" is being submitted by another process. Try again in a minute.`,
  );

const unavailable = (jobId: string, cause: unknown) =>
  new FoveaError(
    'queue-unavailable',
    `Job "${jobId}" could not be submitted to AWS Batch: ${cause instanceof Error ? cause.message : String(cause)}. ` +
      'Send the same request with the same Idempotency-Key to try again.',
    { cause },
  );
