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
import { IdempotencyHeadersSchema } from '../../api/idempotency-key.ts';
import { toIdPage } from '../../api/pagination.ts';
import { eraseDataset } from '../../core/erasure/erase-pictures.ts';
import { FoveaError, isFoveaError } from '../../core/errors/errors.ts';
import type { FileRecord } from '../../core/file/file-record.ts';
import { createFileStore } from '../../core/file/file-store.ts';
import type { JobStore } from '../../core/job/record/job-store.ts';
import { present } from '../../core/present.ts';
import { readParts } from '../../core/storage/object-parts.ts';
import type { AppDeps, AppEnv } from '../deps/deps.ts';
import { createRoutes } from '../http/app-routes.ts';
import { createRoute } from '../http/create-route.ts';
import { BODY_ERRORS, errorResponses, IDEMPOTENCY_ERRORS, WRITE_ERRORS } from '../http/error-responses.ts';
import { madeBefore, noteMade } from '../http/idempotent.ts';
import { describeBody } from '../http/json-body.ts';
import { OPERATION_SCOPES } from '../http/operation-scopes.ts';
import { readOneFile } from '../http/read-one-file.ts';
import { toRequestInvalid } from '../http/request-invalid.ts';
import { requireScopeFor } from '../http/require-scope.ts';
import { streamOf } from '../http/stream-body.ts';
import { findBatchOutput } from './batch-outputs.ts';
import { findFile, isOwnFile, maySeeFile } from './file-rights.ts';
import { checkNewFile, createNewFile, NEW_FILE_ERRORS, type NewFile, toFilename } from './new-file.ts';
import { toSeenHolders } from './seen-holders.ts';

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
    headers: IdempotencyHeadersSchema,
    body: {
      required: true,
      content: { [FORM]: { schema: { $ref: '#/components/schemas/CreateFile' } } },
    },
  },
  responses: {
    200: fileResponse('The file.'),
    ...errorResponses(
      ...BODY_ERRORS,
      ...NEW_FILE_ERRORS,
      ...IDEMPOTENCY_ERRORS,
      'content-type-unsupported',
      'multipart-invalid',
      'too-many-images',
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
    'With all versions that a bucket keeps. A file that an open batch or job reads is refused. With one for fine-tuning goes its dataset; models stay, and are named. Of a batch, the file with predictions takes all results with it.',
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

  /** A dataset of another key is deleted as any dataset is, by an administrator. */
  async function eraseItsDataset(c: Context<AppEnv>, file: FileRecord) {
    if (!isOwnFile(c, file)) requireScopeFor(c, OPERATION_SCOPES.deleteDataset);
    const holders = await eraseDataset(deps, file.id).catch((error: unknown) => {
      if (!isFoveaError(error, 'dataset-in-use')) throw error;
      const { jobs: training = [], batches = [] } = (error.details ?? {}) as Partial<
        Record<string, string[]>
      >;
      const users = [...training, ...batches];
      throw new FoveaError(
        'file-in-use',
        `The file "${file.id}" is in use: ${users.join(', ')} ${users.length === 1 ? 'is' : 'are'} not over. Wait for the end, or cancel.`,
        { param: 'file_id', details: { jobs: training, batches } },
      );
    });
    return toSeenHolders(
      c,
      holders.filter(({ kind }) => kind !== 'file'),
    );
  }

  routes.openapi(create, async (c) => {
    const { filename, bytes, fields } = await readOneFile(c, FILE_FIELD, limits.datasetFormBytes, ADVICE);
    const file = toNewFile(filename, fields);
    checkNewFile(c, file, bytes.byteLength, limits, FILE_FIELD);
    const before = await madeBefore(c);
    if (before !== undefined)
      return c.json(
        toWireFile(await findFile(files, c, present(before['file_id'], 'the id of a file'))),
        200,
      );
    const { record } = await createNewFile(deps, c, file, oneChunk(bytes));
    noteMade(c, { file_id: record.id });
    return c.json(toWireFile(record), 200);
  });

  routes.openapi(list, async (c) => {
    const { purpose, ...page } = c.req.valid('query');
    const { files: found, hasMore } = await files.list({
      ...page,
      matches: (file) => (purpose === undefined || file.purpose === purpose) && maySeeFile(c, file),
    });
    return c.json(toIdPage(found.map(toWireFile), hasMore), 200);
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
    if (output !== undefined) {
      await output.erase();
      return c.json({ id, object: 'file' as const, deleted: true as const }, 200);
    }
    const file = await findFile(files, c, id);
    await assertNoBatchReads(jobs, id);
    const held = file.purpose === 'fine-tune' ? { also_held_by: await eraseItsDataset(c, file) } : {};
    await files.erase(id);
    return c.json({ id, object: 'file' as const, deleted: true as const, ...held }, 200);
  });

  return routes;
}

async function* oneChunk(bytes: Uint8Array) {
  yield bytes;
}

/** @throws {FoveaError} `request-invalid`. */
function toNewFile(filename: string | null, sent: Readonly<Record<string, string>>): NewFile {
  const fields = { ...sent, file: '' };
  const parsed = CreateFileSchema.safeParse(fields);
  if (!parsed.success) throw toRequestInvalid(parsed.error, 'The form', fields, CreateFileSchema);
  const { purpose, 'expires_after[seconds]': expiresAfter } = parsed.data;
  return { purpose, filename: toFilename(filename), expiresAfter };
}

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
