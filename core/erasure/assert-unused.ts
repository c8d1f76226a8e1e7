// Refuses changes of a dataset that a job is using: it would train on other pictures than it has inspected.

import { FoveaError } from '../errors/errors.ts';
import type { JobStore } from '../job/record/job-store.ts';

/**
 * Refuses a dataset that has jobs which are not over.
 * @throws {FoveaError} `dataset-in-use`, naming them.
 */
export async function assertUnused(jobs: Pick<JobStore, 'open'>, dataset: string): Promise<void> {
  const ids: string[] = [];
  for await (const job of jobs.open()) if (job.dataset === dataset) ids.push(job.id);
  if (ids.length === 0) return;
  throw new FoveaError(
    'dataset-in-use',
    `The dataset "${dataset}" cannot be changed so: ${ids.length === 1 ? `job "${ids[0]}" is` : `${ids.length} jobs are`} not over. Wait for the end, or cancel.`,
    { param: 'dataset', details: { dataset, jobs: ids } },
  );
}
