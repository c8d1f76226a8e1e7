// POST /v1/plans: tells what a network needs before it runs, as numbers or as a picture.

import { z } from '@hono/zod-openapi';
import { accepts } from 'hono/accepts';
import { type CreatePlanRequest, CreatePlanSchema, PlanSchema, toWirePlan } from '../../api/plan.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import { drawPlan } from '../../core/network/plan/draw-plan.ts';
import { type ClassifierPlan, planClassifier } from '../../core/network/plan/plan-classifier.ts';
import type { AppDeps } from '../deps/deps.ts';
import { createRoutes } from '../http/app-routes.ts';
import { createRoute } from '../http/create-route.ts';
import { errorResponses, JSON_ERRORS } from '../http/error-responses.ts';
import { describeBody, jsonBody } from '../http/json-body.ts';
import { readJsonBody } from '../http/read-json.ts';

const JSON_TYPE = 'application/json';
const SVG_TYPE = 'image/svg+xml';

const createPlan = createRoute({
  operationId: 'createPlan',
  method: 'post',
  path: '/v1/plans',
  tags: ['Networks'],
  summary: 'Plan a network: parameters, memory, arithmetic, time and price',
  description:
    'Nothing is stored. With `Accept: image/svg+xml` or `?format=svg`, the answer is a picture: bytes by layer, with the peak marked.',
  request: {
    query: z.strictObject({
      format: z
        .enum(['json', 'svg'])
        .optional()
        .meta({ description: 'Instead of what the `Accept` header prefers.' }),
    }),
    body: jsonBody('CreatePlan'),
  },
  responses: {
    200: {
      description: 'The plan.',
      content: {
        [JSON_TYPE]: { schema: PlanSchema },
        [SVG_TYPE]: { schema: z.string() },
      },
    },
    ...errorResponses(
      ...JSON_ERRORS,
      'architecture-unknown',
      'layer-unknown',
      'input-too-small',
      'input-too-large',
      'channels-unsupported',
      'classes-out-of-range',
      'gpu-unknown',
      'price-invalid',
    ),
  },
});

/** The route of plans. */
export function planRoutes({ limits }: AppDeps) {
  const routes = createRoutes();
  describeBody(routes, CreatePlanSchema);

  routes.openapi(createPlan, async (c) => {
    const plan = planFor(await readJsonBody(c, CreatePlanSchema, limits.jsonBodyBytes));
    const { format } = c.req.valid('query');
    const accepted = accepts(c, { header: 'Accept', supports: [JSON_TYPE, SVG_TYPE], default: JSON_TYPE });
    c.header('vary', 'accept');
    return format === 'svg' || (format === undefined && accepted === SVG_TYPE)
      ? c.body(drawPlan(plan), 200, { 'content-type': SVG_TYPE })
      : c.json(toWirePlan(plan), 200);
  });

  return routes;
}

/** The field of the body for each parameter of the planner, for errors. */
const FIELDS: Readonly<Record<string, string>> = {
  architecture: 'model',
  layer: 'until',
  height: 'input_size.height',
  width: 'input_size.width',
  channels: 'input_size.channels',
};

function planFor({
  input_size,
  until,
  batch_size,
  usd_per_hour,
  images,
  gpu,
  ...rest
}: CreatePlanRequest): ClassifierPlan {
  try {
    return planClassifier({
      ...rest,
      batchSize: batch_size,
      inputSize: Object.fromEntries(
        Object.entries(input_size ?? {}).filter(([, value]) => value !== undefined),
      ),
      ...(until === undefined ? {} : { until }),
      ...(images === undefined ? {} : { images }),
      ...(gpu === undefined ? {} : { gpu }),
      ...(usd_per_hour === undefined ? {} : { usdPerHour: usd_per_hour }),
    });
  } catch (error) {
    if (!(error instanceof FoveaError) || error.param === undefined) throw error;
    throw new FoveaError(error.code, error.message, {
      param: FIELDS[error.code === 'layer-unknown' ? 'layer' : error.param] ?? error.param,
      ...(error.details === undefined ? {} : { details: error.details }),
    });
  }
}
