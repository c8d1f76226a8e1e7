// Uploads in parts, in the shape of OpenAI's: parts of a large file, one after another, and the end, which makes a file of them.

import { createHash } from 'node:crypto';
import { IdempotencyHeadersSchema } from '../../api/idempotency-key.ts';
import {
  CompleteUploadSchema,
  CreateUploadPartSchema,
  PartUploadIdSchema,
  PartUploadSchema,
  UploadPartSchema,
} from '../../api/upload.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import { createPartUploads, MOST_PART_BYTES, type PartUpload } from '../../core/file/part-uploads.ts';
import { readParts } from '../../core/storage/object-parts.ts';
import type { AppDeps } from '../deps/deps.ts';
import { createRoutes } from '../http/app-routes.ts';
import { createRoute } from '../http/create-route.ts';
import {
  BODY_ERRORS,
  errorResponses,
  IDEMPOTENCY_ERRORS,
  JSON_ERRORS,
  WRITE_ERRORS,
} from '../http/error-responses.ts';
import { idPartsOf } from '../http/idempotent.ts';
import { describeBody, jsonBody } from '../http/json-body.ts';
import { readJsonBody } from '../http/read-json.ts';
import { readOneFile } from '../http/read-one-file.ts';
import { toRequestInvalid } from '../http/request-invalid.ts';
import { findUpload, toWireUpload } from './find-upload.ts';
import { createNewFile, NEW_FILE_ERRORS } from './new-file.ts';

const TAGS = ['Uploads'];
const DATA_FIELD = 'data';
/** What a form has beside the bytes of its file. */
const FORM_BYTES = 64 * 1024;
/** Bytes of a form with a part at most. */
export const MOST_PART_FORM_BYTES = MOST_PART_BYTES + FORM_BYTES;

const uploadResponse = (description: string) => ({
  description,
  content: { 'application/json': { schema: PartUploadSchema } },
});

const addPart = createRoute({
  operationId: 'addUploadPart',
  method: 'post',
  path: '/v1/uploads/{upload_id}/parts',
  tags: TAGS,
  summary: 'Send a part of a file',
  description:
    'A form with `data`, of up to 64 MiB; a function takes some 4.5 MB in one request. Parts may be sent side by side and again; the end of the ' +
    'upload says which count, and their order.',
  request: {
    headers: IdempotencyHeadersSchema,
    params: PartUploadIdSchema,
    body: {
      required: true,
      content: { 'multipart/form-data': { schema: { $ref: '#/components/schemas/CreateUploadPart' } } },
    },
  },
  responses: {
    200: { description: 'The part.', content: { 'application/json': { schema: UploadPartSchema } } },
    ...errorResponses(
      ...BODY_ERRORS,
      ...WRITE_ERRORS,
      ...IDEMPOTENCY_ERRORS,
      'content-type-unsupported',
      'multipart-invalid',
      'too-many-images',
      'upload-not-found',
      'upload-closed',
      'upload-parts-invalid',
      'record-invalid',
    ),
  },
});

const complete = createRoute({
  operationId: 'completeUpload',
  method: 'post',
  path: '/v1/uploads/{upload_id}/complete',
  tags: TAGS,
  summary: 'Make a file of the parts',
  description:
    'The bytes of the parts must be those that were announced. Completed again, it answers with the file that was made.',
  request: { params: PartUploadIdSchema, body: jsonBody('CompleteUpload') },
  responses: {
    200: uploadResponse('The upload, with its file.'),
    ...errorResponses(
      ...JSON_ERRORS,
      ...NEW_FILE_ERRORS,
      'upload-not-found',
      'upload-closed',
      'upload-parts-invalid',
      'record-invalid',
      'record-contended',
    ),
  },
});

const cancel = createRoute({
  operationId: 'cancelUpload',
  method: 'post',
  path: '/v1/uploads/{upload_id}/cancel',
  tags: TAGS,
  summary: 'Give an upload up',
  description: 'Its parts are erased.',
  request: { params: PartUploadIdSchema },
  responses: {
    200: uploadResponse('The upload.'),
    ...errorResponses('upload-not-found', 'upload-closed', 'record-invalid', 'record-contended'),
  },
});

/** The routes of uploads in parts. */
export function uploadPartRoutes(deps: AppDeps) {
  const { store, now, limits } = deps;
  const uploads = createPartUploads(deps);
  const routes = createRoutes();
  for (const schema of [CreateUploadPartSchema, CompleteUploadSchema]) describeBody(routes, schema);

  /** @throws {FoveaError} `upload-closed`. */
  function assertOpen(upload: PartUpload): void {
    const { status } = upload;
    if (status === 'pending' && !uploads.isExpired(upload)) return;
    throw new FoveaError(
      'upload-closed',
      `The upload "${upload.id}" ${status === 'pending' ? 'has expired' : `is ${status}`}. POST /v1/uploads begins another one.`,
      { param: 'upload_id' },
    );
  }
  const toWire = (upload: PartUpload) => toWireUpload(deps, upload);

  routes.openapi(addPart, async (c) => {
    const upload = await findUpload(deps, c, c.req.valid('param').upload_id);
    assertOpen(upload);
    const form = await readOneFile(c, DATA_FIELD, MOST_PART_FORM_BYTES, 'Send smaller parts.');
    const { bytes } = form;
    const fields = { ...form.fields, [DATA_FIELD]: '' };
    const parsed = CreateUploadPartSchema.safeParse(fields);
    if (!parsed.success) throw toRequestInvalid(parsed.error, 'The form', fields, CreateUploadPartSchema);
    if (bytes.byteLength === 0)
      throw new FoveaError('upload-parts-invalid', 'The part is empty. Send the bytes of it.', {
        param: DATA_FIELD,
      });
    const id = await uploads.addPart(upload, bytes, idPartsOf(c)?.digits);
    const created_at = Math.floor(now() / 1000);
    return c.json({ id, object: 'upload.part' as const, created_at, upload_id: upload.id }, 200);
  });

  routes.openapi(complete, async (c) => {
    const upload = await findUpload(deps, c, c.req.valid('param').upload_id);
    const { part_ids: partIds, md5 } = await readJsonBody(c, CompleteUploadSchema, limits.jsonBodyBytes);
    if (upload.status === 'completed') return c.json(await toWire(upload), 200);
    assertOpen(upload);
    const parts = await uploads.parts(upload, partIds);
    const file = { ...upload, expiresAfter: upload.expiresAfter ?? undefined };
    const made = await createNewFile(deps, c, file, checked(readParts(store, parts), md5));
    const ended = await uploads.end(upload.id, made.record.id);
    // Another request has ended it meanwhile, and its end counts.
    if (ended.fileId !== made.record.id) {
      await made.erase();
      if (ended.status !== 'completed') assertOpen(ended);
    }
    return c.json(await toWire(ended), 200);
  });

  routes.openapi(cancel, async (c) => {
    const upload = await findUpload(deps, c, c.req.valid('param').upload_id);
    if (upload.status !== 'cancelled') assertOpen(upload);
    const ended = await uploads.end(upload.id, null);
    if (ended.status === 'completed') assertOpen(ended);
    return c.json(await toWire(ended), 200);
  });

  return routes;
}

/** @throws {FoveaError} `upload-parts-invalid` at the end, where the bytes have another hash. */
async function* checked(
  pieces: AsyncIterable<Uint8Array>,
  md5: string | null | undefined,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('md5');
  for await (const piece of pieces) {
    hash.update(piece);
    yield piece;
  }
  const found = hash.digest('hex');
  if (md5 === undefined || md5 === null || md5.toLowerCase() === found) return;
  throw new FoveaError(
    'upload-parts-invalid',
    `The upload does not make up a file: the MD5 of its parts is ${found}, and ${md5} was expected.`,
    { param: 'md5' },
  );
}
