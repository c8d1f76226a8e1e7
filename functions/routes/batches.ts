// Batch predictions over HTTP: create, list, get, cancel, delete. A batch is a job, which the queues of jobs carry.

import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import {
  BatchDryRunSchema,
  BatchIdSchema,
  BatchListSchema,
  BatchSchema,
  CreateBatchSchema,
  DeleteBatchQuerySchema,
  DeletedBatchSchema,
  toWireBatch,
  type WireBatch,
} from '../../api/batch.ts';
import { IdempotencyHeadersSchema } from '../../api/idempotency-key.ts';
import { PageQuerySchema } from '../../api/pagination.ts';
import { batchCounts } from '../../core/batch-prediction/batch-counts.ts';
import { readEvaluation } from '../../core/batch-prediction/evaluation.ts';
import { inputInvalid } from '../../core/batch-prediction/input-key.ts';
import { mapConcurrently } from '../../core/concurrently.ts';
import { eraseInputs } from '../../core/erasure/erase-inputs.ts';
import type { ErrorCode } from '../../core/errors/error-codes.ts';
import { FoveaError, isFoveaError } from '../../core/errors/errors.ts';
import { createFileStore } from '../../core/file/file-store.ts';
import { cancelJob } from '../../core/job/queues/job-queue.ts';
import type { BatchPrediction } from '../../core/job/record/batch-prediction.ts';
import { isFinal, type JobRecord } from '../../core/job/record/job.ts';
import { present } from '../../core/present.ts';
import { keys } from '../../core/storage/keys.ts';
import { batchDays } from '../../core/storage/retention.ts';
import type { AppDeps, AppEnv } from '../deps/deps.ts';
import { createRoutes } from '../http/app-routes.ts';
import { createRoute } from '../http/create-route.ts';
import {
  errorResponses,
  IDEMPOTENCY_ERRORS,
  JSON_ERRORS,
  MODEL_ERRORS,
  WRITE_ERRORS,
} from '../http/error-responses.ts';
import { madeBefore, noteMade } from '../http/idempotent.ts';
import { describeBody, jsonBody } from '../http/json-body.ts';
import { OPERATION_SCOPES } from '../http/operation-scopes.ts';
import { readJsonBody } from '../http/read-json.ts';
import { requireNamed } from '../http/require-names.ts';
import { requireScopeFor } from '../http/require-scope.ts';
import { type BatchScope, mayReadDatasets, maySeeBatch, requireBatch } from './batch-rights.ts';
import { findFile } from './file-rights.ts';
import { createNewBatch } from './new-batch.ts';
import type { RouteDeps } from './route-deps.ts';
import { submitForModel } from './submit-for-model.ts';

const TAGS = ['Batches'];
const batchResponse = (description: string) => ({
  description,
  content: { 'application/json': { schema: BatchSchema } },
});

/** What a route answers that makes a batch. */
export const MADE_BATCH = {
  description: 'The batch, or with `dry_run` what it would take.',
  content: { 'application/json': { schema: z.union([BatchSchema, BatchDryRunSchema]) } },
};
/** Errors of routes that make a batch. */
export const MAKE_BATCH_ERRORS: readonly ErrorCode[] = [
  ...JSON_ERRORS,
  ...WRITE_ERRORS,
  ...MODEL_ERRORS,
  ...IDEMPOTENCY_ERRORS,
  'batch-input-invalid',
  'model-in-use',
  'dataset-in-use',
  'queue-unavailable',
  'quota-exceeded',
];

const createBatch = createRoute({
  operationId: 'createBatch',
  method: 'post',
  path: '/v1/batches',
  tags: TAGS,
  summary: 'Predict many pictures in the background',
  description:
    'Predicts every picture below a prefix of the store, or those that a JSONL file lists. The list is settled by this request; the answers ' +
    'are those of `/predict`, one line for each picture. With `dry_run`, counts the pictures and says what they would take.',
  request: { headers: IdempotencyHeadersSchema, body: jsonBody('CreateBatch') },
  responses: {
    200: MADE_BATCH,
    ...errorResponses(...MAKE_BATCH_ERRORS, 'file-not-found'),
  },
});

const listBatches = createRoute({
  operationId: 'listBatches',
  method: 'get',
  path: '/v1/batches',
  tags: TAGS,
  summary: 'List batches, newest first',
  description: 'A key that may only predict sees the batches that it made, here and everywhere.',
  request: { query: PageQuerySchema },
  responses: {
    200: { description: 'One page.', content: { 'application/json': { schema: BatchListSchema } } },
    ...errorResponses(),
  },
});

const getBatch = createRoute({
  operationId: 'getBatch',
  method: 'get',
  path: '/v1/batches/{batch_id}',
  tags: TAGS,
  summary: 'Get a batch with its progress',
  request: { params: BatchIdSchema },
  responses: { 200: batchResponse('The batch.'), ...errorResponses('batch-not-found', 'record-invalid') },
});

const cancelBatch = createRoute({
  operationId: 'cancelBatch',
  method: 'post',
  path: '/v1/batches/{batch_id}/cancel',
  tags: TAGS,
  summary: 'Cancel a batch',
  description:
    'One that waits is cancelled at once; a running one stops within seconds. What was answered by then can be downloaded.',
  request: { params: BatchIdSchema },
  responses: {
    200: batchResponse('The batch.'),
    ...errorResponses('batch-not-found', 'job-finished', 'record-contended', 'queue-unavailable'),
  },
});

const deleteBatch = createRoute({
  operationId: 'deleteBatch',
  method: 'delete',
  path: '/v1/batches/{batch_id}',
  tags: TAGS,
  summary: 'Delete a batch with its results',
  description:
    'For good, with all versions that a bucket keeps. The pictures themselves stay, unless `delete_inputs` names those below `inputs/`. A batch that ' +
    'is not over is refused: cancel it first.',
  request: { params: BatchIdSchema, query: DeleteBatchQuerySchema },
  responses: {
    200: { description: 'It is gone.', content: { 'application/json': { schema: DeletedBatchSchema } } },
    ...errorResponses(
      'batch-not-found',
      'batch-unfinished',
      'file-in-use',
      'storage-link-refused',
      ...WRITE_ERRORS,
    ),
  },
});

/** The routes of batch predictions. */
export function batchRoutes(deps: RouteDeps) {
  const { store, jobs, limits } = deps;
  const routes = createRoutes();
  describeBody(routes, CreateBatchSchema);
  const toWire = (found: FoundBatch) => toWireOf(deps, found);

  routes.openapi(createBatch, async (c) => {
    const request = await readJsonBody(c, CreateBatchSchema, limits.jsonBodyBytes);
    return c.json(await makeBatch(deps, c, request), 200);
  });

  routes.openapi(listBatches, async (c) => {
    const matches = ({ model, createdBy, prediction }: JobRecord) =>
      prediction !== undefined && maySeeBatch(c, { ...prediction, model, createdBy });
    const page = await jobs.list({ ...c.req.valid('query'), kind: 'batch', matches });
    const data = await mapConcurrently(page.jobs.map(toFound), toWire);
    return c.json({ object: 'list' as const, data, has_more: page.hasMore }, 200);
  });

  routes.openapi(getBatch, async (c) => {
    const found = await findBatch(deps, c, c.req.valid('param').batch_id);
    await jobs.confirmOpen(found.record);
    await deps.queue
      .review?.(found.record)
      .catch((error: unknown) =>
        deps.logger.warn('a waiting batch was not reviewed', { batch_id: found.record.id, error }),
      );
    return c.json(await toWire(found), 200);
  });

  routes.openapi(cancelBatch, async (c) => {
    const { record } = await findBatch(deps, c, c.req.valid('param').batch_id);
    const cancelled = await cancelJob(deps, record.id).catch(async (error: unknown) => {
      if (!isFoveaError(error, 'job-finished')) throw error;
      const { status } = await toWire(await findBatch(deps, c, record.id));
      throw new FoveaError(
        'job-finished',
        `Batch "${record.id}" is over (${status}) and cannot be cancelled.`,
        {
          param: 'batch_id',
        },
      );
    });
    return c.json(await toWire(toFound(cancelled)), 200);
  });

  routes.openapi(deleteBatch, async (c) => {
    const { batch_id: id } = c.req.valid('param');
    const takesInputs = c.req.valid('query').delete_inputs === 'true';
    if (takesInputs) requireScopeFor(c, OPERATION_SCOPES.deleteDatasetFiles);
    const { record, batch } = await findBatch(deps, c, id);
    if (!isFinal(record.status)) throw unfinished(id, 'deleted');
    // While the batch still says which they are.
    const inputs_deleted = takesInputs ? await eraseInputs(deps, { id, prediction: batch }) : 0;
    // The record goes first: what is left without it is nobody's, and goes with the rest when this is asked for again or expires.
    await store.erase(keys.job(id));
    await store.eraseAll(keys.jobFiles(id));
    return c.json({ id, object: 'batch' as const, deleted: true as const, inputs_deleted }, 200);
  });

  return routes;
}

/**
 * Makes a batch and submits it, within what the key of the request allows.
 * @param judge finds the pictures where the batch judges the version.
 * @returns the answer: the batch, or for a dry run what it would take.
 * @throws {FoveaError} as {@link createNewBatch} and {@link submitForModel}; `quota-exceeded`.
 */
export async function makeBatch(
  deps: RouteDeps,
  c: Context<AppEnv>,
  request: Parameters<typeof createNewBatch>[1],
  judge?: Parameters<typeof createNewBatch>[4],
): Promise<WireBatch | z.infer<typeof BatchDryRunSchema>> {
  const before = await madeBefore(c);
  if (before !== undefined)
    return toWireOf(deps, await findBatch(deps, c, present(before['batch_id'], 'the id of a batch')));
  const { usage, reserveQuota } = deps;
  const key = c.get('apiKey');
  const rights = {
    mayReadDatasets: mayReadDatasets(c),
    requireModel: (model: string) => requireNamed(c, { model }),
    requireFile: async (id: string) => {
      const { purpose } = await findFile(createFileStore(deps), c, id, 'input_file_id');
      if (purpose === 'batch') return;
      throw inputInvalid(
        `The file "${id}" has the purpose "${purpose}". Send the list of pictures with the purpose "batch".`,
        'input_file_id',
      );
    },
    require: (batch: BatchScope) => requireBatch(c, { ...batch, createdBy: key?.name }),
    // All at once, and when the batch is made: batches that wait would each find the quota unused.
    async count({ model, pictures }: { readonly model: string; readonly pictures: number }) {
      const giveBack = key && (await reserveQuota?.(key, pictures));
      const written = usage?.count({ key: key?.name ?? null, model, predictions: pictures });
      giveBack?.();
      await written;
    },
  };
  const made = await createNewBatch(deps, request, rights, c.req.raw.signal, judge);
  if ('dryRun' in made) return made.dryRun;
  const job = { ...made.job, createdBy: key?.name };
  const submitted = await submitForModel(deps, job, { id: made.id, start: made.start });
  noteMade(c, { batch_id: submitted.id });
  return toWireOf(deps, toFound(submitted));
}

async function toWireOf({ store, keepDays }: AppDeps, { record, batch }: FoundBatch): Promise<WireBatch> {
  const isJudged = batch.evaluation !== undefined && record.status === 'succeeded';
  return toWireBatch(record, batch, await batchCounts(store, record, batch), {
    evaluation: isJudged ? await readEvaluation(store, record.id) : undefined,
    keptDays: batchDays(keepDays),
  });
}

/** A record that is that of a batch. */
export interface FoundBatch {
  readonly record: JobRecord;
  readonly batch: BatchPrediction;
}

function toFound(record: JobRecord): FoundBatch {
  if (record.prediction === undefined) throw new TypeError(`"${record.id}" is no batch prediction.`);
  return { record, batch: record.prediction };
}

/** The batch of an id. @throws {FoveaError} `batch-not-found`; `key-limited`, `scope-missing` where the key may not see it. */
export async function findBatch(
  { jobs }: Pick<AppDeps, 'jobs'>,
  c: Context<AppEnv>,
  id: string,
): Promise<FoundBatch> {
  const record = await jobs.get(id);
  if (record === undefined)
    throw new FoveaError('batch-not-found', `There is no batch "${id}". GET /v1/batches lists the batches.`, {
      param: 'batch_id',
    });
  const found = toFound(record);
  requireBatch(c, { ...found.batch, model: record.model, createdBy: record.createdBy });
  return found;
}

/** The error `batch-unfinished`. */
export const unfinished = (id: string, wanted: string): FoveaError =>
  new FoveaError(
    'batch-unfinished',
    `Batch "${id}" is not over, and cannot be ${wanted} yet. Wait for its end, or cancel it (POST /v1/batches/${id}/cancel).`,
    { param: 'batch_id' },
  );
