// POST /v1/models/{model}/predict: pictures in, labels out.

import { createHash } from 'node:crypto';
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { ModelParamSchema } from '../../api/model.ts';
import {
  PredictFormSchema,
  PredictionListSchema,
  PredictionSchema,
  PredictJsonSchema,
  PredictQuerySchema,
  type WirePrediction,
  type WirePredictionList,
} from '../../api/prediction.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import { toPredictionBody } from '../../core/predict/prediction-body.ts';
import type { HeatmapRequest, ImageOutcome, PredictResult } from '../../core/predict/predictor.ts';
import type { AppEnv } from '../deps/deps.ts';
import { createRoutes } from '../http/app-routes.ts';
import { createRoute } from '../http/create-route.ts';
import { toErrorBody } from '../http/error-response.ts';
import { errorResponses, JSON_ERRORS, MODEL_ERRORS } from '../http/error-responses.ts';
import { describeBody } from '../http/json-body.ts';
import { type RequestImage, type RequestImages, readImages } from '../http/read-images.ts';
import { toRequestInvalid } from '../http/request-invalid.ts';
import { takeTurns } from '../http/take-turns.ts';
import { prepareExplanations, type ToExplanation, toExplainRequest } from './explanation.ts';
import { toModelAndVersion } from './models.ts';
import type { RouteDeps } from './route-deps.ts';

const BINARY = { schema: { type: 'string', format: 'binary' } } as const;
/** Chooses between a live version and its canary. */
const STICKY_HEADER = 'fovea-sticky';

const PICTURE = { schema: { ...BINARY.schema, minLength: 1 } } as const;

const predictRoute = createRoute({
  operationId: 'predict',
  method: 'post',
  path: '/v1/models/{model}/predict',
  tags: ['Models'],
  summary: 'Predict the label of one or many pictures',
  description:
    'One picture (raw bytes, a form with one file, JSON with `image`, `image_key`, `dataset_file` or `image_url`) gives a prediction, or the error of ' +
    'that picture. Many (a form with several files, JSON with `images`, `image_keys`, `dataset_files` or `image_urls`) give a list in the order of the ' +
    'request, always with status 200: a picture that cannot be read has an entry with its error and does not disturb the ' +
    'others. Pictures of datasets need the scope `train`. Fields of a form count as the query string does. A function takes some 4.5 MB in one request; larger pictures are uploaded first (`POST /v1/uploads`). A client may say for how ' +
    'long it waits (`Prefer: wait=SECONDS`), so that nobody works on what it will not read.',
  request: {
    params: ModelParamSchema,
    headers: z.object({
      [STICKY_HEADER]: z.string().max(256).optional().meta({
        description:
          'Any text, e.g. the id of a user: requests with the same text are answered by the same version while a canary has a share.',
      }),
    }),
    query: PredictQuerySchema,
    body: {
      required: true,
      content: {
        'image/*': PICTURE,
        'application/octet-stream': PICTURE,
        'multipart/form-data': { schema: { $ref: '#/components/schemas/PredictForm' } },
        'application/json': { schema: { $ref: '#/components/schemas/PredictRequest' } },
      },
    },
  },
  responses: {
    200: {
      description:
        'A prediction, or a list of them; with `heatmap_format=png`, the heatmap over the picture.',
      content: {
        'application/json': { schema: PredictionSchema.or(PredictionListSchema) },
        'image/png': BINARY,
      },
    },
    ...errorResponses(
      ...JSON_ERRORS,
      ...MODEL_ERRORS,
      'multipart-invalid',
      'base64-invalid',
      'too-many-images',
      'image-key-invalid',
      'image-empty',
      'image-too-large',
      'image-unsupported',
      'image-corrupt',
      'image-zero-size',
      'image-too-many-pixels',
      'image-too-many-frames',
      'upload-not-found',
      'picture-not-found',
      'dataset-file-not-found',
      'image-url-refused',
      'image-url-unreachable',
      'key-limited',
      'uploads-too-large',
      'label-unknown',
      'heatmap-unavailable',
      'heatmap-too-large',
      'model-parity-failed',
      'model-needs-memory',
      'server-busy',
      'deadline-passed',
      'quota-exceeded',
    ),
  },
});

/** The route of predictions. */
export function predictRoutes({ lanes, store, limits, predict, fetchPicture }: RouteDeps) {
  const routes = createRoutes();
  const many = { maxItems: limits.imagesPerRequest };
  describeBody(routes, PredictJsonSchema, {
    images: many,
    image_keys: many,
    dataset_files: many,
    image_urls: many,
  });
  describeBody(routes, PredictFormSchema);

  routes.openapi(predictRoute, async (c) => {
    const named = c.req.valid('param').model;
    const { images, isList, query, heatmap, predicted } = await takeTurns(
      { lanes },
      c,
      named,
      async (turns, signal) => {
        const { images, isList, fields } = await readImages(c, limits, { store, fetchPicture, signal });
        const query = withFields(c, c.req.valid('query'), fields);
        const { model, version } = toModelAndVersion(named, query.version);
        const heatmap = toHeatmapRequest(query, isList);
        const explain = query.explain === 'true' ? toExplainRequest(c, query.explain_count) : undefined;
        const [only] = images;
        if (!isList && only?.content instanceof FoveaError) throw only.content;
        const readable = images
          .map(({ content }) => content)
          .filter((content) => content instanceof Uint8Array);
        const predicted = await predict(c, {
          model,
          version,
          draw: drawOf(c.req.valid('header')[STICKY_HEADER]),
          images: readable,
          topK: query.top_k,
          heatmap,
          explain,
          signal,
          turns,
        });
        return { images, isList, query, heatmap, predicted };
      },
    );
    const result = { ...predicted, outcomes: withUnreadable(images, predicted.outcomes) };
    if (heatmap?.draws) return c.body(toPicture(result), 200, { 'Content-Type': 'image/png' });
    const id = `pred-${c.get('requestId')}`;
    const hidesRejected = query.reject === 'true';
    const options = { hidesRejected, toExplanation: await prepareExplanations(store, result) };
    return c.json(isList ? toList(id, result, images, options) : toSingle(id, result, options), 200);
  });

  return routes;
}

/** A number from 0 to 1 that is always the same for a text; undefined without one. */
function drawOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32;
}

/**
 * The settings of a request: its query string, and the fields of a form.
 * @throws {FoveaError} `request-invalid`.
 */
function withFields(
  c: Context<AppEnv>,
  query: z.output<typeof PredictQuerySchema>,
  fields: RequestImages['fields'],
): z.output<typeof PredictQuerySchema> {
  if (fields.length === 0) return query;
  const asked = c.req.query();
  const given = new Map<string, string>();
  for (const [name, value] of fields) {
    const other = given.get(name) ?? (asked[name] === value ? undefined : asked[name]);
    if (other !== undefined)
      throw new FoveaError(
        'request-invalid',
        `The form is not valid. ${name}: it is given twice, ${JSON.stringify(other)} and ${JSON.stringify(value)}. Give it once.`,
        { param: name },
      );
    given.set(name, value);
  }
  const received = { ...asked, ...Object.fromEntries(given) };
  const parsed = PredictQuerySchema.safeParse(received);
  if (!parsed.success) throw toRequestInvalid(parsed.error, 'The form', received);
  return parsed.data;
}

/** An outcome for every picture of the request: its error where it could not be read, else the next prediction. */
function withUnreadable(images: readonly RequestImage[], predicted: readonly ImageOutcome[]): ImageOutcome[] {
  let next = 0;
  return images.map(({ content }) => {
    if (content instanceof FoveaError) return { ok: false, error: content };
    const outcome = predicted[next++];
    if (outcome === undefined) throw new TypeError('A picture has no outcome.');
    return outcome;
  });
}

/** @throws {FoveaError} `request-invalid` where one PNG is asked for, and the request may have many pictures or wants an explanation, too. */
function toHeatmapRequest(
  query: z.output<typeof PredictQuerySchema>,
  isList: boolean,
): HeatmapRequest | undefined {
  const { heatmap: label, heatmap_format: format, heatmap_scale: scale } = query;
  if (label === undefined) return undefined;
  if (format === 'png' && query.explain === 'true') {
    throw new FoveaError(
      'request-invalid',
      'The query string is not valid. explain: the answer is a picture, as heatmap_format is "png", and has no explanation. Ask for it in ' +
        'another request, or take "json".',
      { param: 'explain' },
    );
  }
  if (format === 'png' && isList) {
    throw new FoveaError(
      'request-invalid',
      'The query string is not valid. heatmap_format: "png" is the answer for one picture, and the request may have ' +
        'many. Send one, or take "json".',
      { param: 'heatmap_format' },
    );
  }
  return { label, scale, draws: format === 'png' };
}

/** @throws {FoveaError} the error of the picture. */
function toPicture(result: PredictResult): Uint8Array<ArrayBuffer> {
  const [outcome] = result.outcomes;
  if (outcome?.ok === false) throw outcome.error;
  if (outcome?.heatmap?.png === undefined) throw new TypeError('A heatmap was not drawn.');
  return new Uint8Array(outcome.heatmap.png);
}

/** @throws {FoveaError} the error of the picture. */
function toSingle(id: string, result: PredictResult, options: AnswerOptions): WirePrediction {
  const [outcome] = result.outcomes;
  if (outcome === undefined) throw new TypeError('A prediction without pictures has no outcome.');
  if (!outcome.ok) throw outcome.error;
  return { ...toPrediction(id, result, outcome, options), timing_ms: toWireTiming(result) };
}

function toList(
  id: string,
  result: PredictResult,
  images: readonly RequestImage[],
  options: AnswerOptions,
): WirePredictionList {
  const toEntry = (outcome: ImageOutcome, index: number): WirePredictionList['data'][number] => {
    const place = { index, file: images[index]?.file ?? null };
    if (outcome.ok) return { ...toPrediction(`${id}-${index}`, result, outcome, options), ...place };
    return { object: 'error', ...place, error: toErrorBody(outcome.error).error };
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

type Answer = Extract<ImageOutcome, { ok: true }>;

/** What the answers for all pictures have in common. */
interface AnswerOptions {
  readonly hidesRejected: boolean;
  readonly toExplanation: ToExplanation | undefined;
}

const toPrediction = (
  id: string,
  result: PredictResult,
  answer: Answer,
  { hidesRejected, toExplanation }: AnswerOptions,
) => ({
  ...toPredictionBody(id, result, answer, hidesRejected),
  ...(answer.heatmap === undefined ? {} : { heatmap: toWireHeatmap(answer.heatmap) }),
  ...(toExplanation === undefined ? {} : { explanation: toExplanation(answer) }),
});

function toWireHeatmap(heatmap: NonNullable<Answer['heatmap']>) {
  const { label, index, rows, columns, values, windowHeight, windowWidth } = heatmap;
  return {
    label,
    index,
    rows,
    columns,
    values: Array.from({ length: rows }, (_, row) => [
      ...values.subarray(row * columns, (row + 1) * columns),
    ]),
    window_height: windowHeight,
    window_width: windowWidth,
  };
}

/** Milliseconds to three decimals. */
const toWireTiming = ({
  timingMs: { isCold, load, decode, preprocess, infer, heatmap, explain, total },
}: PredictResult) => {
  const round = (ms: number) => Math.round(ms * 1000) / 1000;
  return {
    cold: isCold,
    load: round(load),
    decode: round(decode),
    preprocess: round(preprocess),
    infer: round(infer),
    ...(heatmap === undefined ? {} : { heatmap: round(heatmap) }),
    ...(explain === undefined ? {} : { explain: round(explain) }),
    total: round(total),
  };
};
