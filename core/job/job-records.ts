// Records of jobs in an object store, changed by compare-and-swap. The state machine of job.ts is enforced here, for every
// writer.

import { FoveaError, isFoveaError } from '../errors.ts';
import { readJson, updateJson } from '../storage/json.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { canBecome, JOB_RECORD, type JobRecord, NOTHING_SPENT } from './job.ts';
import { NO_MEMORY_RECORD } from './savings.ts';

export interface JobRecords {
  get(id: string): Promise<JobRecord | undefined>;
  /**
   * Changes a record by compare-and-swap; `change` may run several times, and returns undefined to leave it be.
   * @throws {FoveaError} `job-not-found`; `job-transition` for a change of status that the state machine forbids.
   */
  update(id: string, change: (record: JobRecord) => JobRecord | undefined): Promise<JobRecord>;
}

/** What a record says before the first attempt. */
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
  progress: null,
  error: null,
  result: null,
} satisfies Partial<JobRecord>;

export const jobNotFound = (id: string) =>
  new FoveaError(
    'job-not-found',
    `There is no fine-tuning job "${id}". GET /v1/fine_tuning/jobs lists the jobs.`,
    {
      param: 'fine_tuning_job_id',
    },
  );

/** @param keyOf the key of a job's record. */
export function createJobRecords(store: ObjectStore, keyOf: (id: string) => string): JobRecords {
  return {
    get: async (id) => (await readJson(store, keyOf(id), JOB_RECORD))?.value,

    async update(id, change) {
      try {
        const updated = await updateJson(store, keyOf(id), JOB_RECORD, (record) => {
          const changed = change(record);
          if (changed !== undefined) assertTransition(record, changed);
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
