// POST /v1/uploads: the way in for a picture that is too large for a request to a function. The answer describes a second
// request, which sends the bytes straight to the object store.

import { randomUUID } from 'node:crypto';
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { IdempotencyHeadersSchema } from '../../api/idempotency-key.ts';
import {
  CreateUploadSchema,
  isInParts,
  PartUploadSchema,
  toWirePartUpload,
  UploadSchema,
} from '../../api/upload.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import type { FilePurpose } from '../../core/file/file-record.ts';
import { createPartUploads } from '../../core/file/part-uploads.ts';
import { imageTooLarge } from '../../core/image/image-errors.ts';
import { present } from '../../core/present.ts';
import { keys } from '../../core/storage/keys.ts';
import type { AppDeps, AppEnv } from '../deps/deps.ts';
import { createRoutes } from '../http/app-routes.ts';
import { createRoute } from '../http/create-route.ts';
import { errorResponses, IDEMPOTENCY_ERRORS, JSON_ERRORS, WRITE_ERRORS } from '../http/error-responses.ts';
import { madeBefore, noteMade } from '../http/idempotent.ts';
import { describeBody, jsonBody } from '../http/json-body.ts';
import { readJsonBody } from '../http/read-json.ts';
import { requireNamed } from '../http/require-names.ts';
import { requireScopeFor } from '../http/require-scope.ts';
import { parseClassName, parseDatasetName, parseFileName } from './dataset-name.ts';
import { findUpload, toWireUpload } from './find-upload.ts';
import { checkNewFile, toFilename } from './new-file.ts';

const createUpload = createRoute({
  operationId: 'createUpload',
  method: 'post',
  path: '/v1/uploads',
  tags: ['Uploads'],
  summary: 'Get a link to upload one picture, or begin a file in parts',
  description:
    'With `filename` and `mime_type`, as OpenAI’s clients send them, it begins a file in parts (`POST /v1/uploads/{upload_id}/parts`). Otherwise: for pictures above some 4.5 MB, which a request to a function cannot carry. Send the bytes as the answer says ' +
    '(`method`, `url`, `headers`) within 15 minutes; the link takes exactly `bytes` of them, once. Then predict it with ' +
    '`{"image_key": key}`.',
  request: { headers: IdempotencyHeadersSchema, body: jsonBody('CreateUpload') },
  responses: {
    200: {
      description: 'The link; or the upload of a file in parts.',
      content: { 'application/json': { schema: z.union([UploadSchema, PartUploadSchema]) } },
    },
    ...errorResponses(
      ...JSON_ERRORS,
      ...WRITE_ERRORS,
      'file-too-large',
      'file-invalid',
      'image-too-large',
      'backbone-too-large',
      ...IDEMPOTENCY_ERRORS,
      'dataset-name-invalid',
      'key-invalid',
      'key-too-long',
    ),
  },
});

const newUploadId = () => `upload-${randomUUID()}`;

/** The route that gives upload links, and begins uploads in parts. */
export function uploadRoutes(deps: AppDeps) {
  const { uploads, limits, now } = deps;
  const routes = createRoutes();
  describeBody(routes, CreateUploadSchema, {
    bytes: { maximum: Math.max(limits.uploadBytes, limits.modelUploadBytes, limits.archiveBytes) },
  });

  routes.openapi(createUpload, async (c) => {
    const request = await readJsonBody(c, CreateUploadSchema, limits.jsonBodyBytes);
    if (isInParts(request)) return c.json(await beginParts(c, deps, request), 200);
    const { bytes, mime_type: contentType = 'application/octet-stream', filename } = request;
    // Others come in parts.
    const purpose = request.purpose as z.infer<typeof UploadSchema>['purpose'];
    if (purpose === 'model') checkModelSize(bytes, limits.modelUploadBytes);
    else if (bytes > limits.uploadBytes) throw imageTooLarge(bytes, limits.uploadBytes);
    // A link writes nothing by itself. The same request gets another one to the same place.
    const id = (await madeBefore(c))?.['upload_id'] ?? newUploadId();
    const isForDataset = purpose === 'fine-tune';
    if (isForDataset) requireScopeFor(c, 'train');
    const key = isForDataset ? toDatasetKey(c, present(filename, 'a filename')) : keys.upload(id);
    const link = await uploads.create({ key, sizeBytes: bytes, contentType, mayReplace: isForDataset });
    noteMade(c, { upload_id: id });
    return c.json(
      {
        id,
        object: 'upload' as const,
        bytes,
        created_at: Math.floor(now() / 1000),
        expires_at: Math.floor(link.expiresAtMs / 1000),
        filename: filename ?? null,
        purpose,
        status: 'pending' as const,
        key,
        method: link.method,
        url: new URL(link.url, c.get('publicOrigin') ?? c.req.url).href,
        headers: { ...link.headers },
      },
      200,
    );
  });

  return routes;
}

/** @throws {FoveaError} `file-too-large`, `file-invalid`, `scope-missing`. */
async function beginParts(
  c: Context<AppEnv>,
  deps: AppDeps,
  { bytes, purpose, filename, expires_after: expiry }: z.infer<typeof CreateUploadSchema>,
) {
  // A model comes by a link alone.
  const file = { purpose: purpose as FilePurpose, filename: toFilename(filename ?? null) };
  const expiresAfter = expiry?.seconds;
  checkNewFile(c, { ...file, expiresAfter }, bytes, deps.limits, 'bytes');
  const before = await madeBefore(c);
  if (before !== undefined)
    return toWireUpload(deps, await findUpload(deps, c, present(before['upload_id'], 'the id of an upload')));
  const createdBy = c.get('apiKey')?.name;
  const upload = await createPartUploads(deps).create(newUploadId(), {
    ...file,
    bytes,
    expiresAfter: expiresAfter ?? null,
    ...(createdBy === undefined ? {} : { createdBy }),
  });
  noteMade(c, { upload_id: upload.id });
  return toWirePartUpload(upload, false, undefined);
}

/** @throws {FoveaError} `backbone-too-large`. */
function checkModelSize(sizeBytes: number, allowed: number): void {
  if (sizeBytes <= allowed) return;
  throw new FoveaError(
    'backbone-too-large',
    `The model has ${sizeBytes} bytes; uploads take ${allowed}. Import it on the machine of the data folder: "fovea import-model" takes 2 GB.`,
    { param: 'bytes', details: { received: sizeBytes, allowed } },
  );
}

/** @throws {FoveaError} `request-invalid` where the name has no such form; `dataset-name-invalid`. */
function toDatasetKey(c: Context<AppEnv>, filename: string): string {
  const [dataset = '', ...path] = filename.split('/');
  const file = path.pop();
  if (file === undefined || path.length < 1 || path.length > 2) {
    throw new FoveaError(
      'request-invalid',
      `The request body is not valid. filename: ${JSON.stringify(filename)} must be <dataset>/<class>/<file>, with at ` +
        'most one folder before or in the class.',
      { param: 'filename' },
    );
  }
  requireNamed(c, { dataset });
  return keys.datasetFile(
    parseDatasetName(dataset, 'filename'),
    ...path.map((folder) => parseClassName(folder, 'filename')),
    parseFileName(file, 'filename'),
  );
}
