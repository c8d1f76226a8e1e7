// GET /v1/models/{model}/files/{file}: the files of a version, for whoever runs the model elsewhere.

import { z } from '@hono/zod-openapi';
import pLimit from 'p-limit';
import { WireCertificateSchema, WireManifestSchema, WireParitySchema } from '../../api/manifest.ts';
import { ModelParamSchema, VersionSchema } from '../../api/model.ts';
import { certificateFile } from '../../core/certificate/certificate-files.ts';
import { contentHashOf } from '../../core/content-hash.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import { isPublicFile, listModelFiles } from '../../core/model/list-model-files.ts';
import { PARITY_FILE } from '../../core/model/parity.ts';
import { readManifest } from '../../core/model/read-manifest.ts';
import { REPORT_FILE, REPORT_PAGE_FILE } from '../../core/model/report.ts';
import { resolveVersion } from '../../core/model/versions.ts';
import { keys } from '../../core/storage/keys.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import type { AppDeps } from '../deps/deps.ts';
import { ASK_AGAIN, answerFile, entityTag, type FileRange } from '../http/answer-file.ts';
import { createRoutes } from '../http/app-routes.ts';
import { createRoute } from '../http/create-route.ts';
import { errorResponses, MODEL_ERRORS } from '../http/error-responses.ts';
import { requirePicturesOf } from '../http/named-objects.ts';
import { explainMissingModel } from './missing-model.ts';
import { readModelRecord } from './model-records.ts';
import { toModelAndVersion } from './models.ts';

/** TensorFlow.js's own format; its paths are relative to this address. */
const TfjsModelSchema = z
  .looseObject({ format: z.string().meta({ description: 'The format, as TensorFlow.js names it.' }) })
  .meta({ id: 'TfjsModel', description: 'A model as TensorFlow.js loads it.' });

const download = createRoute({
  operationId: 'getModelFile',
  method: 'get',
  path: '/v1/models/{model}/files/{file}',
  tags: ['Models'],
  summary: 'Download a file of a model',
  description:
    '`model.onnx`, `model-fp16.onnx`, `model-int8.onnx`, `heatmap.onnx`, `events.out.tfevents.fovea`; for a browser, ' +
    '`tfjs-model.json`, which `tf.loadLayersModel` takes by its address. `manifest.json` says what they are and ' +
    '`parity.json` what they answer, with pictures, so that the key has to allow the dataset, as for `report.json` and `report.html`: both in the names of this API, so that their bytes are not those that are stored. ' +
    '`preprocessing.json` says how a picture becomes the input, with `preprocess.py`, `.mjs` and `.cpp`, which follow it, and a picture ' +
    'with its input, `preprocessing-check.png` and `.npy`. ' +
    'Name a version (`fruit:3`) where several files have to go together. `Range` gives a part of a file, with status 206, and ' +
    '`If-None-Match` status 304 where you have it already.',
  request: {
    params: ModelParamSchema.extend({
      file: z.string().meta({ description: 'Name of the file.', example: 'tfjs-model.json' }),
    }),
    query: z.strictObject({ version: VersionSchema }),
  },
  responses: {
    200: {
      description: 'The file.',
      content: {
        'application/octet-stream': { schema: { type: 'string', format: 'binary' } },
        'application/json': {
          schema: z.union([WireManifestSchema, WireParitySchema, WireCertificateSchema, TfjsModelSchema]),
        },
      },
    },
    ...errorResponses(...MODEL_ERRORS, 'model-file-not-found', 'record-invalid', 'range-not-satisfiable'),
  },
});

/** Files with pictures of the dataset, or names of them. */
const SHOWS_PICTURES: ReadonlySet<string> = new Set([PARITY_FILE, REPORT_FILE, REPORT_PAGE_FILE]);
/** An hour: who names a number asks for what does not change while it is there. */
const KEPT_FOR_A_WHILE = 'private, max-age=3600, no-transform';
const NOSNIFF = { 'X-Content-Type-Options': 'nosniff' };
/** Bytes read from the store at a time, which a download holds in memory. */
const CHUNK_BYTES = 4 * 1024 * 1024;

/** The route that downloads a model's files. */
export function modelFileRoutes({ store, jobs }: AppDeps) {
  const routes = createRoutes();
  routes.openapi(download, async (c) => {
    const { model: reference, file } = c.req.valid('param');
    const { model, version } = toModelAndVersion(reference, c.req.valid('query').version);
    const resolved = await resolveVersion(store, model, version).catch(explainMissingModel(jobs, model));
    if (SHOWS_PICTURES.has(file))
      requirePicturesOf(c, (await readManifest(store, model, resolved)).dataset ?? undefined);
    // Another model may get the name and the number after this one is deleted, so that caches forget it after a while.
    const cacheControl = version === resolved ? KEPT_FOR_A_WHILE : ASK_AGAIN;
    const facts = { contentType: contentTypeOf(file), cacheControl, headers: NOSNIFF };
    const answerBytes = (bytes: Uint8Array<ArrayBuffer>) =>
      answerFile(c, {
        ...facts,
        etag: entityTag(contentHashOf(bytes)),
        sizeBytes: bytes.byteLength,
        read: ({ start, end }) => bytes.subarray(start, end + 1),
      });
    const record = await readModelRecord(file, store, model, resolved);
    if (record !== undefined) return answerBytes(new TextEncoder().encode(JSON.stringify(record)));
    const key = isPublicFile(file) ? keys.modelFile(model, resolved, file) : undefined;
    const info = key === undefined ? undefined : await store.head(key);
    if (info !== undefined)
      return answerFile(c, {
        ...facts,
        etag: entityTag(info.etag),
        sizeBytes: info.sizeBytes,
        read: (range) => streamObject(store, info.key, range),
      });
    const made = await makeCertificate(store, model, resolved, file);
    if (made !== undefined) return answerBytes(made);
    throw await fileNotFound(store, model, resolved, file);
  });
  return routes;
}

const contentTypeOf = (file: string) =>
  file.endsWith('.json') ? 'application/json' : 'application/octet-stream';

/** Loading a model takes memory beside what the predictor has, so certificates are made one after the other. */
const oneAtATime = pLimit(1);

/** A file of the certificate of a version that was made before there were certificates; undefined for other files. */
async function makeCertificate(store: ObjectStore, model: string, version: string, file: string) {
  const made = await oneAtATime(async () => {
    const manifest = await readManifest(store, model, version);
    return certificateFile(file, manifest, async () => {
      const key = keys.modelFile(model, version, manifest.onnx.file);
      const stored = await store.get(key);
      if (stored !== undefined) return stored.body;
      throw new FoveaError('model-corrupt', `The model file "${key}" is missing. Restore it from a backup.`);
    });
  });
  return typeof made === 'string' ? new TextEncoder().encode(made) : made && new Uint8Array(made);
}

/** Reads a part of an object chunk by chunk. All chunks are of one state, because files of a version never change. */
function streamObject(
  store: ObjectStore,
  key: string,
  { start: from, end: last }: FileRange,
): ReadableStream<Uint8Array> {
  let start = from;
  return new ReadableStream(
    {
      async pull(controller) {
        const end = Math.min(start + CHUNK_BYTES - 1, last);
        const chunk = await store.get(key, { range: { start, end } });
        if (chunk === undefined) throw new Error(`The object "${key}" was deleted while it was sent.`);
        controller.enqueue(chunk.body);
        start = end + 1;
        if (start > last) controller.close();
      },
    },
    { highWaterMark: 0 },
  );
}

async function fileNotFound(store: ObjectStore, model: string, version: string, file: string) {
  const files = await listModelFiles(store, model, version);
  return new FoveaError(
    'model-file-not-found',
    `Version "${version}" of model "${model}" has no file ${JSON.stringify(file.slice(0, 80))}. It has: ${files.join(', ')}.`,
    { param: 'file', details: { files } },
  );
}
