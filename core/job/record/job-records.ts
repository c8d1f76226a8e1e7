// Records of jobs in an object store, changed by compare-and-swap. Two rules are enforced here for every writer: the state machine of
// job.ts, and that a leased job is changed by the attempt that holds the lease alone.

import { isDeepStrictEqual } from 'node:util';
import { FoveaError, isFoveaError } from '../../errors/errors.ts';
import { readJson, updateJson } from '../../storage/json.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import { NO_MEMORY_RECORD } from '../recipe/memory-record.ts';
import { canBecome, JOB_RECORD, type JobRecord, type Lease, NOTHING_SPENT } from './job.ts';

/** Reads and changes records of jobs, or of trials. */
export interface JobRecords {
  get(id: string): Promise<JobRecord | undefined>;
  /**
   * Changes a record by compare-and-swap. `change` may run several times; it returns undefined to change nothing.
   * @param actsFor says of a lease whether the writer holds it, or acts for a holder that has certainly ended. Default: it does not.
   * @throws {FoveaError} `job-not-found`; `job-transition` for a change of status that the state machine forbids;
   *   `lease-lost` where another attempt holds the lease, and more than the {@link REQUEST_FIELDS} would change.
   */
  update(
    id: string,
    change: (record: JobRecord) => JobRecord | undefined,
    actsFor?: (lease: Lease) => boolean,
  ): Promise<JobRecord>;
}

/** The fields of a leased job that anybody may change: requests to it, and what its queue knows. */
const REQUEST_FIELDS: ReadonlySet<string> = new Set([
  'cancelRequested',
  'cancelRequestedAt',
  'pauseRequested',
  'finishRequested',
  'placement',
  'queuedReason',
  'usage',
] satisfies (keyof JobRecord)[]);

/** The fields of a record before the first attempt. */
export const NOTHING_DONE = {
  startedAt: null,
  finishedAt: null,
  modelVersion: null,
  resolved: null,
  spent: NOTHING_SPENT,
  trials: [],
  failedTrials: [],
  memory: NO_MEMORY_RECORD,
  lease: null,
  cancelRequested: false,
  attempts: 0,
  furthest: null,
  progress: null,
  error: null,
  result: null,
} satisfies Partial<JobRecord>;

/** The error `job-not-found`. */
export const jobNotFound = (id: string) =>
  new FoveaError(
    'job-not-found',
    `There is no fine-tuning job "${id}". GET /v1/fine_tuning/jobs lists the jobs.`,
    {
      param: 'fine_tuning_job_id',
      details: { fine_tuning_job_id: id },
    },
  );

/**
 * Opens the records of a store.
 * @param keyOf gives the key of the record of a job.
 */
export function createJobRecords(store: ObjectStore, keyOf: (id: string) => string): JobRecords {
  return {
    get: async (id) => (await readJson(store, keyOf(id), JOB_RECORD))?.value,

    async update(id, change, actsFor = () => false) {
      try {
        const updated = await updateJson(store, keyOf(id), JOB_RECORD, (record) => {
          const changed = change(record);
          if (changed === undefined) return undefined;
          assertTransition(record, changed);
          if (record.lease !== null && !actsFor(record.lease)) assertRequest(record, record.lease, changed);
          return changed;
        });
        return updated.value;
      } catch (error) {
        throw isFoveaError(error, 'record-missing') ? jobNotFound(id) : error;
      }
    },
  };
}

function assertTransition(from: JobRecord, to: JobRecord): void {
  if (from.status !== to.status && !canBecome(from.status, to.status)) {
    throw new FoveaError(
      'job-transition',
      `Job "${from.id}" is ${from.status} and cannot become ${to.status}.`,
    );
  }
}

function assertRequest(from: JobRecord, { owner }: Lease, to: JobRecord): void {
  const fields = Object.keys({ ...from, ...to }) as (keyof JobRecord)[];
  const changed = fields.filter(
    (field) => !REQUEST_FIELDS.has(field) && !isDeepStrictEqual(from[field], to[field]),
  );
  if (changed.length === 0) return;
  throw new FoveaError(
    'lease-lost',
    `Attempt "${owner}" holds the lease of job "${from.id}", and it alone may change ${changed.join(', ')}. Others may change ` +
      `${[...REQUEST_FIELDS].join(', ')}.`,
  );
}
