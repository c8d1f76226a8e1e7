// The checkpoints of a job: their list, and making a model of one.

import {
  CheckpointListSchema,
  CheckpointParamSchema,
  toCheckpointSequence,
  toWireCheckpoint,
} from '../../api/checkpoint.ts';
import { IdempotencyHeadersSchema } from '../../api/idempotency-key.ts';
import { JobSchema, toWireJob } from '../../api/job.ts';
import { JobIdSchema } from '../../api/job-id.ts';
import { PageQuerySchema, toIdPage } from '../../api/pagination.ts';
import { jobOfCheckpoint } from '../../core/job/checkpoints/export-checkpoint.ts';
import { listCheckpoints } from '../../core/job/checkpoints/list-checkpoints.ts';
import { jobNotFound } from '../../core/job/record/job-records.ts';
import { present } from '../../core/present.ts';
import { takePage } from '../../core/storage/take-page.ts';
import type { AppDeps } from '../deps/deps.ts';
import { createRoutes } from '../http/app-routes.ts';
import { createRoute } from '../http/create-route.ts';
import { errorResponses, IDEMPOTENCY_ERRORS, WRITE_ERRORS } from '../http/error-responses.ts';
import { madeBefore, noteMade } from '../http/idempotent.ts';
import { submitForModel } from './submit-for-model.ts';

const TAGS = ['Fine-tuning'];

const list = createRoute({
  operationId: 'listFineTuningJobCheckpoints',
  method: 'get',
  path: '/v1/fine_tuning/jobs/{fine_tuning_job_id}/checkpoints',
  tags: TAGS,
  summary: 'List the checkpoints of a job',
  description:
    'Those that are kept: the newest few, until the job is over. A head that is solved exactly has none. Those of trials are not listed.',
  request: { params: JobIdSchema, query: PageQuerySchema },
  responses: {
    200: {
      description: 'One page, newest first.',
      content: { 'application/json': { schema: CheckpointListSchema } },
    },
    ...errorResponses('job-not-found', 'record-invalid'),
  },
});

const toModel = createRoute({
  operationId: 'createModelOfCheckpoint',
  method: 'post',
  path: '/v1/fine_tuning/jobs/{fine_tuning_job_id}/checkpoints/{checkpoint}/model',
  tags: TAGS,
  summary: 'Make a model of a checkpoint',
  description:
    'Makes a job that begins with a copy of the checkpoint, trains no further, and evaluates and exports what was best until then, as a ' +
    'new version of the model. The job of the checkpoint goes on.',
  request: { headers: IdempotencyHeadersSchema, params: CheckpointParamSchema },
  responses: {
    200: { description: 'The new job.', content: { 'application/json': { schema: JobSchema } } },
    ...errorResponses(
      ...WRITE_ERRORS,
      ...IDEMPOTENCY_ERRORS,
      'job-not-found',
      'checkpoint-not-found',
      'record-invalid',
      'model-in-use',
      'dataset-in-use',
      'queue-unavailable',
    ),
  },
});

/** The routes of checkpoints. */
export function jobCheckpointRoutes(deps: AppDeps) {
  const { store, jobs, now } = deps;
  const routes = createRoutes();
  const requireJob = async (id: string) => {
    const job = await jobs.get(id);
    if (job === undefined) throw jobNotFound(id);
    return job;
  };

  routes.openapi(list, async (c) => {
    const job = await requireJob(c.req.valid('param').fine_tuning_job_id);
    const { after, limit } = c.req.valid('query');
    const all = await listCheckpoints(store, job.id);
    // The one that the page before ended with may be deleted by now, as only the newest few are kept.
    const later =
      after === undefined ? all : all.filter(({ sequence }) => sequence < toCheckpointSequence(after));
    const { items, hasMore } = await takePage(later, limit);
    const data = items.map((entry) => toWireCheckpoint(job, entry));
    return c.json(toIdPage(data, hasMore), 200);
  });

  routes.openapi(toModel, async (c) => {
    const { fine_tuning_job_id: id, checkpoint } = c.req.valid('param');
    const before = await madeBefore(c);
    if (before !== undefined)
      return c.json(
        toWireJob(await requireJob(present(before['fine_tuning_job_id'], 'the id of a job')), now()),
        200,
      );
    const from = await requireJob(id);
    const { job, prepare } = await jobOfCheckpoint(store, from, toCheckpointSequence(checkpoint));
    const made = { ...job, createdBy: c.get('apiKey')?.name };
    const submitted = await submitForModel(deps, made, { prepare });
    noteMade(c, { fine_tuning_job_id: submitted.id });
    return c.json(toWireJob(submitted, now()), 200);
  });

  return routes;
}
