// Makes fine-tuning jobs like any other, runs one, and gives the report of its model.

import { runJob } from '../../batch-job/run-job.ts';
import { cacheDirectory } from '../../core/cache-directory.ts';
import { RecipeSchema } from '../../core/job/recipe/recipe.ts';
import type { JobRecord } from '../../core/job/record/job.ts';
import { createJobStore, type JobStore, type NewJob } from '../../core/job/record/job-store.ts';
import { REPORT, REPORT_FILE, type Report } from '../../core/model/report.ts';
import { readJson } from '../../core/storage/json.ts';
import { keys } from '../../core/storage/keys.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';

/** The shares of the splits in every job. */
export const SPLIT = { train: 0.75, validation: 0.15, test: 0.1 };

/** What to fine-tune, and with which recipe. */
export interface FineTuneRequest extends Pick<NewJob, 'architecture' | 'dataset' | 'model' | 'seed'> {
  readonly recipe: unknown;
  /** Default: all `auto`. */
  readonly hyperparameters?: Partial<NewJob['hyperparameters']>;
  readonly weightsDir: string;
}

/** Stores a new job. */
export const createJob = (
  jobs: JobStore,
  { recipe, hyperparameters, ...asked }: Omit<FineTuneRequest, 'weightsDir'>,
): Promise<JobRecord> =>
  jobs.create({
    ...asked,
    hyperparameters: {
      n_epochs: 'auto',
      batch_size: 'auto',
      learning_rate_multiplier: 'auto',
      ...hyperparameters,
    },
    recipe: RecipeSchema.parse(recipe),
    sweep: null,
    split: SPLIT,
    splitSnapshot: null,
    backend: 'auto',
    metadata: {},
    maxCostUsd: null,
  });

/**
 * The report of a job's model.
 * @throws {Error} where the job did not succeed.
 */
export async function readReport(store: ObjectStore, job: JobRecord | undefined): Promise<Report> {
  if (job?.status !== 'succeeded') throw new Error(`The job ${job?.status}: ${job?.error?.message}`);
  const key = keys.modelFile(job.model, job.modelVersion ?? '1', REPORT_FILE);
  const report = await readJson(store, key, REPORT);
  if (report === undefined) throw new Error(`There is no ${key}.`);
  return report.value;
}

/**
 * Runs one fine-tuning job in this process, and gives the report of its model.
 * @throws {Error} where the job does not succeed.
 */
export async function fineTune(
  store: ObjectStore,
  { weightsDir, ...request }: FineTuneRequest,
): Promise<Report> {
  const jobs = createJobStore({ store, now: Date.now });
  const { id } = await createJob(jobs, request);
  await runJob(
    {
      store,
      jobs,
      now: Date.now,
      weightsDir,
      cacheDirectory: cacheDirectory(process.env),
      terminated: new AbortController().signal,
      onUnexpectedError: (error) => console.error(error),
    },
    id,
  );
  return readReport(store, await jobs.get(id));
}
