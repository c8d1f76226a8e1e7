// Fine-tuning jobs over HTTP: create, list, get, cancel. Compatible with OpenAI's SDKs.

import { z } from '@hono/zod-openapi';
import { CreateJobSchema } from '../../api/create-job.ts';
import { DryRunSchema, toWireInspection } from '../../api/dataset.ts';
import { toWireEstimate } from '../../api/estimate.ts';
import { IdempotencyHeadersSchema } from '../../api/idempotency-key.ts';
import { CreatedJobSchema, DeletedJobSchema, JobListSchema, JobSchema, toWireJob } from '../../api/job.ts';
import { JobIdSchema } from '../../api/job-id.ts';
import { JobQuerySchema, toJobFilter } from '../../api/job-query.ts';
import { readBackbone, toBackboneName } from '../../core/backbone/backbone.ts';
import { basesAtHand } from '../../core/backbone/bases-at-hand.ts';
import type { InputSize } from '../../core/dataset/check-tiny.ts';
import { countSeen, requireDatasetSnapshot } from '../../core/dataset/dataset-snapshots.ts';
import { inspectDataset } from '../../core/dataset/inspect-dataset.ts';
import { readKeptFindings } from '../../core/dataset/kept-findings.ts';
import type { ErrorCode } from '../../core/errors/error-codes.ts';
import { FoveaError, isFoveaError } from '../../core/errors/errors.ts';
import { looksLikeFileId } from '../../core/file/file-id.ts';
import { createFileStore } from '../../core/file/file-store.ts';
import { chooseMachine } from '../../core/job/estimate/choose-machine.ts';
import { likelyBase, withChoice } from '../../core/job/estimate/estimate-choice.ts';
import type { JobEstimate, JobMachine, JobPictures } from '../../core/job/estimate/estimate-job.ts';
import { cancelJob, finishJob, pauseJob, resumeJob } from '../../core/job/queues/job-queue.ts';
import { AUTO_BASE } from '../../core/job/recipe/base-choice.ts';
import { basesToCompare } from '../../core/job/recipe/bases-to-compare.ts';
import { checkTrainableLayers } from '../../core/job/recipe/check-trainable-layers.ts';
import type { JobRecord } from '../../core/job/record/job.ts';
import { jobNotFound } from '../../core/job/record/job-records.ts';
import type { NewJob } from '../../core/job/record/job-store.ts';
import { findArchitecture } from '../../core/network/architectures/architectures.ts';
import { planNetwork } from '../../core/network/plan/plan.ts';
import { hasWeightFile, smallestFirst } from '../../core/network/weights/find-weight-file.ts';
import { publishedNetwork } from '../../core/network/weights/published-network.ts';
import { foreseePromotion } from '../../core/promotion/foresee-promotion.ts';
import { CHECKPOINT_DAYS } from '../../core/storage/keys.ts';
import type { AppDeps } from '../deps/deps.ts';
import type { FoundBackends } from '../deps/find-backends.ts';
import { createRoutes } from '../http/app-routes.ts';
import { createRoute } from '../http/create-route.ts';
import { errorResponses, JSON_ERRORS, WRITE_ERRORS } from '../http/error-responses.ts';
import { describeBody, jsonBody } from '../http/json-body.ts';
import type { OperationId } from '../http/operation-scopes.ts';
import { readJsonBody } from '../http/read-json.ts';
import { isLimited, maySee, requireNamed } from '../http/require-names.ts';
import { after } from './after.ts';
import { countPictures } from './count-pictures.ts';
import { fileNotFound, requireTrainingFile } from './file-rights.ts';
import { toNewJob } from './new-job.ts';
import { requireDataset } from './require-dataset.ts';
import { submitForModel } from './submit-for-model.ts';
import { toInspecting } from './to-inspecting.ts';

const TAGS = ['Fine-tuning'];
const jobResponse = (description: string) => ({
  description,
  content: { 'application/json': { schema: JobSchema } },
});

const createJob = createRoute({
  operationId: 'createFineTuningJob',
  method: 'post',
  path: '/v1/fine_tuning/jobs',
  tags: TAGS,
  summary: 'Fine-tune a model on a dataset',
  description:
    'Answers at once, with an estimate of time and price; the job runs in the background. With `dry_run`, inspects the dataset ' +
    'and makes no job.',
  request: {
    headers: IdempotencyHeadersSchema,
    // A reference, so that the handler reads the body itself, within its limit.
    body: jsonBody('CreateFineTuningJob'),
  },
  responses: {
    200: {
      description: 'The job, or with `dry_run` what was found.',
      content: { 'application/json': { schema: z.union([CreatedJobSchema, DryRunSchema]) } },
    },
    ...errorResponses(
      ...JSON_ERRORS,
      ...WRITE_ERRORS,
      'architecture-unknown',
      'backbone-name-invalid',
      'layer-unknown',
      'setting-without-effect',
      'classes-out-of-range',
      'dataset-name-invalid',
      'dataset-not-found',
      'file-invalid',
      'file-not-found',
      'backbone-not-found',
      'dataset-empty',
      'dataset-inspecting',
      'dataset-snapshot-not-found',
      'record-invalid',
      'format-newer',
      'backend-unavailable',
      'model-in-use',
      'dataset-in-use',
      'idempotency-conflict',
      'idempotency-gone',
      'queue-unavailable',
    ),
  },
});

const listJobs = createRoute({
  operationId: 'listFineTuningJobs',
  method: 'get',
  path: '/v1/fine_tuning/jobs',
  tags: TAGS,
  summary: 'List jobs, newest first',
  description:
    'With `status` or `metadata[KEY]=VALUE`, the jobs that match. A job matches where all pairs are among its metadata.',
  request: { query: JobQuerySchema },
  responses: {
    200: { description: 'One page.', content: { 'application/json': { schema: JobListSchema } } },
    ...errorResponses(),
  },
});

const getJob = createRoute({
  operationId: 'getFineTuningJob',
  method: 'get',
  path: '/v1/fine_tuning/jobs/{fine_tuning_job_id}',
  tags: TAGS,
  summary: 'Get a job with its progress',
  request: { params: JobIdSchema },
  responses: { 200: jobResponse('The job.'), ...errorResponses('job-not-found', 'record-invalid') },
});

const action = (
  path: string,
  operationId: OperationId,
  summary: string,
  description: string,
  errors: ErrorCode[],
) =>
  createRoute({
    operationId,
    method: 'post',
    path: `/v1/fine_tuning/jobs/{fine_tuning_job_id}/${path}`,
    tags: TAGS,
    summary,
    description,
    request: { params: JobIdSchema },
    responses: {
      200: jobResponse('The job.'),
      ...errorResponses('job-not-found', 'job-finished', 'record-contended', ...errors),
    },
  });

const cancel = action(
  'cancel',
  'cancelFineTuningJob',
  'Cancel a job',
  'A job that waits is cancelled at once; a running one stops within a step (`cancel_requested`). Nothing is kept of it: to keep ' +
    'what is best so far, finish it instead.',
  ['queue-unavailable'],
);

const pause = action(
  'pause',
  'pauseFineTuningJob',
  'Pause a job',
  'A job that waits is paused at once; the trainer of a running one saves a checkpoint and ends (`pausing`, then `paused`). A ' +
    `paused job costs nothing but the storage of its checkpoints. These are kept for ${CHECKPOINT_DAYS} days: a job that is resumed ` +
    'later begins anew, which an event tells.',
  ['queue-unavailable'],
);

const resume = action(
  'resume',
  'resumeFineTuningJob',
  'Resume a paused job',
  'The job goes back into the queue, and on from its last checkpoint: the model is the one that it would have made without the pause. ' +
    `Checkpoints are kept for ${CHECKPOINT_DAYS} days; without one, it begins anew.`,
  ['job-not-paused', 'queue-unavailable'],
);

const finish = action(
  'finish',
  'finishFineTuningJob',
  'Finish a job early',
  'Training ends within a step, and what is best so far becomes the model. A job that has not begun trains its head alone.',
  ['job-not-paused', 'queue-unavailable'],
);

const remove = createRoute({
  operationId: 'deleteFineTuningJob',
  method: 'delete',
  path: '/v1/fine_tuning/jobs/{fine_tuning_job_id}',
  tags: TAGS,
  summary: 'Delete a job that is over',
  description:
    'Erases its record, events, contact sheet and checkpoints, with all their earlier versions in the bucket. The model that it made stays.',
  request: { params: JobIdSchema },
  responses: {
    200: {
      description: 'It is erased.',
      content: { 'application/json': { schema: DeletedJobSchema } },
    },
    ...errorResponses('job-not-found', 'job-open', 'record-invalid'),
  },
});

/** The routes of fine-tuning jobs. */
export function jobRoutes(deps: AppDeps) {
  const { jobs, now, limits } = deps;
  const files = createFileStore(deps);
  const routes = createRoutes();
  describeBody(routes, CreateJobSchema);

  routes.openapi(createJob, async (c) => {
    const request = await readJsonBody(c, CreateJobSchema, limits.jsonBodyBytes);
    const job = { ...toNewJob(request), createdBy: c.get('apiKey')?.name };
    requireNamed(c, job);
    const atHand = await basesFor(deps, job);
    const likely = { ...job, architecture: likelyBase(job.architecture, atHand) };
    const inputSize = await inputSizeOf(deps, likely);
    checkTrainableLayers(likely);
    await requireTrainingFile(files, c, job.dataset);
    await requireDataset(deps.store, job.dataset, 'training_file').catch((error: unknown) => {
      throw isFoveaError(error, 'dataset-not-found') && looksLikeFileId(job.dataset)
        ? fileNotFound(job.dataset, 'training_file')
        : error;
    });
    const seen =
      job.datasetSnapshot === undefined
        ? undefined
        : await requireDatasetSnapshot(deps.store, job.dataset, job.datasetSnapshot, 'dataset_snapshot');
    if (request.dry_run)
      return c.json(await dryRun(deps, { job, likely, atHand, inputSize }, c.req.raw.signal), 200);
    // What is known now has to do: no job waits for the doctor.
    const machines = withBackends(deps, deps.backends?.known());
    requireBackend(job.backend, machines);
    const idempotencyKey = c.req.valid('header')['idempotency-key'];
    const pictures = seen ? countSeen(seen) : await countPictures(deps.store, job.dataset, job.split);
    const { estimate, machine, reason } = chooseMachine(likely, pictures, machines);
    const start =
      machine.pool === undefined || reason === null
        ? undefined
        : { pool: machine.pool, reason, hasGpu: machine.gpu !== undefined };
    const prepare = async () => (estimate === null ? {} : { estimatedSeconds: estimate.seconds });
    const submitted = await submitForModel(deps, job, { idempotencyKey, start, prepare });
    return c.json({ ...toWireJob(submitted, now()), estimate: toWire(estimate, pictures, atHand) }, 200);
  });

  routes.openapi(listJobs, async (c) => {
    const query = c.req.valid('query');
    const asked = toJobFilter(query);
    const seen = isLimited(c) ? (job: JobRecord) => maySee(c, job) : undefined;
    const filters = [asked, seen].filter((filter) => filter !== undefined);
    const matches = (job: JobRecord) => filters.every((filter) => filter(job));
    const page = await jobs.list({ ...query, ...(filters.length === 0 ? {} : { matches }) });
    const data = page.jobs.map((job) => toWireJob(job, now()));
    return c.json({ object: 'list' as const, data, has_more: page.hasMore }, 200);
  });

  routes.openapi(getJob, async (c) => {
    const { fine_tuning_job_id: id } = c.req.valid('param');
    const job = await jobs.get(id);
    if (job === undefined) throw jobNotFound(id);
    await jobs.confirmOpen(job);
    // Somebody waits for it. That it cannot be moved now is no reason not to show it.
    await deps.queue
      .review?.(job)
      .catch((error: unknown) => deps.logger.warn('a waiting job was not reviewed', { job_id: id, error }));
    return c.json(toWireJob(job, now()), 200);
  });

  const actions = [
    [cancel, cancelJob],
    [pause, pauseJob],
    [resume, resumeJob],
    [finish, finishJob],
  ] as const;
  for (const [route, act] of actions)
    routes.openapi(route, async (c) => {
      const { fine_tuning_job_id: id } = c.req.valid('param');
      return c.json(toWireJob(await act(deps, id), now()), 200);
    });

  routes.openapi(remove, async (c) => {
    const { fine_tuning_job_id: id } = c.req.valid('param');
    await jobs.erase(id);
    return c.json({ id, object: 'fine_tuning.job' as const, deleted: true as const }, 200);
  });

  return routes;
}

/** The input of the network that a job trains. @throws {FoveaError} `architecture-unknown`, `backbone-not-found`. */
async function inputSizeOf({ store }: AppDeps, { architecture }: NewJob): Promise<InputSize> {
  const backbone = toBackboneName(architecture);
  if (backbone === undefined) return findArchitecture(architecture).defaultInputSize;
  return (await readBackbone(store, backbone)).input;
}

/** The bases that a job with `auto` compares; none for another job. */
const basesFor = async ({ store, weightsDir }: AppDeps, { architecture, recipe }: NewJob) =>
  architecture === AUTO_BASE ? basesToCompare(await basesAtHand({ store, weightsDir }), recipe) : [];

/** A job, and the base by which it is estimated. */
interface AskedJob {
  readonly job: NewJob;
  readonly likely: NewJob;
  /** Bases that are compared. */
  readonly atHand: readonly string[];
  readonly inputSize: InputSize;
}

/** Says what a job would train on and what it would cost, without creating it. */
async function dryRun(deps: AppDeps, { job, likely, atHand, inputSize }: AskedJob, signal: AbortSignal) {
  const { dataset, split, splitSnapshot, datasetSnapshot, architecture, model, promote = 'auto' } = job;
  const machines = withBackends(deps, await deps.backends?.find());
  requireBackend(job.backend, machines);
  const snapshot = {
    ...(splitSnapshot === null ? {} : { snapshot: splitSnapshot }),
    ...(datasetSnapshot === undefined ? {} : { seen: datasetSnapshot }),
  };
  const inspected = await inspectDataset(deps.store, dataset, {
    split,
    ...snapshot,
    inputSize,
    signal,
    isTimeUp: after(deps.limits.inspectionMs),
    tidies: true,
  }).catch(toInspecting);
  const inspection = toWireInspection(inspected, await readKeptFindings(deps.store, dataset));
  const pictures = { ...inspection.split, classes: inspection.classes.length };
  const { liveVersion, outlook } = await foreseePromotion(deps.store, {
    model,
    policy: promote,
    inspection: inspected,
  });
  return {
    object: 'fine_tuning.dry_run' as const,
    model: architecture,
    model_name: model,
    estimate: toWire(chooseMachine(likely, pictures, machines).estimate, pictures, atHand),
    live_version: liveVersion,
    promotion: outlook,
    weights: await weightsOf(deps, likely),
    about_model_bytes: pictures.classes < 2 ? null : await modelBytesOf(deps, likely, pictures.classes),
    ...inspection,
  };
}

/** The published weights that a job starts from; null where its base needs none. */
async function weightsOf({ store, weightsDir }: AppDeps, { architecture }: NewJob) {
  if (toBackboneName(architecture) !== undefined) return null;
  const found = findArchitecture(architecture);
  const { weightSources } = found;
  const [source] = smallestFirst(weightSources);
  if (source === undefined) return null;
  const { file, url } = source;
  return {
    architecture,
    at_hand: await hasWeightFile(weightSources, { store, weightsDir }),
    file,
    url,
    about_bytes: planNetwork(publishedNetwork(found, source)).parameterBytes,
  };
}

/** Bytes of a float32. */
const BYTES_PER_WEIGHT = 4;

/** Size of the weights of the model that a job makes, in bytes. */
async function modelBytesOf({ store }: AppDeps, { architecture }: NewJob, classes: number): Promise<number> {
  const backbone = toBackboneName(architecture);
  if (backbone === undefined) {
    const { build, defaultInputSize: inputSize } = findArchitecture(architecture);
    return planNetwork(build({ inputSize, classes })).parameterBytes;
  }
  const { sizeBytes, features } = await readBackbone(store, backbone);
  return sizeBytes + BYTES_PER_WEIGHT * (features + 1) * classes;
}

type Machines = AppDeps['machines'];

/** The machines, with what was found of the only one. */
const withBackends = (
  { machines: [first, ...others] }: AppDeps,
  found: FoundBackends | undefined,
): Machines => (found === undefined ? [first, ...others] : [{ ...first, ...found }, ...others]);

/** @throws {FoveaError} `backend-unavailable` where it is known that every machine's trainer lacks the job's back end. */
function requireBackend(backend: NewJob['backend'], machines: Machines): void {
  if (backend === 'auto') return;
  const problems = machines.map(({ backends }: JobMachine) => backends?.missing[backend]);
  const [problem] = problems;
  if (problem !== undefined && !problems.includes(undefined))
    throw new FoveaError('backend-unavailable', problem, { param: 'backend' });
}

const toWire = (estimate: JobEstimate | null, pictures: JobPictures, atHand: readonly string[]) =>
  estimate === null ? null : toWireEstimate(withChoice(estimate, atHand, pictures), pictures);
