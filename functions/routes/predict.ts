// POST /v1/models/{model}/predict: pictures in, labels out.

import { createRoute } from '@hono/zod-openapi';
import { FoveaError } from '../../core/errors.ts';
import type { ImageOutcome, PredictResult } from '../../core/predict/predictor.ts';
import type { LabelScore } from '../../core/predict/top-k.ts';
import type { AppDeps } from '../deps.ts';
import { createRoutes } from '../http/app-routes.ts';
import { toErrorBody } from '../http/error-response.ts';
import { statusOf } from '../http/error-status.ts';
import { type RequestImage, readImages } from '../http/read-images.ts';
import { errorResponses } from '../schemas/error.ts';
import { ModelParamSchema } from '../schemas/model.ts';
import {
  PredictionListSchema,
  PredictionSchema,
  PredictJsonSchema,
  PredictQuerySchema,
  type WirePrediction,
  type WirePredictionList,
} from '../schemas/prediction.ts';
import { explainMissingModel } from './missing-model.ts';
import { toModelAndVersion } from './models.ts';

const BINARY = { schema: { type: 'string', format: 'binary' } } as const;

const predictRoute = createRoute({
  method: 'post',
  path: '/v1/models/{model}/predict',
  tags: ['Models'],
  summary: 'Predict the label of one or many pictures',
  description:
    'One picture (raw bytes, a form with one file, JSON with `image`) gives a prediction, or the error of that picture. ' +
    'Many (a form with several files, JSON with `images`) give a list in the order of the request, always with status ' +
    '200: a picture that cannot be read has an entry with its error and does not disturb the others.',
  request: {
    params: ModelParamSchema,
    query: PredictQuerySchema,
    body: {
      required: true,
      content: {
        'image/*': BINARY,
        'application/octet-stream': BINARY,
        'multipart/form-data': {
          schema: {
            type: 'object',
            properties: { image: { type: 'array', items: { type: 'string', format: 'binary' } } },
          },
        },
        'application/json': { schema: { $ref: '#/components/schemas/PredictRequest' } },
      },
    },
  },
  responses: {
    200: {
      description: 'A prediction, or a list of them.',
      content: { 'application/json': { schema: PredictionSchema.or(PredictionListSchema) } },
    },
    ...errorResponses(400, 404, 413, 415, 422),
  },
});

export function predictRoutes({ predictor, jobs, limits }: AppDeps) {
  const routes = createRoutes();
  routes.openAPIRegistry.register('PredictRequest', PredictJsonSchema);

  routes.openapi(predictRoute, async (c) => {
    const query = c.req.valid('query');
    const { model, version } = toModelAndVersion(c.req.valid('param').model, query.version);
    const { images, isList } = await readImages(c.req.raw, limits);
    const result = await predictor
      .predict({ model, version, images: images.map((image) => image.bytes), topK: query.top_k })
      .catch(explainMissingModel(jobs, model));
    const id = `pred-${c.get('requestId')}`;
    return c.json(isList ? toList(id, result, images) : toSingle(id, result), 200);
  });

  return routes;
}

/** @throws {FoveaError} the error of the picture. */
function toSingle(id: string, result: PredictResult): WirePrediction {
  const [outcome] = result.outcomes;
  if (outcome === undefined) throw new TypeError('A prediction without pictures has no outcome.');
  if (!outcome.ok) throw outcome.error;
  return { ...toPrediction(id, result, outcome.predictions), timing_ms: toWireTiming(result) };
}

function toList(id: string, result: PredictResult, images: readonly RequestImage[]): WirePredictionList {
  const toEntry = (outcome: ImageOutcome, index: number): WirePredictionList['data'][number] => {
    const place = { index, file: images[index]?.file ?? null };
    if (outcome.ok) return { ...toPrediction(`${id}-${index}`, result, outcome.predictions), ...place };
    const status = statusOf(outcome.error.code);
    // An error without a status is not meant for clients: the whole request fails and the log explains it.
    if (status === undefined) throw outcome.error;
    return { object: 'error', ...place, error: toErrorBody(outcome.error, status).error };
  };
  return {
    object: 'list',
    id,
    model: result.model,
    model_version: result.modelVersion,
    data: result.outcomes.map(toEntry),
    timing_ms: toWireTiming(result),
  };
}

function toPrediction(id: string, result: PredictResult, predictions: readonly LabelScore[]) {
  const [best] = predictions;
  if (best === undefined) throw new FoveaError('model-corrupt', `Model "${result.model}" has no labels.`);
  return {
    object: 'prediction' as const,
    id,
    model: result.model,
    model_version: result.modelVersion,
    label: best.label,
    score: best.score,
    predictions: [...predictions],
  };
}

/** Microseconds are noise. */
const toWireTiming = ({ timingMs: { load, decode, preprocess, infer, total } }: PredictResult) => {
  const round = (ms: number) => Math.round(ms * 1000) / 1000;
  return {
    load: round(load),
    decode: round(decode),
    preprocess: round(preprocess),
    infer: round(infer),
    total: round(total),
  };
};
