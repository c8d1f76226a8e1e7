// Models over HTTP: lists them, and describes one.

import { z } from '@hono/zod-openapi';
import {
  ModelListSchema,
  ModelParamSchema,
  ModelSchema,
  toBrokenWireModel,
  toWireModel,
  VersionSchema,
  type WireModel,
} from '../../api/model.ts';
import { NamePageQuerySchema } from '../../api/pagination.ts';
import { mapConcurrently } from '../../core/concurrently.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import { parseModelReference, parseVersionOrAlias } from '../../core/model/model-name.ts';
import { readManifest } from '../../core/model/read-manifest.ts';
import { listModels, listVersions, resolveVersion } from '../../core/model/versions.ts';
import { present } from '../../core/present.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import type { AppDeps } from '../deps/deps.ts';
import { createRoutes } from '../http/app-routes.ts';
import { createRoute } from '../http/create-route.ts';
import { errorResponses, MODEL_ERRORS } from '../http/error-responses.ts';
import { maySee } from '../http/require-names.ts';
import { explainMissingModel } from './missing-model.ts';

const TAGS = ['Models'];

const list = createRoute({
  operationId: 'listModels',
  method: 'get',
  path: '/v1/models',
  tags: TAGS,
  summary: 'List models with their versions',
  request: { query: NamePageQuerySchema },
  responses: {
    200: {
      description: 'One page, by name.',
      content: { 'application/json': { schema: ModelListSchema } },
    },
    ...errorResponses(),
  },
});

const get = createRoute({
  operationId: 'getModel',
  method: 'get',
  path: '/v1/models/{model}',
  tags: TAGS,
  summary: 'Get a model',
  request: {
    params: ModelParamSchema,
    query: z.strictObject({ version: VersionSchema }),
  },
  responses: {
    200: { description: 'The model.', content: { 'application/json': { schema: ModelSchema } } },
    ...errorResponses(...MODEL_ERRORS),
  },
});

/** The routes of models. */
export function modelRoutes({ store, jobs }: AppDeps) {
  const routes = createRoutes();
  routes.openapi(list, async (c) => {
    const { models, hasMore } = await listModels(store, {
      ...c.req.valid('query'),
      isSeen: (model) => maySee(c, { model }),
    });
    const data = await mapConcurrently(models, ({ model, versions }) =>
      describeModel(store, model, versions),
    );
    return c.json({ object: 'list' as const, data, has_more: hasMore }, 200);
  });

  routes.openapi(get, async (c) => {
    const { model, version } = toModelAndVersion(c.req.valid('param').model, c.req.valid('query').version);
    const resolved = await resolveVersion(store, model, version).catch(explainMissingModel(jobs, model));
    const manifest = await readManifest(store, model, resolved);
    return c.json(toWireModel(manifest, await listVersions(store, model)), 200);
  });

  return routes;
}

/**
 * The path's `model` or `model:version`, where the query may name the version too and then counts.
 * @throws {FoveaError} `model-name-invalid`, `model-version-invalid`.
 */
export function toModelAndVersion(reference: string, queryVersion: string | undefined) {
  const { model, version } = parseModelReference(reference);
  return { model, version: queryVersion === undefined ? version : parseVersionOrAlias(queryVersion) };
}

/** The live version of a model; where it cannot be read, an entry of the newest version that says why. */
async function describeModel(
  store: ObjectStore,
  model: string,
  versions: readonly string[],
): Promise<WireModel> {
  let version = present(versions.at(-1), 'a version of a listed model');
  try {
    version = await resolveVersion(store, model);
    return toWireModel(await readManifest(store, model, version), versions);
  } catch (error) {
    if (!(error instanceof FoveaError)) throw error;
    return toBrokenWireModel({ model, version, versions }, error);
  }
}
