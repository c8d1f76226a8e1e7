// Jobs and their events in an object store: records change by compare-and-swap, events are only ever added.

import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { FoveaError } from '../errors.ts';
import { FORMATS } from '../storage/formats.ts';
import { createJson, isUnreadable, readJson } from '../storage/json.ts';
import { keys } from '../storage/keys.ts';
import { type ObjectStore, PreconditionFailedError } from '../storage/object-store.ts';
import { isFinal, JOB_EVENT, JOB_RECORD, type JobEvent, type JobRecord } from './job.ts';
import { createJobRecords, type JobRecords, NOTHING_DONE } from './job-records.ts';

/** What whoever asks for a job decides; the rest of the record is the store's. */
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
  | 'backend'
  | 'metadata'
  | 'maxCostUsd'
>;

export type NewJobEvent = Omit<JobEvent, 'id' | 'createdAt'>;

/** A page cursor: only what comes after this id, at most `limit` of it. */
export interface PageOptions {
  readonly after?: string | undefined;
  readonly limit: number;
}

export interface JobStore extends JobRecords {
  /**
   * Stores a new job in status `validating_files`.
   *
   * With an idempotency key, the same request again returns the job that the first one made.
   * @throws {FoveaError} `idempotency-conflict` where the key came with another request before.
   */
  create(job: NewJob, options?: { readonly idempotencyKey?: string | undefined }): Promise<JobRecord>;
  /**
   * Ends a job that nobody runs at once, and asks the trainer of a running one to stop.
   * @throws {FoveaError} `job-finished` where the job is over.
   */
  requestCancel(id: string): Promise<JobRecord>;
  /** Newest first, without those whose record cannot be read: one that is damaged must not stand in the way of the others. */
  list(options: PageOptions): Promise<{
    readonly jobs: readonly JobRecord[];
    readonly hasMore: boolean;
    /** Id of the last job of the page, readable or not; undefined of an empty page. */
    readonly last: string | undefined;
  }>;
  appendEvent(id: string, event: NewJobEvent): Promise<JobEvent>;
  /** Newest first; in place of one that cannot be read, one that says so. */
  events(
    id: string,
    options: PageOptions,
  ): Promise<{ readonly events: readonly JobEvent[]; readonly hasMore: boolean }>;
}

/** What an attempt needs of the store: the record of what it does, and where to tell of it. */
export type AttemptJobs = Pick<JobStore, 'update' | 'appendEvent'>;

export interface JobStoreDeps {
  readonly store: ObjectStore;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Told of a job that a listing leaves out. */
  readonly onUnreadable?: (id: string, error: FoveaError) => void;
}

/** One past the largest time an id can carry (year 10889). */
const ID_TIME_END = 2 ** 48;
const ID_TIME_DIGITS = 10;
const ID_RANDOM_BYTES = 5;

/** Ids count down with time, so that an object store's ascending listing gives the newest jobs first. */
function createJobId(nowMs: number): string {
  const time = (ID_TIME_END - 1 - nowMs).toString(32).padStart(ID_TIME_DIGITS, '0');
  return `ftjob-${time}${randomBytes(ID_RANDOM_BYTES).toString('hex')}`;
}

const IDEMPOTENCY = {
  ...FORMATS.idempotency,
  schema: z.object({ jobId: z.string(), requestHash: z.string() }),
};

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const toSeconds = (ms: number) => Math.floor(ms / 1000);

/** How many jobs or events are read at the same time. */
const READ_CONCURRENCY = 16;

async function readAll<T>(
  ids: readonly string[],
  read: (id: string) => Promise<T | undefined>,
): Promise<T[]> {
  const found: T[] = [];
  for (let start = 0; start < ids.length; start += READ_CONCURRENCY) {
    const page = await Promise.all(ids.slice(start, start + READ_CONCURRENCY).map(read));
    for (const item of page) if (item !== undefined) found.push(item);
  }
  return found;
}

/** A {@link JobStore} in an object store. */
export function createJobStore({ store, now, onUnreadable = () => undefined }: JobStoreDeps): JobStore {
  const { get, update } = createJobRecords(store, keys.job);
  const getReadable = async (id: string) => {
    try {
      return await get(id);
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      onUnreadable(id, error);
      return undefined;
    }
  };

  /** Where it cannot be read, one in its place that says so. */
  async function readEvent(jobId: string, key: string): Promise<JobEvent | undefined> {
    try {
      return (await readJson(store, key, JOB_EVENT))?.value;
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      return {
        id: eventId(jobId, eventSequence(key)),
        createdAt: toSeconds((await store.head(key))?.lastModified.getTime() ?? 0),
        level: 'warn',
        type: 'message',
        message: error.message,
        data: { error_code: error.code, key },
      };
    }
  }

  /** The id that belongs to an idempotency key: the given one where the key is new, else the first request's. */
  async function claimIdempotencyKey(key: string, request: NewJob, jobId: string): Promise<string> {
    const requestHash = sha256(JSON.stringify(request));
    const objectKey = keys.idempotency(sha256(key));
    try {
      await createJson(store, objectKey, IDEMPOTENCY, { jobId, requestHash });
      return jobId;
    } catch (error) {
      if (!(error instanceof PreconditionFailedError)) throw error;
    }
    const earlier = (await readJson(store, objectKey, IDEMPOTENCY))?.value;
    if (earlier === undefined) return claimIdempotencyKey(key, request, jobId);
    if (earlier.requestHash !== requestHash) {
      throw new FoveaError(
        'idempotency-conflict',
        `The Idempotency-Key was used for another request, which made job "${earlier.jobId}". Use a new key for a new job.`,
        { param: 'Idempotency-Key' },
      );
    }
    return earlier.jobId;
  }

  return {
    get,
    update,

    async create(job, { idempotencyKey } = {}) {
      const newId = createJobId(now());
      const id = idempotencyKey === undefined ? newId : await claimIdempotencyKey(idempotencyKey, job, newId);
      const record: JobRecord = {
        ...job,
        ...NOTHING_DONE,
        formatVersion: JOB_RECORD.version,
        id,
        status: 'validating_files',
        createdAt: toSeconds(now()),
      };
      try {
        await createJson(store, keys.job(id), JOB_RECORD, record);
        return record;
      } catch (error) {
        if (!(error instanceof PreconditionFailedError) || id === newId) throw error;
      }
      return (await get(id)) ?? record;
    },

    async requestCancel(id) {
      return update(id, (record) => {
        if (isFinal(record.status)) {
          throw new FoveaError(
            'job-finished',
            `Job "${id}" is ${record.status} already and cannot be cancelled.`,
          );
        }
        if (record.status === 'running' || record.lease !== null) return { ...record, cancelRequested: true };
        return { ...record, status: 'cancelled', cancelRequested: true, finishedAt: toSeconds(now()) };
      });
    },

    async list({ after, limit }) {
      const ids: string[] = [];
      const start = after === undefined ? {} : { startAfter: after };
      for await (const id of store.listFolders(keys.jobs(), start)) {
        ids.push(id);
        if (ids.length > limit) break;
      }
      const page = ids.slice(0, limit);
      return { jobs: await readAll(page, getReadable), hasMore: ids.length > limit, last: page.at(-1) };
    },

    async appendEvent(id, event) {
      let sequence = 0;
      for await (const info of store.list(keys.jobEvents(id))) {
        sequence = Math.max(sequence, eventSequence(info.key) + 1);
      }
      for (;;) {
        const stored: JobEvent = { ...event, id: eventId(id, sequence), createdAt: toSeconds(now()) };
        try {
          await createJson(store, keys.jobEvent(id, sequence), JOB_EVENT, stored);
          return stored;
        } catch (error) {
          if (!(error instanceof PreconditionFailedError)) throw error;
          sequence += 1;
        }
      }
    },

    async events(id, { after, limit }) {
      const eventKeys: string[] = [];
      for await (const info of store.list(keys.jobEvents(id))) eventKeys.push(info.key);
      eventKeys.reverse();
      const start =
        after === undefined ? 0 : eventKeys.findIndex((key) => after === eventId(id, eventSequence(key))) + 1;
      const page = eventKeys.slice(start, start + limit);
      return {
        events: await readAll(page, (key) => readEvent(id, key)),
        hasMore: eventKeys.length > start + limit,
      };
    },
  };
}

const eventId = (jobId: string, sequence: number) => `ftevent-${jobId.replace(/^ftjob-/, '')}-${sequence}`;
const eventSequence = (key: string) => Number.parseInt(key.slice(key.lastIndexOf('/') + 1), 10);
