// Files over HTTP, in the shape of OpenAI's: create, list, get, download, delete. What a file is for decides what becomes of it.

import type { Context } from 'hono';
import {
  CreateFileSchema,
  DeletedFileSchema,
  FileIdSchema,
  FileListSchema,
  FileQuerySchema,
  FileSchema,
  toWireFile,
} from '../../api/file.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import { createFileStore } from '../../core/file/file-store.ts';
import type { JobStore } from '../../core/job/record/job-store.ts';
import { present } from '../../core/present.ts';
import { readParts } from '../../core/storage/object-parts.ts';
import type { AppDeps, AppEnv } from '../deps/deps.ts';
import { createRoutes } from '../http/app-routes.ts';
import { mediaTypeOf, unsupportedContentType } from '../http/content-type.ts';
import { createRoute } from '../http/create-route.ts';
import { BODY_ERRORS, errorResponses, WRITE_ERRORS } from '../http/error-responses.ts';
import { formInvalid } from '../http/form-errors.ts';
import { describeBody } from '../http/json-body.ts';
import { openBody } from '../http/open-body.ts';
import { readForm } from '../http/read-form.ts';
import { toRequestInvalid } from '../http/request-invalid.ts';
import { streamOf } from '../http/stream-body.ts';
import { findBatchOutput } from './batch-outputs.ts';
import { findFile, maySeeFile } from './file-rights.ts';
import { checkNewFile, createNewFile, type NewFile, newFileId } from './new-file.ts';

const TAGS = ['Files'];
const FORM = 'multipart/form-data';
const OCTETS = 'application/octet-stream';
const FILE_FIELD = 'file';
const ADVICE = 'Send it in parts (POST /v1/uploads, POST /v1/uploads/{upload_id}/parts).';

const fileResponse = (description: string) => ({
  description,
  content: { 'application/json': { schema: FileSchema } },
});

const create = createRoute({
  operationId: 'createFile',
  method: 'post',
  path: '/v1/files',
  tags: TAGS,
  summary: 'Send a file',
  description:
    'A form with `file` and `purpose`, of up to 64 MiB; larger ones are sent in parts (`POST /v1/uploads`). A function takes some 4.5 MB in one ' +
    'request. `fine-tune` needs the scope `train`.',
  request: {
    body: {
      required: true,
      content: { [FORM]: { schema: { $ref: '#/components/schemas/CreateFile' } } },
    },
  },
  responses: {
    200: fileResponse('The file.'),
    ...errorResponses(
      ...BODY_ERRORS,
      ...WRITE_ERRORS,
      'content-type-unsupported',
      'multipart-invalid',
      'too-many-images',
      'file-too-large',
      'file-invalid',
    ),
  },
});

const list = createRoute({
  operationId: 'listFiles',
  method: 'get',
  path: '/v1/files',
  tags: TAGS,
  summary: 'List files',
  description:
    'A key that may only predict sees the files that it sent, here and everywhere. The files that batches make are named by their batches.',
  request: { query: FileQuerySchema },
  responses: {
    200: { description: 'One page.', content: { 'application/json': { schema: FileListSchema } } },
    ...errorResponses(),
  },
});

const get = createRoute({
  operationId: 'getFile',
  method: 'get',
  path: '/v1/files/{file_id}',
  tags: TAGS,
  summary: 'Get what is known of a file',
  request: { params: FileIdSchema },
  responses: { 200: fileResponse('The file.'), ...errorResponses('file-not-found', 'record-invalid') },
});

const getContent = createRoute({
  operationId: 'getFileContent',
  method: 'get',
  path: '/v1/files/{file_id}/content',
  tags: TAGS,
  summary: 'Download a file',
  description:
    'The bytes as they were sent; of a batch, the lines of its results. A function answers at most 200 MB at once.',
  request: { params: FileIdSchema },
  responses: {
    200: {
      description: 'The bytes.',
      content: { [OCTETS]: { schema: { type: 'string', format: 'binary' } } },
    },
    ...errorResponses('file-not-found', 'record-invalid'),
  },
});

const remove = createRoute({
  operationId: 'deleteFile',
  method: 'delete',
  path: '/v1/files/{file_id}',
  tags: TAGS,
  summary: 'Delete a file for good',
  description:
    'With all versions that a bucket keeps. A file that an open batch reads is refused. Of a batch, the file with predictions takes all results with it.',
  request: { params: FileIdSchema },
  responses: {
    200: { description: 'It is gone.', content: { 'application/json': { schema: DeletedFileSchema } } },
    ...errorResponses('file-not-found', 'file-in-use', 'record-invalid', ...WRITE_ERRORS),
  },
});

/** The routes of files. */
export function fileRoutes(deps: AppDeps) {
  const { store, jobs, limits } = deps;
  const files = createFileStore(deps);
  const routes = createRoutes();
  describeBody(routes, CreateFileSchema);

  routes.openapi(create, async (c) => {
    const { file, bytes } = await readFileForm(c, limits.datasetFormBytes);
    checkNewFile(file, bytes.byteLength, limits, FILE_FIELD);
    return c.json(
      toWireFile(await createNewFile(deps, c, newFileId(deps, file), file, oneChunk(bytes))),
      200,
    );
  });

  routes.openapi(list, async (c) => {
    const { purpose, ...page } = c.req.valid('query');
    const { files: found, hasMore } = await files.list({
      ...page,
      matches: (file) => (purpose === undefined || file.purpose === purpose) && maySeeFile(c, file),
    });
    const data = found.map(toWireFile);
    return c.json(
      {
        object: 'list' as const,
        data,
        first_id: data[0]?.id ?? null,
        last_id: data.at(-1)?.id ?? null,
        has_more: hasMore,
      },
      200,
    );
  });

  routes.openapi(get, async (c) => {
    const { file_id: id } = c.req.valid('param');
    const output = await findBatchOutput(deps, c, id);
    if (output !== undefined) return c.json(await output.toWire(), 200);
    return c.json(toWireFile(await findFile(files, c, id)), 200);
  });

  routes.openapi(getContent, async (c) => {
    const { file_id: id } = c.req.valid('param');
    const headers = { 'Content-Type': OCTETS, 'X-Content-Type-Options': 'nosniff' };
    const output = await findBatchOutput(deps, c, id);
    if (output !== undefined) return c.body(streamOf(output.content()), 200, headers);
    const { bytes } = await findFile(files, c, id);
    const content = readParts(store, await files.parts(id));
    return c.body(streamOf(content), 200, { ...headers, 'Content-Length': String(bytes) });
  });

  routes.openapi(remove, async (c) => {
    const { file_id: id } = c.req.valid('param');
    const output = await findBatchOutput(deps, c, id);
    if (output === undefined) {
      await findFile(files, c, id);
      await assertNoBatchReads(jobs, id);
      await files.erase(id);
    } else await output.erase();
    return c.json({ id, object: 'file' as const, deleted: true as const }, 200);
  });

  return routes;
}

async function* oneChunk(bytes: Uint8Array) {
  yield bytes;
}

/** @throws {FoveaError} `multipart-invalid`, `request-invalid`, `content-type-unsupported`, `body-too-large`. */
async function readFileForm(
  c: Context<AppEnv>,
  limitBytes: number,
): Promise<{ readonly file: NewFile; readonly bytes: Uint8Array }> {
  const mediaType = mediaTypeOf(c.req.raw);
  if (mediaType !== FORM) throw unsupportedContentType(mediaType, [`${FORM} with "file" and "purpose"`]);
  const form = await readForm(
    openBody(c, limitBytes, ADVICE),
    present(c.req.header('content-type'), 'a Content-Type of a form'),
    { files: 1, fileBytes: limitBytes, fileNames: new Set([FILE_FIELD]) },
  );
  const [sent] = form.files;
  if (sent?.name !== FILE_FIELD || sent.bytes === undefined)
    throw formInvalid('it has no file in a field with the name "file"', FILE_FIELD);
  const fields = { ...Object.fromEntries(form.fields), file: '' };
  const parsed = CreateFileSchema.safeParse(fields);
  if (!parsed.success) throw toRequestInvalid(parsed.error, 'The form', fields, CreateFileSchema);
  const { purpose, 'expires_after[seconds]': expiresAfter } = parsed.data;
  return { file: { purpose, filename: nameOf(sent.file), expiresAfter }, bytes: sent.bytes };
}

const NAME_MAX_LENGTH = 255;
/** The last part of the path that a client sent as the name. */
const nameOf = (file: string | null): string =>
  (file ?? '').split(/[/\\]/).at(-1)?.slice(-NAME_MAX_LENGTH) || FILE_FIELD;

/** @throws {FoveaError} `file-in-use`. */
async function assertNoBatchReads(jobs: Pick<JobStore, 'open'>, id: string): Promise<void> {
  for await (const { id: batch, prediction } of jobs.open())
    if (prediction?.source.key === id)
      throw new FoveaError(
        'file-in-use',
        `The file "${id}" is read by the batch "${batch}", which is not over. Wait for its end, or cancel it (POST /v1/batches/${batch}/cancel).`,
        { param: 'file_id', details: { batch_id: batch } },
      );
}
