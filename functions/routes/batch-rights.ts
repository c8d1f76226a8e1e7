// Which batches the API key of a request may make and see. A batch over a dataset names its pictures, as reports do, and one over all
// uploads tells their ids, which are secrets: both need a higher scope. A key that may only predict sees its own batches alone.

import type { Context } from 'hono';
import { includesScope } from '../../core/api-key/scope.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import type { BatchPrediction } from '../../core/job/record/batch-prediction.ts';
import type { JobRecord } from '../../core/job/record/job.ts';
import { keys } from '../../core/storage/keys.ts';
import type { AppEnv } from '../deps/deps.ts';
import { maySee, requireNamed } from '../http/require-names.ts';
import { DATASET_SCOPE, requireScopeFor } from '../http/require-scope.ts';

/** What of a batch decides who may see it. */
export type BatchScope = Pick<BatchPrediction, 'source' | 'readsDatasets'> &
  Pick<JobRecord, 'model' | 'createdBy'>;

/** The dataset in which all pictures of a batch lie; undefined where it is not sure that there is one. */
const datasetOf = ({ kind, key }: BatchPrediction['source']): string | undefined =>
  kind === 'prefix' && key.startsWith(keys.datasets())
    ? key.slice(keys.datasets().length).split('/')[0] || undefined
    : undefined;

/** Whether the source is a dataset, a file in one, or everybody's uploads. */
const needsFullScope = ({ kind, key }: BatchPrediction['source']): boolean =>
  key.startsWith(keys.datasets()) || (kind === 'prefix' && key.startsWith(keys.uploads()));

/** Whether the key may use pictures of datasets. */
export const mayReadDatasets = (c: Context<AppEnv>): boolean => {
  const key = c.get('apiKey');
  return key === undefined || includesScope(key.scopes, DATASET_SCOPE);
};

/** Whether the key made the batch, or may see those of all keys. */
const isOwn = (c: Context<AppEnv>, { createdBy }: BatchScope): boolean =>
  mayReadDatasets(c) || c.get('apiKey')?.name === createdBy;

/** Whether the key may see a batch. */
export const maySeeBatch = (c: Context<AppEnv>, batch: BatchScope): boolean => {
  const { model, source, readsDatasets = false } = batch;
  const dataset = datasetOf(source);
  const isOutside = dataset === undefined && c.get('apiKey')?.datasets !== undefined;
  const isFull = readsDatasets || needsFullScope(source);
  return maySee(c, { model, dataset }) && !isOutside && (!isFull || mayReadDatasets(c)) && isOwn(c, batch);
};

/**
 * Refuses a batch that the key may not make or see.
 * @throws {FoveaError} `key-limited`, `scope-missing`.
 */
export function requireBatch(c: Context<AppEnv>, batch: BatchScope): void {
  const { model, source, readsDatasets = false } = batch;
  const dataset = datasetOf(source);
  if (readsDatasets || needsFullScope(source) || !isOwn(c, batch)) requireScopeFor(c, DATASET_SCOPE);
  requireNamed(c, { model, dataset });
  if (maySeeBatch(c, batch)) return;
  const key = c.get('apiKey');
  throw new FoveaError(
    'key-limited',
    `The API key "${key?.name}" is limited to some datasets, and this batch is not about one of them alone. Name one of them as input_prefix, ` +
      'or ask the operator of this installation for a key without limits.',
    { param: 'Authorization', details: { key: key?.name } },
  );
}
