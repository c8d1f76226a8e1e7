// Keeps API keys that are limited to some datasets or models from all others.

import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import { allowsName } from '../../core/api-key/allows-name.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import type { AppEnv } from '../deps/deps.ts';
import { noteTarget } from './audit-requests.ts';
import type { OperationId } from './operation-scopes.ts';

/**
 * Operations whose paths name neither dataset nor model nor job, and that limited keys may use: they show no data, or their handlers
 * leave out or refuse what the key may not see. All others refuse limited keys.
 */
const CHECKED_BY_HANDLER: ReadonlySet<OperationId> = new Set([
  'getCurrentKey',
  'listArchitectures',
  'createPlan',
  'listModels',
  'importModel',
  'listDatasets',
  'createPredictionFeedback',
  'createUpload',
  'addUploadPart',
  'completeUpload',
  'cancelUpload',
  'createFile',
  'listFiles',
  'getFile',
  'getFileContent',
  'deleteFile',
  'createBatch',
  'listBatches',
  'getBatch',
  'cancelBatch',
  'deleteBatch',
  'getBatchResults',
  'listNextToLabel',
  'createFineTuningJob',
  'listFineTuningJobs',
]);

/** Whether the key of a request is limited to some datasets or models. */
export function isLimited(c: Context<AppEnv>): boolean {
  const { datasets, models } = c.get('apiKey') ?? {};
  return datasets !== undefined || models !== undefined;
}

/** What a request works on. */
export interface Named {
  readonly dataset?: string | undefined;
  readonly model?: string | undefined;
}

/** Whether the key of a request may see these. */
export function maySee(c: Context<AppEnv>, { dataset, model }: Named): boolean {
  const { datasets, models } = c.get('apiKey') ?? {};
  return (
    (dataset === undefined || allowsName(datasets, dataset)) &&
    (model === undefined || allowsName(models, model))
  );
}

/**
 * For handlers whose body names a dataset or a model. Notes them for the audit log.
 * @throws {FoveaError} `key-limited`.
 */
export function requireNamed(c: Context<AppEnv>, { dataset, model }: Named): void {
  const named = { dataset, model };
  noteTarget(c, named);
  if (maySee(c, named)) return;
  const key = c.get('apiKey');
  const isDataset = dataset !== undefined && !allowsName(key?.datasets, dataset);
  throw new FoveaError(
    'key-limited',
    `The API key "${key?.name}" may not use the ${isDataset ? `dataset "${dataset}"` : `model "${model}"`}. ` +
      'Ask the operator of this installation for a key that may.',
    { param: 'Authorization', details: { key: key?.name, ...(isDataset ? { dataset } : { model }) } },
  );
}

/**
 * Middleware of one operation: checks the dataset and the model in its path, and those of a job in its path.
 * @param operation `undefined` for a route that is none: one whose path names nothing refuses limited keys.
 * @throws {FoveaError} `key-limited`, answered with 403.
 */
export function requireNames(operation: OperationId | undefined) {
  return createMiddleware<AppEnv>(async (c, next) => {
    if (isLimited(c)) {
      const {
        dataset,
        model,
        fine_tuning_job_id: job,
      } = c.req.param() as Readonly<Partial<Record<string, string>>>;
      const isChecked = operation !== undefined && CHECKED_BY_HANDLER.has(operation);
      if ((dataset ?? model ?? job) === undefined && !isChecked)
        throw new FoveaError(
          'key-limited',
          `The API key "${c.get('apiKey')?.name}" is limited to some datasets or models, and this request is about all of them. Ask the operator of ` +
            'this installation for a key without limits.',
          { param: 'Authorization', details: { key: c.get('apiKey')?.name } },
        );
      // A version may follow the name of a model.
      requireNamed(c, { dataset, model: model?.split(':')[0] });
      const record = job === undefined ? undefined : await c.get('jobs').get(job);
      if (record !== undefined) requireNamed(c, record);
    }
    await next();
  });
}
