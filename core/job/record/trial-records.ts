// The trials of a sweep that run side by side. Each has a record of its own beside its job's, made like a job's, so that its
// lease, its remedies and what it spends are its alone. What comes of it goes into the job's record.

import { createJson, isUnreadable } from '../../storage/json.ts';
import { keys } from '../../storage/keys.ts';
import { type ObjectStore, PreconditionFailedError } from '../../storage/object-store.ts';
import {
  applyTrial,
  bestTrial,
  type Trial,
  type TrialSettings,
  trialsOf,
  withTrial,
} from '../recipe/sweep.ts';
import { isFinal, JOB_RECORD, type JobRecord, NOTHING_SPENT } from './job.ts';
import type { NewJobEvent } from './job-events.ts';
import { createJobRecords, type JobRecords, NOTHING_DONE } from './job-records.ts';
import type { AttemptJobs, JobStore } from './job-store.ts';
import { LeaseLostError } from './lease.ts';

export interface TrialDeps {
  readonly store: ObjectStore;
  readonly jobs: JobStore;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** A trial as its attempts see it: a job with the trial's settings, whose events are among those of its job. */
export interface OpenTrial extends AttemptJobs {
  readonly settings: TrialSettings;
  /** Puts the result among those of the job, which has the recipe of its best trial so far. */
  addResult(result: Trial): Promise<void>;
  /** Once an attempt is over: adds up what the trials have spent, and ends a job that was to be cancelled. */
  close(): Promise<void>;
}

/**
 * Opens a trial, whose job runs from now on.
 * @param trial from 1.
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
  const isLeft = ({ status, lease, trials }: JobRecord) =>
    !isFinal(status) && lease === null && trials.every((known) => known.trial !== trial);

  const job = await jobs.update(jobId, (record) =>
    isLeft(record) && record.status !== 'running'
      ? { ...record, status: 'running', startedAt: record.startedAt ?? nowSeconds() }
      : undefined,
  );
  const all = job.sweep === null ? [] : trialsOf(job.sweep);
  const settings = all[trial - 1];
  if (settings === undefined) throw new RangeError(`Job "${jobId}" has no trial ${trial}.`);
  if (!isLeft(job)) return undefined;

  const records = recordsOf(store, trial);
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
      return records.update(
        id,
        (held) => change({ ...held, cancelRequested: held.cancelRequested || isCancelled }),
        actsFor,
      );
    },

    appendEvent: (id, event) => jobs.appendEvent(id, toTrialEvent(event, trial, all.length)),

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

/** Brings into a job what its trials have spent so far, also those that were killed; twice is once. */
export async function addTrialSpending(
  { store, jobs }: Pick<TrialDeps, 'store' | 'jobs'>,
  jobId: string,
): Promise<void> {
  const job = await jobs.get(jobId);
  if (job === undefined || job.sweep === null) return;
  const records = await Promise.all(
    trialsOf(job.sweep).map((_, index) =>
      recordsOf(store, index + 1)
        .get(jobId)
        .catch((error: unknown) => {
          // One that is damaged has spent what nobody knows, and the job goes on without it.
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
  // One trainer that has taken over counts on from there.
  await jobs.update(jobId, (parent) =>
    parent.lease === null && parent.spent.seconds < spent.seconds ? { ...parent, spent } : undefined,
  );
}

/** An event among those of the job, saying which trial it is of. */
export const toTrialEvent = (event: NewJobEvent, trial: number, trials: number): NewJobEvent => ({
  ...event,
  message: `Trial ${trial}/${trials}: ${event.message}`,
  data: { ...event.data, trial },
});

const recordsOf = (store: ObjectStore, trial: number): JobRecords =>
  createJobRecords(store, (jobId) => keys.jobTrial(jobId, trial));

/** Side by side, no trial knows what the others spend: each may cost its share. */
const toTrialRecord = (job: JobRecord, settings: TrialSettings, trials: number): JobRecord => ({
  ...applyTrial(job, settings),
  ...NOTHING_DONE,
  status: 'queued',
  maxCostUsd: job.maxCostUsd === null ? null : job.maxCostUsd / trials,
});
