// Jobs in an object store: their records, which change by compare-and-swap, their events, and the list of open jobs.

import { createHash } from 'node:crypto';
import { z } from 'zod';
import { mapConcurrently } from '../../concurrently.ts';
import { FoveaError } from '../../errors/errors.ts';
import { FORMATS } from '../../storage/formats.ts';
import { createJson, isUnreadable, readJson, updateJson } from '../../storage/json.ts';
import { keys } from '../../storage/keys.ts';
import { type ObjectStore, PreconditionFailedError } from '../../storage/object-store.ts';
import { takePage } from '../../storage/take-page.ts';
import { createNotices } from '../../webhook/notices.ts';
import { endEventOf } from './end-event.ts';
import { isFinal, JOB_RECORD, type JobRecord, toJobError, toPaused } from './job.ts';
import { createJobEvents, type JobEvents, type PageOptions } from './job-events.ts';
import { createJobId } from './job-id.ts';
import { createJobRecords, type JobRecords, jobNotFound, NOTHING_DONE } from './job-records.ts';
import { type CheckOptions, createOpenJobs } from './open-jobs.ts';

/** The fields of a job record that its request decides; the store sets the others. */
export type NewJob = Pick<
  JobRecord,
  | 'architecture'
  | 'dataset'
  | 'model'
  | 'seed'
  | 'hyperparameters'
  | 'recipe'
  | 'sweep'
  | 'split'
  | 'splitSnapshot'
  | 'datasetSnapshot'
  | 'backend'
  | 'metadata'
  | 'maxCostUsd'
  | 'promote'
  | 'createdBy'
  | 'prediction'
>;

/** How a job is made. */
export interface CreateOptions {
  readonly idempotencyKey?: string | undefined;
  /** The id of the job. Default: a new one of a fine-tuning job. */
  readonly id?: string | undefined;
  /** Prepares what the job begins with, before anybody can start it. @returns fields of its first record. */
  readonly prepare?: (id: string) => Promise<Partial<JobRecord>>;
}

/** Which jobs a page lists. */
export interface ListJobsOptions extends PageOptions {
  readonly kind?: 'fine-tuning' | 'batch';
  readonly matches?: (job: JobRecord) => boolean;
}

/** All jobs of an object store. */
export interface JobStore extends JobRecords, JobEvents {
  /**
   * Stores a new job in status `validating_files`.
   *
   * With an idempotency key, which those share who have one `createdBy`, a repeated request returns the job that the first one made, unless
   * that one could not be submitted.
   * @throws {FoveaError} `idempotency-conflict` where the key was used for another request; `idempotency-gone` where that job was deleted.
   */
  create(job: NewJob, options?: CreateOptions): Promise<JobRecord>;
  /**
   * Cancels a job. One that does not run is over at once; the trainer of a running one is asked to stop.
   * @throws {FoveaError} `job-finished` where the job is over.
   */
  requestCancel(id: string): Promise<JobRecord>;
  /**
   * Pauses a job, which keeps its checkpoints. One that does not run is paused at once; the trainer of a running one is asked to save a
   * checkpoint and end. Pausing it again changes nothing.
   * @throws {FoveaError} `job-finished`.
   */
  requestPause(id: string): Promise<JobRecord>;
  /**
   * Puts a paused job back into the queue, or takes back a pause that was asked for. The caller submits it.
   * @throws {FoveaError} `job-not-paused`; `job-finished`.
   */
  resume(id: string): Promise<JobRecord>;
  /**
   * Ends training early: what is best so far becomes the model. A job that waits trains its head alone.
   * @throws {FoveaError} `job-finished`.
   */
  requestFinish(id: string): Promise<JobRecord>;
  /**
   * Fails a job that could not be submitted, with `queue-unavailable` and an event. One that is queued, or that another process has taken, stays.
   * @returns whether it has failed by this.
   */
  failUnsubmitted(id: string, message: string): Promise<boolean>;
  /**
   * Erases a job that is over: its record, events, contact sheet and checkpoints, with all their earlier versions. Its model stays.
   * @throws {FoveaError} `job-not-found`; `job-open` where it is not over.
   */
  erase(id: string): Promise<void>;
  /**
   * A page of jobs or of batch predictions, newest first; with `matches`, of those that it says. Jobs whose record cannot be read are
   * skipped, so that one damaged record does not hide the others.
   */
  list(options: ListJobsOptions): Promise<{
    readonly jobs: readonly JobRecord[];
    readonly hasMore: boolean;
    /** Id of the last job of the page, readable or not; undefined for an empty page. */
    readonly last: string | undefined;
  }>;
  /** Jobs that are not over, oldest first. Reads no more records than are asked for, and skips the jobs that {@link list} skips. */
  open(): AsyncIterable<JobRecord>;
  /**
   * Finds open jobs that {@link open} does not know: those of an earlier version, and those whose key was lost.
   * @returns their number.
   */
  checkOpen(options?: CheckOptions): Promise<number>;
  /** Whether {@link checkOpen} has ever finished; false where its mark was deleted. */
  isOpenChecked(): Promise<boolean>;
  /**
   * Makes sure that {@link open} gives a job that is not over, whose key may be lost. Does nothing where the key cannot be written.
   */
  confirmOpen(job: JobRecord): Promise<void>;
  /** Makes sure that webhooks are told of a job that is over, where whoever ended it was killed before. */
  confirmOver(job: JobRecord): Promise<void>;
}

/** What an attempt needs of the store: to change its job's record and to add events. */
export type AttemptJobs = Pick<JobStore, 'update' | 'appendEvent'>;

/** The object store, the clock, and who is told of damaged records. */
export interface JobStoreDeps {
  readonly store: ObjectStore;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Is told once of each job that listings skip. */
  readonly onUnreadable?: (id: string, error: FoveaError) => void;
}

const IDEMPOTENCY = {
  ...FORMATS.idempotency,
  schema: z.object({
    jobId: z.string(),
    requestHash: z.string(),
    /** Whether the record of the job was written: if there is none then, the job was deleted. Earlier versions do not tell. */
    made: z.boolean().optional(),
  }),
};
type Claim = z.infer<typeof IDEMPOTENCY.schema> & { readonly key: string };

/** Settings that later versions added, with the values that mean "not asked for": so a request has the same hash in all versions. */
const ADDED: Readonly<Record<string, unknown>> = { splitSnapshot: null };
const withoutNothing = (key: string, value: unknown): unknown =>
  key in ADDED && value === ADDED[key] ? undefined : value;

/** How often a claim that expires at the same moment is made anew. */
const MOST_CLAIMS = 3;
/** Records that a filtered listing reads at a time. */
const GROUP = 50;

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const toSeconds = (ms: number) => Math.floor(ms / 1000);

/** @throws {FoveaError} `job-finished`. */
function assertOpen({ id, status }: JobRecord, what: string): void {
  if (isFinal(status))
    throw new FoveaError('job-finished', `Job "${id}" is over (${status}) and cannot be ${what}.`);
}

const UNSUBMITTED = 'queue-unavailable';
/** Whether a job has failed before any queue had it. */
const wasUnsubmitted = ({ status, error, startedAt }: JobRecord): boolean =>
  status === 'failed' && error?.code === UNSUBMITTED && startedAt === null;

/** Whether no queue has a job, and nobody is about to give it to one. */
const isUnsubmitted = ({ status, lease, placement }: JobRecord): boolean =>
  status === 'validating_files' &&
  lease === null &&
  (placement === undefined || (placement.batchJobId === null && placement.claim.atMs === 0));

/** A job whose Batch job ended with its pause is submitted anew, to the same machines. */
const withNextSubmission = (job: JobRecord): JobRecord =>
  job.placement === undefined
    ? job
    : {
        ...job,
        placement: {
          ...job.placement,
          submission: job.placement.submission + 1,
          replaces: job.placement.batchJobId,
          // Nobody's, so that whoever submits it may take it.
          claim: { owner: '', atMs: 0 },
          batchJobId: null,
        },
      };

/** Opens the jobs of an object store. */
export function createJobStore({ store, now, onUnreadable = () => undefined }: JobStoreDeps): JobStore {
  const records = createJobRecords(store, keys.job);
  const { get } = records;
  const openJobs = createOpenJobs(store);
  const notices = createNotices(store);
  const events = createJobEvents({ store, now });
  const told = new Set<string>();
  const getReadable = async (id: string) => {
    try {
      return await get(id);
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      if (!told.has(id)) onUnreadable(id, error);
      told.add(id);
      return undefined;
    }
  };

  /** What became of an idempotency key: the job of `jobId` where the key is new, else that of the first request. */
  async function claimIdempotencyKey(asked: string, request: NewJob, jobId: string): Promise<Claim> {
    // Who asks does not make it another request.
    const requestHash = sha256(JSON.stringify({ ...request, createdBy: undefined }, withoutNothing));
    const key = keys.idempotency(sha256(JSON.stringify([request.createdBy ?? null, asked])));
    let found = await claimOfEarlierVersion(asked, request, requestHash);
    for (let tries = 0; found === undefined; tries++)
      try {
        await createJson(store, key, IDEMPOTENCY, { jobId, requestHash });
        return { key, jobId, requestHash };
      } catch (error) {
        if (!(error instanceof PreconditionFailedError) || tries === MOST_CLAIMS) throw error;
        const earlier = await readJson(store, key, IDEMPOTENCY);
        found = earlier && { ...earlier.value, key };
      }
    if (found.requestHash === requestHash) return renewClaim(found, jobId);
    throw new FoveaError(
      'idempotency-conflict',
      `The Idempotency-Key was used for another request, which made job "${found.jobId}". Use a new key for a new job.`,
      { param: 'Idempotency-Key' },
    );
  }

  /** Gives the key to another job where the one that the first request made could not be submitted. */
  async function renewClaim(claim: Claim, jobId: string): Promise<Claim> {
    const { key } = claim;
    const known = await get(claim.jobId);
    if (known === undefined || !wasUnsubmitted(known)) return claim;
    const { value } = await updateJson(store, key, IDEMPOTENCY, (current) =>
      current.jobId === claim.jobId ? { ...current, jobId, made: false } : undefined,
    );
    return { ...value, key };
  }

  /** Earlier versions kept one claim for all who asked. It is that of whoever made the job. */
  async function claimOfEarlierVersion(
    asked: string,
    { createdBy }: NewJob,
    requestHash: string,
  ): Promise<Claim | undefined> {
    const key = keys.idempotency(sha256(asked));
    const earlier = (await readJson(store, key, IDEMPOTENCY))?.value;
    if (earlier === undefined) return undefined;
    const job = await get(earlier.jobId);
    // Nobody knows who made a job that was deleted. The same request does not make it again, and others learn nothing of it.
    const isOwn = job === undefined ? earlier.requestHash === requestHash : job.createdBy === createdBy;
    return isOwn ? { ...earlier, key, made: true } : undefined;
  }

  /** The job that the first request with the key made; undefined where it has not made it yet. @throws {FoveaError} `idempotency-gone`. */
  async function jobOfClaim({ jobId, made = false }: Claim): Promise<JobRecord | undefined> {
    const job = await get(jobId);
    if (job !== undefined || !made) return job;
    throw new FoveaError(
      'idempotency-gone',
      `The request with this Idempotency-Key was done, and its job "${jobId}" was deleted since. It is not done again. Use a new key for a new job.`,
      { param: 'Idempotency-Key', details: { fine_tuning_job_id: jobId } },
    );
  }

  /** Notes that the job of a claim is there. */
  const noteMade = async ({ key, made }: Claim) => {
    if (made !== true) await updateJson(store, key, IDEMPOTENCY, (claim) => ({ ...claim, made: true }));
  };

  /**
   * Gives notice that a job is over, for webhooks, and takes it off the list of open jobs. Where that cannot be done, the job stays on the
   * list, and whoever finds it there does it: it must not fail what was done for the job.
   */
  const noteEnd = async (job: JobRecord) => {
    const event = endEventOf(job);
    try {
      if (event !== undefined) await notices.add(event);
    } catch {
      return;
    }
    await openJobs.remove(job.id);
  };

  const update: JobRecords['update'] = async (id, change, actsFor) => {
    let wasOpen = false;
    const updated = await records.update(
      id,
      (record) => {
        wasOpen = !isFinal(record.status);
        return change(record);
      },
      actsFor,
    );
    if (wasOpen && isFinal(updated.status)) await noteEnd(updated);
    return updated;
  };

  /** Reads records in groups, so that a rare match is not one read after the other. */
  async function* matching(ids: AsyncIterable<string>, matches: (job: JobRecord) => boolean) {
    let group: string[] = [];
    const read = async () => {
      const found = await mapConcurrently(group, getReadable);
      group = [];
      return found.filter((job) => job !== undefined).filter(matches);
    };
    for await (const id of ids) {
      group.push(id);
      if (group.length === GROUP) yield* await read();
    }
    yield* await read();
  }

  const confirmOpen = async ({ id, status }: JobRecord) => {
    if (!isFinal(status)) await openJobs.confirm(id).catch(() => undefined);
  };

  return {
    get,
    update,
    confirmOpen,
    async confirmOver(job) {
      if (isFinal(job.status)) await noteEnd(job);
    },
    isOpenChecked: openJobs.isChecked,
    ...events,

    async create(job, { idempotencyKey, prepare, id: newId = createJobId(now()) } = {}) {
      const claim =
        idempotencyKey === undefined ? undefined : await claimIdempotencyKey(idempotencyKey, job, newId);
      const { jobId: id } = claim ?? { jobId: newId };
      const record: JobRecord = {
        ...job,
        ...NOTHING_DONE,
        pictureOrder: 'content',
        formatVersion: JOB_RECORD.version,
        id,
        status: 'validating_files',
        createdAt: toSeconds(now()),
      };
      const earlier = claim === undefined || id === newId ? undefined : await jobOfClaim(claim);
      if (claim !== undefined && earlier !== undefined) {
        await noteMade(claim);
        return earlier;
      }
      await openJobs.add(id);
      try {
        await createJson(store, keys.job(id), JOB_RECORD, { ...record, ...(await prepare?.(id)) });
      } catch (error) {
        // The same request at the same moment has found the key taken and written the record first.
        const written = error instanceof PreconditionFailedError ? await get(id) : undefined;
        if (claim === undefined || written === undefined) throw error;
        return written;
      }
      if (claim !== undefined) await noteMade(claim);
      await openJobs.confirm(id);
      return record;
    },

    async requestCancel(id) {
      const asked = await update(id, (record) => {
        assertOpen(record, 'cancelled');
        const cancelRequestedAt = record.cancelRequestedAt ?? toSeconds(now());
        const requested = { ...record, cancelRequested: true, cancelRequestedAt };
        if (record.status === 'running' || record.lease !== null) return requested;
        return { ...requested, status: 'cancelled', finishedAt: toSeconds(now()) };
      });
      await confirmOpen(asked);
      // Of a paused job. Where they cannot be erased they expire, which does no harm.
      if (isFinal(asked.status)) await store.eraseAll(keys.jobCheckpoints(id)).catch(() => undefined);
      return asked;
    },

    async requestPause(id) {
      const asked = await update(id, (record) => {
        assertOpen(record, 'paused');
        if (record.status === 'paused') return undefined;
        // Trials that run side by side have leases of their own, and look at the status of their job.
        return record.lease === null ? toPaused(record) : { ...record, pauseRequested: true };
      });
      await confirmOpen(asked);
      return asked;
    },

    async resume(id) {
      const resumed = await update(id, (record) => {
        assertOpen(record, 'resumed');
        if (record.status === 'paused') return { ...withNextSubmission(record), status: 'queued' };
        if (record.pauseRequested === true) return { ...record, pauseRequested: false };
        throw new FoveaError(
          'job-not-paused',
          `Job "${id}" is ${record.status}, not paused, so there is nothing to resume.`,
        );
      });
      await confirmOpen(resumed);
      return resumed;
    },

    requestFinish: (id) =>
      update(id, (record) => {
        assertOpen(record, 'finished early');
        return { ...record, finishRequested: true };
      }),

    async failUnsubmitted(id, message) {
      let isFirst = false;
      await update(id, (record) => {
        isFirst = isUnsubmitted(record);
        if (!isFirst) return undefined;
        const error = toJobError(UNSUBMITTED, message);
        return { ...record, status: 'failed', finishedAt: toSeconds(now()), error };
      });
      if (isFirst) await events.appendEvent(id, { level: 'error', type: 'message', message, data: null });
      return isFirst;
    },

    async erase(id) {
      const job = await get(id);
      if (job === undefined) throw jobNotFound(id);
      if (!isFinal(job.status))
        throw new FoveaError(
          'job-open',
          `Job "${id}" is ${job.status}. Cancel it first (POST /v1/fine_tuning/jobs/${id}/cancel), then delete it.`,
          { param: 'fine_tuning_job_id' },
        );
      // The record with the last, so that what a crash leaves is still found.
      const parts = [keys.jobCheckpoints(id), keys.jobEvents(id), keys.jobTrials(id), keys.jobFiles(id)];
      for (const part of parts) await store.eraseAll(part);
    },

    async list({ after, limit, kind, matches }) {
      const folder = kind === 'batch' ? keys.batches() : keys.jobs();
      const ids = store.listFolders(folder, after === undefined ? {} : { startAfter: after });
      if (matches !== undefined) {
        const { items, hasMore } = await takePage(matching(ids, matches), limit);
        return { jobs: items, hasMore, last: items.at(-1)?.id };
      }
      const { items, hasMore } = await takePage(ids, limit);
      const found = await mapConcurrently(items, getReadable);
      return { jobs: found.filter((job) => job !== undefined), hasMore, last: items.at(-1) };
    },

    async *open() {
      for await (const id of openJobs.ids()) {
        const job = await getReadable(id);
        if (job === undefined) continue;
        if (isFinal(job.status)) await noteEnd(job);
        else yield job;
      }
    },

    async checkOpen(options = {}) {
      const isOpen = async (id: string) => {
        try {
          const job = await get(id);
          return job && !isFinal(job.status);
        } catch (error) {
          // The record may be repaired.
          if (isUnreadable(error)) return true;
          throw error;
        }
      };
      return openJobs.check(isOpen, { ...options, nowMs: now() });
    },
  };
}
