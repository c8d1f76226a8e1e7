// What an attempt tells the world while it works: progress in the job's record, events beside it. The same writes renew
// the lease and bring back the news that the job was cancelled.

import { setMaxListeners } from 'node:events';
import { monotonicMs } from '../../core/clock.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import type { MemoryRecord } from '../../core/job/recipe/memory-record.ts';
import type { ResolvedRecipe } from '../../core/job/recipe/recipe.ts';
import { type FailedTrial, type Trial, withTrial } from '../../core/job/recipe/sweep.ts';
import { afterCheckpoint } from '../../core/job/record/furthest.ts';
import type { JobRecord, Progress } from '../../core/job/record/job.ts';
import type { NewJobEvent } from '../../core/job/record/job-events.ts';
import type { AttemptJobs } from '../../core/job/record/job-store.ts';
import { LeaseLostError, updateLeased } from '../../core/job/record/lease.ts';
import { LEASE_MS } from '../../core/job/record/lease-watch.ts';
import type { CostMeter } from './cost-meter.ts';

/** Progress is written this often; a reader sees it at most two seconds old. */
const REPORT_INTERVAL_MS = 1000;
/** Failed writes are tried again until the lease has run out for certain. */
const GIVE_UP_MS = LEASE_MS;

export interface JobReporterDeps {
  readonly jobs: AttemptJobs;
  readonly jobId: string;
  readonly owner: string;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Monotonic, in milliseconds; left out, the machine's. */
  readonly clock?: () => number;
  readonly terminated: AbortSignal;
  readonly meter: CostMeter;
  /** Whether an earlier attempt has left something to make a model of. */
  readonly isBegun: boolean;
}

export interface JobReporter {
  /** Aborted, with a typed reason, when the attempt must end: cancelled, told to go, or its lease lost. */
  readonly signal: AbortSignal;
  /** Starts a stage, with everything that belongs to the last one forgotten. */
  startStage(stage: Progress['stage'], known?: Partial<Progress>): void;
  /** Adds to what is known of the running stage. */
  update(known: Partial<Progress>): void;
  /** Tells of a checkpoint that is written: attempts are counted anew from the furthest. */
  cameTo(position: readonly number[]): void;
  event(event: NewJobEvent): Promise<void>;
  message(message: string, data?: Record<string, unknown>): Promise<void>;
  warn(message: string, data?: Record<string, unknown>): Promise<void>;
  /** Adds a finished trial of the job's sweep. @throws {LeaseLostError} */
  addTrial(trial: Trial): Promise<void>;
  /** Adds one that came to nothing. @throws {LeaseLostError} */
  addFailedTrial(trial: FailedTrial): Promise<void>;
  /** Writes what the job's recipe came to. @throws {LeaseLostError} */
  setResolved(resolved: ResolvedRecipe): Promise<void>;
  /**
   * Writes what is given up for want of memory, and what is being tried.
   * @param options `isUncounted`: the attempt before does not count, as this one does not repeat it.
   * @throws {LeaseLostError}
   */
  setMemory(memory: MemoryRecord, options?: { readonly isUncounted: boolean }): Promise<void>;
  /**
   * Writes the version that the job's model will have, and so makes sure that the lease still holds.
   * @throws {LeaseLostError}
   */
  setModelVersion(version: string): Promise<void>;
  /** Ends the reporting; nothing is written afterwards. */
  stop(): Promise<void>;
}

/** Stages before the first that makes weights. */
const PREPARING: ReadonlySet<Progress['stage']> = new Set(['validating', 'weights', 'features']);

const budgetSpent = ({ maxCostUsd }: JobRecord) =>
  new FoveaError(
    'budget-spent',
    `The budget of US$ ${maxCostUsd} was spent before training began, so there is no model. Raise max_cost_usd, or train ` +
      'on fewer pictures.',
    { param: 'max_cost_usd' },
  );

const EMPTY_PROGRESS: Omit<Progress, 'stage'> = {
  trial: null,
  trials: null,
  epoch: null,
  epochs: null,
  step: null,
  steps: null,
  loss: null,
  accuracy: null,
  imagesPerSecond: null,
  secondsLeft: null,
  rssBytes: null,
};

/** Reports on one attempt until stopped. */
export function createJobReporter({
  jobs,
  jobId,
  owner,
  now,
  clock = monotonicMs,
  terminated,
  meter,
  isBegun,
}: JobReporterDeps): JobReporter {
  const controller = new AbortController();
  // Every storage call of a batch of pictures listens to it.
  setMaxListeners(0, controller.signal);
  let progress: Progress = { ...EMPTY_PROGRESS, stage: 'validating' };
  let checkpoint: readonly number[] | undefined;
  let lastWrittenMs = clock();
  let writing: Promise<void> | undefined;

  const onTerminated = () =>
    controller.abort(
      new FoveaError('trainer-terminated', 'The trainer was told to stop by the machine it runs on.'),
    );
  if (terminated.aborted) onTerminated();
  else terminated.addEventListener('abort', onTerminated, { once: true });

  async function write(): Promise<void> {
    try {
      const job = await updateLeased({ jobs, now }, jobId, owner, (held) => ({
        ...held,
        spent: meter.spent(),
        ...(checkpoint === undefined ? {} : { furthest: afterCheckpoint(held, checkpoint) }),
        progress: { ...progress, rssBytes: process.memoryUsage.rss() },
      }));
      lastWrittenMs = clock();
      if (job.cancelRequested) controller.abort(new FoveaError('job-cancelled', 'The job was cancelled.'));
      // Training ends by itself and keeps what it has; before the first there is nothing to keep.
      else if (PREPARING.has(progress.stage) && !isBegun && job.trials.length === 0 && meter.isBudgetSpent())
        controller.abort(budgetSpent(job));
    } catch (error) {
      // A store that fails for a moment costs nothing; one that fails for as long as the lease lasts costs the lease.
      if (error instanceof LeaseLostError || clock() - lastWrittenMs > GIVE_UP_MS) controller.abort(error);
    }
  }

  const timer = setInterval(() => {
    writing ??= write().finally(() => {
      writing = undefined;
    });
  }, REPORT_INTERVAL_MS);

  return {
    signal: controller.signal,
    startStage(stage, known = {}) {
      progress = { ...EMPTY_PROGRESS, ...known, stage };
    },
    update(known) {
      progress = { ...progress, ...known };
    },
    cameTo(position) {
      checkpoint = position;
    },
    async event(event) {
      await jobs.appendEvent(jobId, event);
    },
    async message(message, data) {
      await jobs.appendEvent(jobId, { level: 'info', type: 'message', message, data: data ?? null });
    },
    async warn(message, data) {
      await jobs.appendEvent(jobId, { level: 'warn', type: 'message', message, data: data ?? null });
    },
    async addTrial(trial) {
      await updateLeased({ jobs, now }, jobId, owner, (held) => ({
        ...held,
        trials: withTrial(held.trials, trial),
      }));
    },
    async addFailedTrial(trial) {
      await updateLeased({ jobs, now }, jobId, owner, (held) => ({
        ...held,
        failedTrials: withTrial(held.failedTrials, trial),
      }));
    },
    async setResolved(resolved) {
      await updateLeased({ jobs, now }, jobId, owner, (held) => ({ ...held, resolved }));
    },
    async setMemory(memory, { isUncounted } = { isUncounted: false }) {
      await updateLeased({ jobs, now }, jobId, owner, (held) => ({
        ...held,
        memory,
        attempts: held.attempts - (isUncounted ? 1 : 0),
      }));
    },
    async setModelVersion(modelVersion) {
      await updateLeased({ jobs, now }, jobId, owner, (held) => ({ ...held, modelVersion }));
    },
    async stop() {
      clearInterval(timer);
      terminated.removeEventListener('abort', onTerminated);
      await writing;
    },
  };
}
