// The AWS Batch driver of the queue port. SubmitJob knows no idempotency token, so the job's record is the lock: who
// wants to submit claims it there first. Knows nothing of why a job is moved; batch/next-step.ts decides that.

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  BatchClient,
  BatchServiceException,
  ListJobsCommand,
  SubmitJobCommand,
  TerminateJobCommand,
} from '@aws-sdk/client-batch';
import { environment, type TrainerFleet } from '../../environment.ts';
import { FoveaError } from '../../errors.ts';
import { isFinal, type JobRecord, type Placement } from '../job.ts';
import type { JobQueue } from '../job-queue.ts';
import type { JobStore } from '../job-store.ts';

export interface BatchQueueDeps {
  readonly jobs: JobStore;
  readonly fleet: TrainerFleet;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly client?: BatchClient;
  /** Before a failed submission is looked for and tried again. */
  readonly pauseMs?: number;
}

/** A queue of the fleet. */
export interface Destination {
  readonly pool: string;
  readonly capacity: Placement['capacity'];
}

export interface BatchQueue extends JobQueue {
  /**
   * Sends a job whose Batch job `ended` to another queue. Doing it twice for the same `ended` submits once.
   * @throws {FoveaError} `queue-unavailable`; `queue-busy` while another process is submitting it.
   */
  move(jobId: string, ended: string, to: Destination): Promise<void>;
}

/** Submitting takes a second; a claim of this age belongs to a process that has died. */
const CLAIM_MS = 60_000;
const SUBMIT_ATTEMPTS = 3;
/** Listings of jobs are some seconds behind. */
const PAUSE_MS = 3000;

type Wanted = (record: JobRecord) => Omit<Placement, 'claim' | 'batchJobId'> | undefined;

/** A queue that runs trainers on AWS Batch. */
export function createBatchQueue(deps: BatchQueueDeps): BatchQueue {
  const { jobs, fleet, now, pauseMs = PAUSE_MS } = deps;
  // The SDK would submit again what may have been submitted; the retries here look for it first.
  const client = deps.client ?? new BatchClient({ maxAttempts: 1 });

  /** Takes the right to submit; undefined where there is nothing to do, or where another is at it. */
  async function claim(
    jobId: string,
    wanted: Wanted,
  ): Promise<{ job: JobRecord; placement: Placement; isTakeover: boolean } | undefined> {
    const owner = randomUUID();
    let isTakeover = false;
    const job = await jobs.update(jobId, (record) => {
      const next = wanted(record);
      if (next === undefined || isFinal(record.status)) return undefined;
      isTakeover = record.placement?.submission === next.submission;
      return { ...record, placement: { ...next, claim: { owner, atMs: now() }, batchJobId: null } };
    });
    const { placement } = job;
    return placement?.claim.owner === owner ? { job, placement, isTakeover } : undefined;
  }

  const isAbandoned = ({ batchJobId, claim: { atMs } }: Placement) =>
    batchJobId === null && now() - atMs > CLAIM_MS;

  async function submitClaimed(job: JobRecord, placement: Placement, isTakeover: boolean): Promise<void> {
    const name = batchJobName(job.id, placement.submission);
    const { pool, queue } = findQueue(fleet, placement);
    const batchJobId =
      (isTakeover ? await findByName(queue, name) : undefined) ??
      (await submitNew(job, name, pool.jobDefinition, queue));
    const placed = await jobs.update(job.id, (record) =>
      record.placement?.claim.owner === placement.claim.owner
        ? { ...record, placement: { ...record.placement, batchJobId }, queuedReason: null }
        : undefined,
    );
    // Cancelled while it was being submitted: whoever cancelled knew of no Batch job to end.
    if (isFinal(placed.status)) await terminate(batchJobId, 'The job was cancelled.');
  }

  async function submitNew(
    job: JobRecord,
    jobName: string,
    jobDefinition: string,
    jobQueue: string,
  ): Promise<string> {
    const { jobId } = await client.send(
      new SubmitJobCommand({
        jobName,
        jobDefinition,
        jobQueue,
        containerOverrides: { environment: [{ name: environment.jobId, value: job.id }] },
        tags: { ...fleet.tags },
      }),
    );
    if (jobId === undefined) throw new Error('AWS Batch gave no job id.');
    return jobId;
  }

  async function findByName(jobQueue: string, name: string): Promise<string | undefined> {
    const { jobSummaryList = [] } = await client.send(
      new ListJobsCommand({ jobQueue, filters: [{ name: 'JOB_NAME', values: [name] }] }),
    );
    return jobSummaryList[0]?.jobId;
  }

  async function terminate(jobId: string, reason: string): Promise<void> {
    await client.send(new TerminateJobCommand({ jobId, reason }));
  }

  /** Submits what `wanted` asks for; a failure gives the claim back, so that the next call tries again. */
  async function place(jobId: string, wanted: Wanted): Promise<boolean> {
    const claimed = await claim(jobId, wanted);
    if (claimed === undefined) return false;
    const { job, placement, isTakeover } = claimed;
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          await submitClaimed(job, placement, isTakeover || attempt > 1);
          return true;
        } catch (error) {
          if (attempt === SUBMIT_ATTEMPTS || isRefusal(error)) throw error;
          await sleep(pauseMs * attempt);
        }
      }
    } catch (cause) {
      await jobs.update(jobId, (record) =>
        record.placement?.claim.owner === placement.claim.owner && record.placement.batchJobId === null
          ? { ...record, placement: { ...record.placement, claim: { ...placement.claim, atMs: 0 } } }
          : undefined,
      );
      throw unavailable(jobId, cause);
    }
  }

  return {
    async submit({ id }) {
      const first = fleet.pools[0];
      const capacity = first?.queues[0]?.capacity;
      if (first === undefined || capacity === undefined) throw new RangeError('The fleet has no queue.');
      await place(id, ({ placement }) => {
        if (placement !== undefined && !isAbandoned(placement)) return undefined;
        return placement ?? { pool: first.name, capacity, submission: 1, replaces: null };
      });
    },

    async move(jobId, ended, { pool, capacity }) {
      const hasMoved = await place(jobId, ({ placement }) => {
        if (placement?.replaces === ended) return isAbandoned(placement) ? placement : undefined;
        if (placement?.batchJobId !== ended) return undefined;
        return { pool, capacity, submission: placement.submission + 1, replaces: ended };
      });
      if (hasMoved) return;
      const job = await jobs.get(jobId);
      if (job?.placement?.replaces === ended && job.placement.batchJobId === null && !isFinal(job.status)) {
        throw new FoveaError(
          'queue-busy',
          `Job "${jobId}" is being submitted by another process. Try again in a minute.`,
        );
      }
    },

    async cancel({ placement }) {
      if (placement?.batchJobId == null) return;
      await terminate(placement.batchJobId, 'The job was cancelled.');
    },
  };
}

/** Unique for each submission, so that a submitted job can be found again by its name. */
const batchJobName = (jobId: string, submission: number) => `${jobId}-${submission}`;

function findQueue(fleet: TrainerFleet, { pool: name, capacity }: Destination) {
  const pool = fleet.pools.find((candidate) => candidate.name === name);
  const queue = pool?.queues.find((candidate) => candidate.capacity === capacity);
  if (pool === undefined || queue === undefined) {
    throw new FoveaError(
      'queue-unknown',
      `There is no ${capacity} queue for machines "${name}"; the deployment has changed.`,
    );
  }
  return { pool, queue: queue.arn };
}

const TOO_MANY_REQUESTS = 429;

/** Whether the same call would be refused again. */
function isRefusal(error: unknown): boolean {
  if (error instanceof FoveaError) return true;
  const status = error instanceof BatchServiceException ? (error.$metadata.httpStatusCode ?? 0) : 0;
  return status >= 400 && status < 500 && status !== TOO_MANY_REQUESTS;
}

const unavailable = (jobId: string, cause: unknown) =>
  new FoveaError(
    'queue-unavailable',
    `Job "${jobId}" could not be handed to AWS Batch: ${cause instanceof Error ? cause.message : String(cause)}. ` +
      'The same request with the same Idempotency-Key tries again.',
    { cause },
  );
