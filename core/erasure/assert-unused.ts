// Refuses changes of a dataset that a job or a batch is using: it would train on other pictures than it has inspected, or miss those that
// it has listed.

import { FoveaError } from '../errors/errors.ts';
import { mayReadDataset } from '../job/record/batch-prediction.ts';
import type { JobStore } from '../job/record/job-store.ts';

/** Jobs and batches that the message names at most. */
const MOST_NAMED = 5;

/**
 * Refuses a dataset that has jobs or batches which are not over.
 * @throws {FoveaError} `dataset-in-use`, naming them.
 */
export async function assertUnused(jobs: Pick<JobStore, 'open'>, dataset: string): Promise<void> {
  const used: { readonly jobs: string[]; readonly batches: string[] } = { jobs: [], batches: [] };
  for await (const { id, dataset: trained, prediction } of jobs.open()) {
    if (prediction === undefined && trained === dataset) used.jobs.push(id);
    if (prediction !== undefined && mayReadDataset(prediction, dataset)) used.batches.push(id);
  }
  const named = [...used.jobs.map((id) => `job "${id}"`), ...used.batches.map((id) => `batch "${id}"`)];
  if (named.length === 0) return;
  const shown = named.slice(0, MOST_NAMED).join(', ');
  const more =
    named.length > MOST_NAMED
      ? ` and ${named.length - MOST_NAMED} more are`
      : named.length > 1
        ? ' are'
        : ' is';
  throw new FoveaError(
    'dataset-in-use',
    `The dataset "${dataset}" cannot be changed so: ${shown}${more} not over. Wait for the end, or cancel.`,
    { param: 'dataset', details: { dataset, ...used } },
  );
}
