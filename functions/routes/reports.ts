// The report of a model: numbers for programs, a page for people.

import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { ModelParamSchema, VersionSchema } from '../../api/model.ts';
import { toWireReport, WireReportSchema } from '../../api/report.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import { readManifest } from '../../core/model/read-manifest.ts';
import { REPORT } from '../../core/model/report.ts';
import { resolveVersion } from '../../core/model/versions.ts';
import { readJson } from '../../core/storage/json.ts';
import { keys } from '../../core/storage/keys.ts';
import type { AppDeps, AppEnv } from '../deps/deps.ts';
import { createRoutes } from '../http/app-routes.ts';
import { HTML } from '../http/asset-files.ts';
import { createRoute } from '../http/create-route.ts';
import { errorResponses, MODEL_ERRORS } from '../http/error-responses.ts';
import { requirePicturesOf } from '../http/named-objects.ts';
import { explainMissingModel } from './missing-model.ts';
import { toModelAndVersion } from './models.ts';

/** The page holds its style and its pictures, and nothing else may run or be loaded. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const get = createRoute({
  operationId: 'getModelReport',
  method: 'get',
  path: '/v1/models/{model}/report',
  tags: ['Models'],
  summary: 'Get the report of a model',
  description:
    'How good a version is, by class and with confidence intervals; what it confuses; whether its scores can be trusted; ' +
    'and how it was made. JSON, or a page for people where the `Accept` header prefers HTML or `format=html`. It shows pictures, so the key ' +
    'has to allow the dataset.',
  request: {
    params: ModelParamSchema,
    query: z.strictObject({
      version: VersionSchema,
      format: z
        .enum(['json', 'html'])
        .optional()
        .meta({ description: 'Instead of what the `Accept` header prefers.' }),
    }),
  },
  responses: {
    200: {
      description: 'The report.',
      content: {
        'application/json': { schema: WireReportSchema },
        'text/html': { schema: { type: 'string' } },
      },
    },
    ...errorResponses(...MODEL_ERRORS, 'report-not-found', 'record-invalid'),
  },
});

/** The route of a model's report. */
export function reportRoutes({ store, jobs }: AppDeps) {
  const routes = createRoutes();
  routes.openapi(get, async (c) => {
    const { version: asked, format } = c.req.valid('query');
    const { model, version: wanted } = toModelAndVersion(c.req.valid('param').model, asked);
    const version = await resolveVersion(store, model, wanted).catch(explainMissingModel(jobs, model));
    const isPage = format === undefined ? prefersHtml(c) : format === 'html';
    const { report, dataset } = await readManifest(store, model, version);
    requirePicturesOf(c, dataset ?? undefined);
    const keyOf = (file: string) => keys.modelFile(model, version, file);
    const headers = { Vary: 'Accept', 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer' };
    if (isPage) {
      const page = report === undefined ? undefined : await store.get(keyOf(report.page));
      if (page === undefined) throw reportNotFound(model, version);
      return c.body(new Uint8Array(page.body), 200, {
        ...headers,
        'Content-Type': HTML,
        'Content-Security-Policy': POLICY,
      });
    }
    const stored = report === undefined ? undefined : await readJson(store, keyOf(report.file), REPORT);
    if (stored === undefined) throw reportNotFound(model, version);
    return c.json(toWireReport(stored.value), 200, headers);
  });
  return routes;
}

const reportNotFound = (model: string, version: string) =>
  new FoveaError(
    'report-not-found',
    `Version "${version}" of model "${model}" has no report: it was imported, or made before there were reports. ` +
      'Train it again to get one.',
    { param: 'model', details: { model, version } },
  );

/** Browsers name text/html; programs name JSON or anything. */
function prefersHtml(c: Context<AppEnv>): boolean {
  const accepted = (c.req.header('accept') ?? '').toLowerCase();
  const html = accepted.indexOf('text/html');
  const json = accepted.indexOf('application/json');
  return html !== -1 && (json === -1 || html < json);
}
