// The trials of a sweep that run side by side, and likewise the shards of a batch prediction. Each has a record beside that of its job, in the same format, with a lease, remedies
// and spending of its own. Its result goes into the job's record.

import { createJson, isUnreadable } from '../../storage/json.ts';
import { keys } from '../../storage/keys.ts';
import { type ObjectStore, PreconditionFailedError } from '../../storage/object-store.ts';
import { applyTrial, bestTrial, type Trial, type TrialSettings, withTrial } from '../recipe/sweep.ts';
import { isAtRest, isFinal, JOB_RECORD, type JobRecord, NOTHING_SPENT } from './job.ts';
import type { NewJobEvent } from './job-events.ts';
import { createJobRecords, type JobRecords, NOTHING_DONE } from './job-records.ts';
import type { AttemptJobs, JobStore } from './job-store.ts';
import { LeaseLostError } from './lease.ts';
import { partsOf } from './parts-of.ts';

/** The object store, the jobs and the clock. */
export interface TrialDeps {
  readonly store: ObjectStore;
  readonly jobs: JobStore;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** A trial as its attempts see it: a job with the settings of the trial. Its events are among those of the job. */
export interface OpenTrial extends AttemptJobs {
  readonly settings: TrialSettings;
  /** Adds the result to the job's record, which also gets the recipe of the best trial so far. */
  addResult(result: Trial): Promise<void>;
  /** Ends an attempt: adds up the spending of all trials, and ends a job whose cancellation was requested. */
  close(): Promise<void>;
}

/**
 * Opens a trial; its job is running from now on.
 * @param trial number of the trial, from 1.
 * @returns undefined where nothing is left to do: the trial or its job is over, or one trainer has taken over all trials.
 * @throws {FoveaError} `job-not-found`.
 */
export async function openTrial(
  deps: TrialDeps,
  jobId: string,
  trial: number,
): Promise<OpenTrial | undefined> {
  const { store, jobs, now } = deps;
  const nowSeconds = () => Math.floor(now() / 1000);
  const isLeft = ({ status, lease, trials, finishRequested }: JobRecord) =>
    !isAtRest(status) &&
    lease === null &&
    !(finishRequested === true && trials.length > 0) &&
    trials.every((known) => known.trial !== trial);

  const job = await jobs.update(jobId, (record) =>
    isLeft(record) && record.status !== 'running'
      ? { ...record, status: 'running', startedAt: record.startedAt ?? nowSeconds() }
      : undefined,
  );
  const all = partsOf(job);
  const settings = all[trial - 1];
  if (settings === undefined) throw new RangeError(`Job "${jobId}" has no trial ${trial}.`);
  if (!isLeft(job)) return undefined;

  const records = trialRecordsOf(store, trial);
  await createJson(
    store,
    keys.jobTrial(jobId, trial),
    JOB_RECORD,
    toTrialRecord(job, settings, all.length),
  ).catch((error: unknown) => {
    if (!(error instanceof PreconditionFailedError)) throw error;
  });
  const record = await records.get(jobId);
  if (record === undefined || isFinal(record.status)) return undefined;

  return {
    settings,

    async update(id, change, actsFor) {
      const parent = await jobs.get(id);
      if (parent !== undefined && parent.lease !== null) throw new LeaseLostError(parent, `trial ${trial}`);
      const isCancelled = parent === undefined || parent.cancelRequested || isFinal(parent.status);
      const pauseRequested = parent?.status === 'paused';
      const finishRequested = parent?.finishRequested === true;
      return records.update(
        id,
        (held) => {
          const asked = {
            ...held,
            cancelRequested: held.cancelRequested || isCancelled,
            pauseRequested,
            finishRequested,
          };
          const changed = change(asked);
          // A trial waits while its job is paused, and goes on with it.
          return changed?.status === 'paused' ? { ...changed, status: 'queued' } : changed;
        },
        actsFor,
      );
    },

    appendEvent: (id, event) =>
      jobs.appendEvent(
        id,
        toTrialEvent(event, trial, all.length, job.prediction === undefined ? 'Trial' : 'Shard'),
      ),

    async addResult(result) {
      const own = await records.get(jobId);
      await jobs.update(jobId, (parent) => {
        if (isFinal(parent.status) || parent.lease !== null) return undefined;
        const trials = withTrial(parent.trials, result);
        const isBest = own !== undefined && bestTrial(trials) === result;
        return { ...parent, trials, ...(isBest ? { resolved: own.resolved } : {}) };
      });
    },

    async close() {
      await addTrialSpending(deps, jobId);
      await jobs.update(jobId, (parent) =>
        parent.cancelRequested && parent.lease === null && !isFinal(parent.status)
          ? { ...parent, status: 'cancelled', finishedAt: nowSeconds() }
          : undefined,
      );
    },
  };
}

/** Copies the spending of all trials, also of killed ones, into the job's record. Doing it twice changes nothing. */
export async function addTrialSpending(
  { store, jobs }: Pick<TrialDeps, 'store' | 'jobs'>,
  jobId: string,
): Promise<void> {
  const job = await jobs.get(jobId);
  if (job === undefined || partsOf(job).length === 0) return;
  const records = await Promise.all(
    partsOf(job).map((_, index) =>
      trialRecordsOf(store, index + 1)
        .get(jobId)
        .catch((error: unknown) => {
          // What a trial with a damaged record has spent is not known, and is not counted.
          if (isUnreadable(error)) return undefined;
          throw error;
        }),
    ),
  );
  const spent = records.reduce(
    (sum, record) => ({
      seconds: sum.seconds + (record?.spent.seconds ?? 0),
      usd: sum.usd + (record?.spent.usd ?? 0),
    }),
    NOTHING_SPENT,
  );
  // A trainer that has taken over all trials continues from this sum.
  await jobs.update(jobId, (parent) =>
    parent.lease === null && parent.spent.seconds < spent.seconds ? { ...parent, spent } : undefined,
  );
}

/** Marks an event with the number of its trial, for the events of the job. */
export const toTrialEvent = (
  event: NewJobEvent,
  trial: number,
  trials: number,
  part: 'Trial' | 'Shard' = 'Trial',
): NewJobEvent => ({
  ...event,
  message: `${part} ${trial}/${trials}: ${event.message}`,
  data: { ...event.data, trial },
});

/** The records of a trial, by job. */
export const trialRecordsOf = (store: ObjectStore, trial: number): JobRecords =>
  createJobRecords(store, (jobId) => keys.jobTrial(jobId, trial));

/** The first record of a trial. No trial knows what the others spend, so each gets an equal share of the limit. */
const toTrialRecord = (job: JobRecord, settings: TrialSettings, trials: number): JobRecord => ({
  ...applyTrial(job, settings),
  ...NOTHING_DONE,
  status: 'queued',
  maxCostUsd: job.maxCostUsd === null ? null : job.maxCostUsd / trials,
});
