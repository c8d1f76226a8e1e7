// Reports what an attempt does: progress in the job's record, events beside it. The same writes renew the lease, and bring
// back the news that the job was cancelled.

import { setMaxListeners } from 'node:events';
import { monotonicMs } from '../../core/clock.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import type { BaseChoice } from '../../core/job/recipe/base-choice.ts';
import type { MemoryRecord } from '../../core/job/recipe/memory-record.ts';
import type { ResolvedRecipe } from '../../core/job/recipe/recipe.ts';
import { type FailedTrial, type Trial, withTrial } from '../../core/job/recipe/sweep.ts';
import type { BatchCounts } from '../../core/job/record/batch-prediction.ts';
import { afterCheckpoint } from '../../core/job/record/furthest.ts';
import type { JobRecord, Progress } from '../../core/job/record/job.ts';
import type { NewJobEvent } from '../../core/job/record/job-events.ts';
import type { AttemptJobs } from '../../core/job/record/job-store.ts';
import { LeaseLostError, updateLeased } from '../../core/job/record/lease.ts';
import { LEASE_MS } from '../../core/job/record/lease-watch.ts';
import { CHECKPOINT_DAYS } from '../../core/storage/keys.ts';
import type { CostMeter } from './cost-meter.ts';

/** The interval of progress reports; a reader sees progress at most two seconds old. */
const REPORT_INTERVAL_MS = 1000;
/** Failed writes are repeated for this long: until the lease has certainly expired. */
const GIVE_UP_MS = LEASE_MS;

/** The record that is reported to, the lease, the clocks, and what may end the attempt. */
export interface JobReporterDeps {
  readonly jobs: AttemptJobs;
  readonly jobId: string;
  readonly owner: string;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Monotonic milliseconds; default: the machine's clock. */
  readonly clock?: () => number;
  readonly terminated: AbortSignal;
  readonly meter: CostMeter;
  /** Whether an earlier attempt has left a checkpoint. */
  readonly isBegun: boolean;
}

/** Tells the job, and everybody who follows it, what the attempt does. */
export interface JobReporter {
  /** Aborted, with a typed reason, when the attempt must end: the job is cancelled, the process must end, or the lease is lost. */
  readonly signal: AbortSignal;
  /** Starts a stage, and forgets the progress of the last one. */
  startStage(stage: Progress['stage'], known?: Partial<Progress>): void;
  /** Adds to the progress of the running stage. */
  update(known: Partial<Progress>): void;
  /** Tells of a checkpoint that was written. Attempts are counted anew from the furthest checkpoint. */
  cameTo(position: readonly number[]): void;
  event(event: NewJobEvent): Promise<void>;
  message(message: string, data?: Record<string, unknown>): Promise<void>;
  warn(message: string, data?: Record<string, unknown>): Promise<void>;
  /** Adds a finished trial of the job's sweep. @throws {LeaseLostError} */
  addTrial(trial: Trial): Promise<void>;
  /** Adds a failed trial. @throws {LeaseLostError} */
  addFailedTrial(trial: FailedTrial): Promise<void>;
  /** Writes the base that was chosen for a job that left it open; from then on it is the job's. @throws {LeaseLostError} */
  setBaseChoice(choice: BaseChoice): Promise<void>;
  /** Writes the job's recipe with every `auto` resolved. @throws {LeaseLostError} */
  setResolved(resolved: ResolvedRecipe): Promise<void>;
  /**
   * Writes the out-of-memory remedies that are taken, and the stage that is tried with them.
   * @param options `isUncounted`: the attempt before does not count, because this one does not repeat it.
   * @throws {LeaseLostError}
   */
  setMemory(memory: MemoryRecord, options?: { readonly isUncounted: boolean }): Promise<void>;
  /**
   * Writes the version that the job's model will have, and so makes sure that the lease still holds.
   * @throws {LeaseLostError}
   */
  setModelVersion(version: string): Promise<void>;
  /** Writes how many pictures of a batch prediction are answered. @throws {LeaseLostError} */
  setBatchCounts(counts: BatchCounts): Promise<void>;
  /** Stops the reporting; nothing is written afterwards. */
  stop(): Promise<void>;
}

/** The reason of an attempt whose job was cancelled. */
export const jobCancelled = () => new FoveaError('job-cancelled', 'The job was cancelled.');
/** The reason of an attempt whose job is to be paused. */
export const jobPaused = () =>
  new FoveaError(
    'job-paused',
    `The job is paused. It goes on from its last checkpoint when it is resumed within ${CHECKPOINT_DAYS} days, and begins anew after that.`,
  );

/** The stages before the first that trains weights. */
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

/**
 * Reports on one attempt until stopped: writes progress every second, and aborts {@link JobReporter.signal} where the
 * attempt must end.
 */
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
  // Every storage call of a batch of pictures listens to this signal, which Node would warn of.
  setMaxListeners(0, controller.signal);
  let progress: Progress = { ...EMPTY_PROGRESS, stage: 'validating' };
  let checkpoint: readonly number[] | undefined;
  let lastWrittenMs = clock();
  let writing: Promise<void> | undefined;

  const onTerminated = () =>
    controller.abort(new FoveaError('trainer-terminated', 'The machine told the trainer to stop.'));
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
      if (job.finishRequested === true) meter.finish();
      if (job.cancelRequested) controller.abort(jobCancelled());
      else if (job.pauseRequested === true) controller.abort(jobPaused());
      // Later stages end training themselves and keep its weights; before them there is nothing to keep.
      else if (PREPARING.has(progress.stage) && !isBegun && job.trials.length === 0 && meter.isBudgetSpent())
        controller.abort(budgetSpent(job));
    } catch (error) {
      // A store may fail for a moment. Where it fails until the lease has expired, the attempt ends.
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
    ...eventWriter(jobs, jobId),
    ...recordWriter((change) => updateLeased({ jobs, now }, jobId, owner, change)),
    async stop() {
      clearInterval(timer);
      terminated.removeEventListener('abort', onTerminated);
      await writing;
    },
  };
}

const eventWriter = (jobs: AttemptJobs, jobId: string): Pick<JobReporter, 'event' | 'message' | 'warn'> => ({
  async event(event) {
    await jobs.appendEvent(jobId, event);
  },
  async message(message, data) {
    await jobs.appendEvent(jobId, { level: 'info', type: 'message', message, data: data ?? null });
  },
  async warn(message, data) {
    await jobs.appendEvent(jobId, { level: 'warn', type: 'message', message, data: data ?? null });
  },
});

type RecordWriter = Pick<
  JobReporter,
  | 'addTrial'
  | 'addFailedTrial'
  | 'setBaseChoice'
  | 'setResolved'
  | 'setMemory'
  | 'setModelVersion'
  | 'setBatchCounts'
>;

/** @param update changes the record while the lease holds. */
const recordWriter = (
  update: (change: (held: JobRecord) => JobRecord) => Promise<JobRecord>,
): RecordWriter => ({
  async addTrial(trial) {
    await update((held) => ({ ...held, trials: withTrial(held.trials, trial) }));
  },
  async addFailedTrial(trial) {
    await update((held) => ({ ...held, failedTrials: withTrial(held.failedTrials, trial) }));
  },
  async setBaseChoice(baseChoice) {
    await update((held) => ({ ...held, architecture: baseChoice.architecture, baseChoice }));
  },
  async setResolved(resolved) {
    await update((held) => ({ ...held, resolved }));
  },
  async setMemory(memory, { isUncounted } = { isUncounted: false }) {
    await update((held) => ({ ...held, memory, attempts: held.attempts - (isUncounted ? 1 : 0) }));
  },
  async setModelVersion(modelVersion) {
    await update((held) => ({ ...held, modelVersion }));
  },
  async setBatchCounts(counts) {
    await update(({ prediction, ...held }) =>
      prediction === undefined ? held : { ...held, prediction: { ...prediction, counts } },
    );
  },
});
