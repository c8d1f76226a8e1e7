// Which version answers: promote, roll back, and aliases, over HTTP.

import { IdempotencyHeadersSchema } from '../../api/idempotency-key.ts';
import {
  ExpectedQuerySchema,
  LiveSchema,
  ModelAliasListSchema,
  ModelAliasSchema,
  ModelNameParamSchema,
  PromoteSchema,
  RemoveAliasParamSchema,
  SetAliasParamSchema,
  SetAliasSchema,
} from '../../api/model-version.ts';
import {
  type Alias,
  canRollBack,
  listAliases,
  promote,
  removeAlias,
  rollBack,
  setAlias,
} from '../../core/model/change-aliases.ts';
import type { LiveRecord } from '../../core/model/live-record.ts';
import { parseAlias, parseModelName, parseVersionOrAlias } from '../../core/model/model-name.ts';
import { readManifest } from '../../core/model/read-manifest.ts';
import { resolveVersion } from '../../core/model/versions.ts';
import { assertLoadable, warnOfMemory } from '../../core/predict/serving-memory.ts';
import { present } from '../../core/present.ts';
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
import { describeBody, jsonBody } from '../http/json-body.ts';
import { readJsonBody } from '../http/read-json.ts';
import { refuseBody } from '../http/refuse-body.ts';

const TAGS = ['Models'];
const CHANGE_ERRORS = [...MODEL_CHANGE_ERRORS, 'alias-conflict'] as const;
const live = {
  description: 'What predictions use now.',
  content: { 'application/json': { schema: LiveSchema } },
};

const EXPECTED_IN_QUERY = 'Send expected_version in the query.';

const promoteRoute = createRoute({
  operationId: 'promoteModel',
  method: 'post',
  path: '/v1/models/{model}/promote',
  tags: TAGS,
  summary: 'Make a version live',
  description:
    'Predictions without a version use it within two seconds, in every process. With `share`, only that share of them: the version is ' +
    'the canary, and `model_version` of each answer says which version gave it.',
  request: {
    headers: IdempotencyHeadersSchema,
    params: ModelNameParamSchema,
    body: jsonBody('PromoteModel'),
  },
  responses: {
    200: live,
    ...errorResponses(
      ...JSON_ERRORS,
      ...CHANGE_ERRORS,
      ...IDEMPOTENCY_ERRORS,
      'model-version-in-use',
      'model-needs-memory',
    ),
  },
});

const rollBackRoute = createRoute({
  operationId: 'rollBackModel',
  method: 'post',
  path: '/v1/models/{model}/rollback',
  tags: TAGS,
  summary: 'Take back the last promotion',
  description:
    'Ends the canary where there is one. Else makes live what was live before; each call goes one step further back.',
  request: { headers: IdempotencyHeadersSchema, params: ModelNameParamSchema, query: ExpectedQuerySchema },
  responses: {
    200: live,
    ...errorResponses(...CHANGE_ERRORS, ...IDEMPOTENCY_ERRORS, 'rollback-unavailable'),
  },
});

const list = createRoute({
  operationId: 'listModelAliases',
  method: 'get',
  path: '/v1/models/{model}/aliases',
  tags: TAGS,
  summary: 'List the aliases of a model',
  request: { params: ModelNameParamSchema },
  responses: {
    200: { description: 'All of them.', content: { 'application/json': { schema: ModelAliasListSchema } } },
    ...errorResponses(...MODEL_ERRORS, 'record-invalid'),
  },
});

const set = createRoute({
  operationId: 'setModelAlias',
  method: 'put',
  path: '/v1/models/{model}/aliases/{alias}',
  tags: TAGS,
  summary: 'Let an alias stand for a version',
  description:
    'Makes or moves an alias of your own, which every address takes as `<model>:<alias>`. `live` is promoted; `latest` and `canary` cannot ' +
    'be set.',
  request: { params: SetAliasParamSchema, body: jsonBody('SetModelAlias') },
  responses: {
    200: { description: 'The alias.', content: { 'application/json': { schema: ModelAliasSchema } } },
    ...errorResponses(...JSON_ERRORS, ...CHANGE_ERRORS, 'alias-reserved', 'model-needs-memory'),
  },
});

const remove = createRoute({
  operationId: 'deleteModelAlias',
  method: 'delete',
  path: '/v1/models/{model}/aliases/{alias}',
  tags: TAGS,
  summary: 'Remove an alias, or end a canary',
  request: { params: RemoveAliasParamSchema, query: ExpectedQuerySchema },
  responses: { 200: live, ...errorResponses(...CHANGE_ERRORS, 'alias-reserved', 'alias-not-found') },
});

/** The routes of what predictions use, and of aliases. */
export function modelAliasRoutes({ store, predictor, limits, now, servingMemory }: AppDeps) {
  const routes = createRoutes();
  const deps = { store, now };
  /** @returns what to know of the memory that a version takes. @throws {FoveaError} `model-needs-memory` where it cannot be loaded. */
  const lookAtMemory = async (model: string, asked: string): Promise<string | undefined> => {
    if (servingMemory === undefined) return undefined;
    const manifest = await readManifest(store, model, await resolveVersion(store, model, asked));
    assertLoadable(manifest, servingMemory);
    return warnOfMemory(manifest, servingMemory);
  };
  describeBody(routes, PromoteSchema);
  describeBody(routes, SetAliasSchema);

  routes.openapi(promoteRoute, async (c) => {
    const model = parseModelName(c.req.valid('param').model);
    const asked = await readJsonBody(c, PromoteSchema, limits.jsonBodyBytes);
    const version = parseVersionOrAlias(asked.version);
    const warning = await lookAtMemory(model, version);
    const record = await promote(deps, model, {
      version,
      share: asked.share,
      expected: asked.expected_version,
    });
    predictor.forget(model);
    return c.json({ ...toWireLive(model, record), ...(warning === undefined ? {} : { warning }) }, 200);
  });

  routes.openapi(rollBackRoute, async (c) => {
    await refuseBody(c, EXPECTED_IN_QUERY);
    const model = parseModelName(c.req.valid('param').model);
    const record = await rollBack(deps, model, { expected: c.req.valid('query').expected_version });
    predictor.forget(model);
    return c.json(toWireLive(model, record), 200);
  });

  routes.openapi(list, async (c) => {
    const model = parseModelName(c.req.valid('param').model);
    const data = (await listAliases(store, model)).map((alias) => toWireAlias(model, alias));
    const can_roll_back = await canRollBack(deps, model);
    return c.json({ object: 'list' as const, data, has_more: false, can_roll_back }, 200);
  });

  routes.openapi(set, async (c) => {
    const param = c.req.valid('param');
    const [model, alias] = [parseModelName(param.model), parseAlias(param.alias)];
    const { version, expected_version: expected } = await readJsonBody(
      c,
      SetAliasSchema,
      limits.jsonBodyBytes,
    );
    await lookAtMemory(model, parseVersionOrAlias(version));
    const record = await setAlias(deps, model, alias, { version: parseVersionOrAlias(version), expected });
    predictor.forget(model);
    const now = present(record.aliases[alias] ?? record.version, 'the version of an alias that was set');
    return c.json(toWireAlias(model, { alias, version: now }), 200);
  });

  routes.openapi(remove, async (c) => {
    await refuseBody(c, EXPECTED_IN_QUERY);
    const param = c.req.valid('param');
    const [model, alias] = [parseModelName(param.model), parseAlias(param.alias)];
    const record = await removeAlias(deps, model, alias, c.req.valid('query').expected_version);
    predictor.forget(model);
    return c.json(toWireLive(model, record), 200);
  });

  return routes;
}

const toWireAlias = (model: string, { alias, version, share }: Alias) => ({
  object: 'model.alias' as const,
  model,
  alias,
  version,
  share: share ?? null,
});

const toWireLive = (model: string, { version, canary, history }: LiveRecord) => ({
  object: 'model.live' as const,
  model,
  version: version ?? null,
  canary: canary ?? null,
  history: history.map((entry) => ({ ...entry })),
});
