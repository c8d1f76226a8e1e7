// The versions of a model over HTTP: list and compare them, delete them, delete or rename the model.

import { IdempotencyHeadersSchema } from '../../api/idempotency-key.ts';
import { ModelParamSchema, ModelSchema, toBrokenWireModel, toWireModel } from '../../api/model.ts';
import {
  CompareQuerySchema,
  DeletedModelSchema,
  ModelComparisonSchema,
  ModelNameParamSchema,
  ModelVersionListSchema,
  ModelVersionParamSchema,
  RenameModelSchema,
} from '../../api/model-version.ts';
import { PageQuerySchema } from '../../api/pagination.ts';
import { mapConcurrently } from '../../core/concurrently.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import type { JobStore } from '../../core/job/record/job-store.ts';
import { type Alias, listAliases } from '../../core/model/change-aliases.ts';
import { deleteModel, deleteVersion, isWholeModel } from '../../core/model/delete-model.ts';
import {
  parseModelName,
  parseModelReference,
  parseVersionOrAlias,
  toModelReference,
} from '../../core/model/model-name.ts';
import { readManifest } from '../../core/model/read-manifest.ts';
import { renameModel } from '../../core/model/rename-model.ts';
import { listVersions, resolveVersion } from '../../core/model/versions.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import { takePage } from '../../core/storage/take-page.ts';
import type { AppDeps } from '../deps/deps.ts';
import { createRoutes } from '../http/app-routes.ts';
import { createRoute } from '../http/create-route.ts';
import {
  errorResponses,
  IDEMPOTENCY_ERRORS,
  JSON_ERRORS,
  MODEL_CHANGE_ERRORS,
  MODEL_ERRORS,
} from '../http/error-responses.ts';
import { madeBefore, noteMade } from '../http/idempotent.ts';
import { describeBody, jsonBody } from '../http/json-body.ts';
import { requirePicturesOf } from '../http/named-objects.ts';
import { readJsonBody } from '../http/read-json.ts';
import { requireNamed } from '../http/require-names.ts';
import { compareVersions } from './compare-versions.ts';
import { explainMissingModel } from './missing-model.ts';

const TAGS = ['Models'];
const deleted = {
  description: 'It is gone.',
  content: { 'application/json': { schema: DeletedModelSchema } },
};

const list = createRoute({
  operationId: 'listModelVersions',
  method: 'get',
  path: '/v1/models/{model}/versions',
  tags: TAGS,
  summary: 'List the versions of a model, newest first',
  request: { params: ModelNameParamSchema, query: PageQuerySchema },
  responses: {
    200: { description: 'One page.', content: { 'application/json': { schema: ModelVersionListSchema } } },
    ...errorResponses(...MODEL_ERRORS, 'record-invalid'),
  },
});

const compare = createRoute({
  operationId: 'compareModelVersions',
  method: 'get',
  path: '/v1/models/{model}/compare',
  tags: TAGS,
  summary: 'Compare versions of a model',
  description:
    'Puts what their reports say side by side. It names pictures, so the key has to allow the datasets.',
  request: { params: ModelNameParamSchema, query: CompareQuerySchema },
  responses: {
    200: { description: 'The versions.', content: { 'application/json': { schema: ModelComparisonSchema } } },
    ...errorResponses(...MODEL_ERRORS, 'record-invalid'),
  },
});

const getVersion = createRoute({
  operationId: 'getModelVersion',
  method: 'get',
  path: '/v1/models/{model}/versions/{version}',
  tags: TAGS,
  summary: 'Get a version of a model',
  request: { params: ModelVersionParamSchema },
  responses: {
    200: { description: 'The version.', content: { 'application/json': { schema: ModelSchema } } },
    ...errorResponses(...MODEL_ERRORS),
  },
});

const removeVersion = createRoute({
  operationId: 'deleteModelVersion',
  method: 'delete',
  path: '/v1/models/{model}/versions/{version}',
  tags: TAGS,
  summary: 'Delete a version of a model',
  description:
    'For good, with every earlier state of its files. A version that is live, the canary, or named by an alias is not deleted: the error ' +
    'says by which names. Neither is one with which a batch predicts that is not over. Its number is not given out again.',
  request: { params: ModelVersionParamSchema },
  responses: { 200: deleted, ...errorResponses(...MODEL_CHANGE_ERRORS, 'model-version-in-use') },
});

const removeModel = createRoute({
  operationId: 'deleteModel',
  method: 'delete',
  path: '/v1/models/{model}',
  tags: TAGS,
  summary: 'Delete a model',
  description:
    'All of its versions and aliases, for good; `<model>:<version>` deletes that version alone, and the model with it where there is no other version and no ' +
    'alias but `live` and `latest`. While a job makes a version of the model, or ' +
    'a batch predicts with it, it is not deleted: the error names them.',
  request: { params: ModelParamSchema },
  responses: { 200: deleted, ...errorResponses(...MODEL_CHANGE_ERRORS, 'model-version-in-use') },
});

const rename = createRoute({
  operationId: 'renameModel',
  method: 'post',
  path: '/v1/models/{model}/rename',
  tags: TAGS,
  summary: 'Rename a model',
  description:
    'Its versions and aliases get the new name, and the old one is free. Predictions by the old name work until those by the new name do: ' +
    'at every moment one of both names stands for the model, also where the rename was interrupted. The same request finishes it then. ' +
    'Meanwhile no job, batch or import of the model begins. The page of a report keeps the name under which it was made.',
  request: { headers: IdempotencyHeadersSchema, params: ModelNameParamSchema, body: jsonBody('RenameModel') },
  responses: {
    200: { description: 'The model.', content: { 'application/json': { schema: ModelSchema } } },
    ...errorResponses(...JSON_ERRORS, ...MODEL_CHANGE_ERRORS, ...IDEMPOTENCY_ERRORS, 'model-exists'),
  },
});

/** The routes of versions, and of deleting and renaming models. */
export function modelVersionRoutes({ store, jobs, predictor, limits }: AppDeps) {
  const routes = createRoutes();
  describeBody(routes, RenameModelSchema);

  routes.openapi(list, async (c) => {
    const model = parseModelName(c.req.valid('param').model);
    const { after, limit } = c.req.valid('query');
    const aliases = await listAliases(store, model).catch(explainMissingModel(jobs, model));
    const versions = (await listVersions(store, model)).reverse();
    const later = after === undefined ? versions : versions.filter((one) => Number(one) < Number(after));
    const { items, hasMore } = await takePage(later, limit);
    const data = await mapConcurrently(items, (version) =>
      describeVersion(store, { model, version, aliases }),
    );
    return c.json({ object: 'list' as const, data, has_more: hasMore }, 200);
  });

  routes.openapi(compare, async (c) => {
    const model = parseModelName(c.req.valid('param').model);
    const versions = await Promise.all(
      c.req
        .valid('query')
        .versions.split(',')
        .map((version) => resolveVersion(store, model, parseVersionOrAlias(version, 'versions'))),
    );
    const manifests = await Promise.all(versions.map((version) => readManifest(store, model, version)));
    for (const { dataset } of manifests) requirePicturesOf(c, dataset ?? undefined);
    return c.json(await compareVersions({ store, jobs }, model, manifests), 200);
  });

  const removeOne = async (model: string, asked: string) => {
    const version = parseVersionOrAlias(asked);
    const number = /^\d/.test(version) ? version : await resolveVersion(store, model, version);
    await refuseWhileRead(jobs, model, number);
    await deleteVersion(store, model, number);
    predictor.drop(model, number);
    return { id: toModelReference(model, number), object: 'model' as const, deleted: true as const };
  };

  routes.openapi(getVersion, async (c) => {
    const { model: named, version: wanted } = c.req.valid('param');
    const model = parseModelName(named);
    const version = await resolveVersion(store, model, parseVersionOrAlias(wanted)).catch(
      explainMissingModel(jobs, model),
    );
    return c.json(
      toWireModel(await readManifest(store, model, version), await listVersions(store, model)),
      200,
    );
  });

  routes.openapi(removeVersion, async (c) => {
    const { model, version } = c.req.valid('param');
    return c.json(await removeOne(parseModelName(model), version), 200);
  });

  routes.openapi(removeModel, async (c) => {
    const { model, version } = parseModelReference(c.req.valid('param').model);
    const isWhole = version === undefined || (await isWholeModel(store, model, version));
    if (!isWhole) return c.json(await removeOne(model, version), 200);
    await refuseWhileMade(jobs, model);
    await refuseWhileRead(jobs, model);
    await deleteModel(store, model);
    predictor.drop(model);
    const id = version === undefined ? model : toModelReference(model, version);
    return c.json({ id, object: 'model' as const, deleted: true as const }, 200);
  });

  routes.openapi(rename, async (c) => {
    const model = parseModelName(c.req.valid('param').model);
    const { name } = await readJsonBody(c, RenameModelSchema, limits.jsonBodyBytes);
    requireNamed(c, { model: parseModelName(name, 'name') });
    if ((await madeBefore(c)) === undefined) {
      await refuseWhileMade(jobs, model);
      await refuseWhileRead(jobs, model);
      await renameModel(store, model, name, async () => {
        await refuseWhileMade(jobs, model);
        await refuseWhileRead(jobs, model);
        await refuseWhileMade(jobs, name);
      });
      predictor.drop(model);
      predictor.forget(name);
      noteMade(c, { model: name });
    }
    const manifest = await readManifest(store, name, await resolveVersion(store, name));
    return c.json(toWireModel(manifest, await listVersions(store, name)), 200);
  });

  return routes;
}

/** @throws {FoveaError} `model-in-use` where a job that is not over makes a version of the model. */
async function refuseWhileMade(jobs: JobStore, model: string): Promise<void> {
  const making: string[] = [];
  for await (const job of jobs.open())
    if (job.model === model && job.prediction === undefined) making.push(job.id);
  if (making.length === 0) return;
  throw new FoveaError(
    'model-in-use',
    `Model "${model}" gets a new version by ${making.join(', ')}. Wait until that is over, or cancel it.`,
    { param: 'model', details: { model, jobs: making } },
  );
}

/** @throws {FoveaError} `model-in-use` where a batch that is not over predicts with the model, or with one version of it. */
async function refuseWhileRead(jobs: JobStore, model: string, version?: string): Promise<void> {
  const reading: string[] = [];
  for await (const { id, model: read, prediction } of jobs.open())
    if (prediction !== undefined && read === model && (version ?? prediction.version) === prediction.version)
      reading.push(id);
  if (reading.length === 0) return;
  throw new FoveaError(
    'model-in-use',
    `${reading.join(', ')} ${reading.length === 1 ? 'predicts' : 'predict'} with model "${model}"${version === undefined ? '' : `, version ${version}`}. Wait until that is over, or cancel it.`,
    { param: 'model', details: { model, batches: reading } },
  );
}

/** A version; where it cannot be read, an entry that says why. */
async function describeVersion(
  store: ObjectStore,
  {
    model,
    version,
    aliases,
  }: { readonly model: string; readonly version: string; readonly aliases: readonly Alias[] },
) {
  const named = {
    object: 'model.version' as const,
    aliases: aliases.filter((alias) => alias.version === version).map(({ alias }) => alias),
  };
  try {
    const manifest = await readManifest(store, model, version);
    const { versions: _, ...rest } = toWireModel(manifest, []);
    return { ...rest, id: toModelReference(model, version), ...named, job: manifest.jobId };
  } catch (error) {
    if (!(error instanceof FoveaError)) throw error;
    const { versions: _, ...rest } = toBrokenWireModel({ model, version, versions: [] }, error);
    return { ...rest, id: toModelReference(model, version), ...named, job: '' };
  }
}
