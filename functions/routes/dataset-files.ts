// The files of a dataset over HTTP: pages of them, one as it is or small, moves to another class, and deletions.

import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import {
  DatasetHoldersSchema,
  DeletedDatasetSchema,
  DeletedFilesSchema,
  DeleteFilesSchema,
  FileListSchema,
  FilePathQuerySchema,
  MovedFilesSchema,
  MoveFilesSchema,
  RenameClassSchema,
  RenameDatasetSchema,
  RenamedDatasetSchema,
} from '../../api/dataset-files.ts';
import { FILE_NAME_PATTERN, NAME_MAX_BYTES } from '../../api/file-name.ts';
import { integerField, Sha256Schema } from '../../api/quantities.ts';
import { contentHashOf } from '../../core/content-hash.ts';
import { readDatasetNames, refuseWhileDatasetRenamed } from '../../core/dataset/dataset-names.ts';
import { inspectDataset } from '../../core/dataset/inspect-dataset.ts';
import { type FileFilter, listDatasetFiles, listStoredFiles } from '../../core/dataset/list-dataset-files.ts';
import { type ExpectedHashes, moveFiles, notFound, pathsOfClass } from '../../core/dataset/move-files.ts';
import { renameDataset } from '../../core/dataset/rename-dataset.ts';
import { SPLITS } from '../../core/dataset/split-folder.ts';
import { assertUnused } from '../../core/erasure/assert-unused.ts';
import { eraseDataset, erasePictures, holdersOfDataset } from '../../core/erasure/erase-pictures.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import { isFileId } from '../../core/file/file-id.ts';
import { imageTooLarge } from '../../core/image/image-errors.ts';
import { removePlace } from '../../core/image/remove-place.ts';
import { SplitFractionsSchema } from '../../core/job/record/job.ts';
import { keys } from '../../core/storage/keys.ts';
import { assertKey, compareKeys } from '../../core/storage/object-key.ts';
import type { StoredObject } from '../../core/storage/object-store.ts';
import { takePage } from '../../core/storage/take-page.ts';
import type { AppDeps, AppEnv } from '../deps/deps.ts';
import { ASK_AGAIN, answerFile, entityTag, names } from '../http/answer-file.ts';
import { createRoutes } from '../http/app-routes.ts';
import { createRoute } from '../http/create-route.ts';
import { errorResponses, JSON_ERRORS, WRITE_ERRORS } from '../http/error-responses.ts';
import { describeBody, jsonBody } from '../http/json-body.ts';
import { readJsonBody } from '../http/read-json.ts';
import { requireNamed } from '../http/require-names.ts';
import { after as timeUpAfter } from './after.ts';
import { parseClassName, parseDatasetName } from './dataset-name.ts';
import { requireDataset } from './require-dataset.ts';
import { toSeenHolders } from './seen-holders.ts';
import { toInspecting } from './to-inspecting.ts';

const TAGS = ['Datasets'];
const MAX_SIDE = 512;
const DEFAULT_SIDE = 128;
const OCTETS = 'application/octet-stream';
const BINARY = { schema: { type: 'string', format: 'binary' } } as const;
const NOSNIFF = { 'X-Content-Type-Options': 'nosniff' } as const;

const name = (description: string, example: string) =>
  z.string().meta({ description, example, pattern: FILE_NAME_PATTERN, maxLength: NAME_MAX_BYTES });
const params = z.object({ dataset: name('The name of a dataset.', 'fruit') });
const ERASE_ERRORS = [
  'dataset-name-invalid',
  'dataset-not-found',
  'dataset-in-use',
  'storage-link-refused',
] as const;
const FILE_ERRORS = [
  'dataset-name-invalid',
  'dataset-file-not-found',
  'key-invalid',
  'key-too-long',
  'image-too-large',
  'storage-link-refused',
  'range-not-satisfiable',
] as const;

const listFiles = createRoute({
  operationId: 'listDatasetFiles',
  method: 'get',
  path: '/v1/datasets/{dataset}/files',
  tags: TAGS,
  summary: 'List the files of a dataset',
  description:
    'With the class, split and findings of each. It inspects the dataset, which is quick where it was inspected before. With `inspect=false` it ' +
    'only lists what is stored.',
  request: {
    params,
    query: z.strictObject({
      class: z.string().max(NAME_MAX_BYTES).optional().meta({ description: 'Only files with this label.' }),
      split: z.enum(SPLITS).optional().meta({ description: 'Only pictures of this split.' }),
      finding: z.string().max(64).optional().meta({
        description: 'Only files with a finding of this code, or in a class with one.',
        example: 'near-duplicate',
      }),
      content_hash: Sha256Schema.optional().meta({
        description: 'Only the file with this sha256, wherever it was moved.',
      }),
      inspect: z
        .enum(['true', 'false'])
        .default('true')
        .meta({
          description:
            '`false`: no file is read. `split`, `width` and `height` are null then, `content_hash` is what earlier inspections know, and ' +
            '`split` and `finding` of the query let no file pass.',
        }),
      after: z
        .string()
        .min(1)
        .max(1024)
        .optional()
        .meta({ description: 'The path of the last file of the page before; this page begins after it.' }),
      limit: integerField({
        minimum: 1,
        maximum: 1000,
        default: 100,
        description: 'How many files to give at most.',
      }),
    }),
  },
  responses: {
    200: { description: 'One page.', content: { 'application/json': { schema: FileListSchema } } },
    ...errorResponses('dataset-name-invalid', 'dataset-not-found', 'dataset-empty', 'dataset-inspecting'),
  },
});

const getContent = createRoute({
  operationId: 'getDatasetFile',
  method: 'get',
  path: '/v1/datasets/{dataset}/files/content',
  tags: TAGS,
  summary: 'Download a file of a dataset',
  description:
    'The bytes as they are stored, but without the place where the picture was taken: GPS tags of EXIF and XMP are blank.',
  request: { params, query: FilePathQuerySchema },
  responses: {
    200: { description: 'The file.', content: { [OCTETS]: BINARY } },
    ...errorResponses(...FILE_ERRORS),
  },
});

const getThumbnail = createRoute({
  operationId: 'getDatasetThumbnail',
  method: 'get',
  path: '/v1/datasets/{dataset}/files/thumbnail',
  tags: TAGS,
  summary: 'Look at a picture of a dataset',
  description: 'A square WebP, the edges of the picture cut off, without metadata.',
  request: {
    params,
    query: FilePathQuerySchema.extend({
      size: integerField({
        minimum: 16,
        maximum: MAX_SIDE,
        default: DEFAULT_SIDE,
        description: 'Pixels of a side.',
      }),
      content_hash: Sha256Schema.optional().meta({
        description: 'The sha256 that the file must have; another file at the path counts as none.',
      }),
    }),
  },
  responses: {
    200: { description: 'The picture.', content: { 'image/webp': BINARY } },
    ...errorResponses(...FILE_ERRORS, 'thumbnail-unavailable'),
  },
});

const move = createRoute({
  operationId: 'moveDatasetFiles',
  method: 'post',
  path: '/v1/datasets/{dataset}/files/move',
  tags: TAGS,
  summary: 'Move files to another class',
  description:
    'Corrects labels. Each file keeps its split, and its name unless another picture has it: then it gets a number (`1-2.jpg`). Send the ' +
    'request again where it broke off: files that were moved already are not found at their old place, and the error names the new one.',
  request: { params, body: jsonBody('MoveDatasetFiles') },
  responses: {
    200: {
      description: 'What became of each.',
      content: { 'application/json': { schema: MovedFilesSchema } },
    },
    ...errorResponses(
      ...JSON_ERRORS,
      ...WRITE_ERRORS,
      ...ERASE_ERRORS,
      'key-invalid',
      'key-too-long',
      'key-conflict',
    ),
  },
});

const deleteFiles = createRoute({
  operationId: 'deleteDatasetFiles',
  method: 'post',
  path: '/v1/datasets/{dataset}/files/delete',
  tags: TAGS,
  summary: 'Delete files for good',
  description:
    'With all earlier versions, what inspections and the cache of features hold of them, uploads and files of the same bytes, and contact sheets of ' +
    "the dataset's jobs. What may still hold something of them is named.",
  request: { params, body: jsonBody('DeleteDatasetFiles') },
  responses: {
    200: { description: 'They are gone.', content: { 'application/json': { schema: DeletedFilesSchema } } },
    ...errorResponses(...JSON_ERRORS, ...ERASE_ERRORS, 'dataset-file-changed', 'key-invalid', 'key-too-long'),
  },
});

const deleteClass = createRoute({
  operationId: 'deleteDatasetClass',
  method: 'delete',
  path: '/v1/datasets/{dataset}/classes/{class}',
  tags: TAGS,
  summary: 'Delete all files of a class for good',
  request: { params: params.extend({ class: name('The label.', 'banana') }) },
  responses: {
    200: { description: 'They are gone.', content: { 'application/json': { schema: DeletedFilesSchema } } },
    ...errorResponses(...ERASE_ERRORS, 'dataset-class-not-found'),
  },
});

const renameClass = createRoute({
  operationId: 'renameDatasetClass',
  method: 'post',
  path: '/v1/datasets/{dataset}/classes/{class}/rename',
  tags: TAGS,
  summary: 'Give a class another name',
  description:
    'Moves its files. Into a class that exists it merges them. Send the request again where it broke off.',
  request: { params: params.extend({ class: name('The label.', 'banana') }), body: jsonBody('RenameClass') },
  responses: {
    200: {
      description: 'What became of each file.',
      content: { 'application/json': { schema: MovedFilesSchema } },
    },
    ...errorResponses(
      ...JSON_ERRORS,
      ...WRITE_ERRORS,
      ...ERASE_ERRORS,
      'dataset-class-not-found',
      'key-invalid',
      'key-too-long',
      'key-conflict',
    ),
  },
});

const deleteDataset = createRoute({
  operationId: 'deleteDataset',
  method: 'delete',
  path: '/v1/datasets/{dataset}',
  tags: TAGS,
  summary: 'Delete a dataset for good',
  description:
    'With all earlier versions of its files, its splits and everything that is cached of it. Models that were trained on it stay, and are named.',
  request: { params },
  responses: {
    200: { description: 'It is gone.', content: { 'application/json': { schema: DeletedDatasetSchema } } },
    ...errorResponses(...ERASE_ERRORS),
  },
});

const listHolders = createRoute({
  operationId: 'listDatasetHolders',
  method: 'get',
  path: '/v1/datasets/{dataset}/holders',
  tags: TAGS,
  summary: 'See what a deletion would leave',
  description:
    'Names what a deletion of the dataset names as `also_held_by`: every version of a model that was trained on it, jobs, batches, and copies. ' +
    'Deletes nothing.',
  request: { params },
  responses: {
    200: { description: 'They stay.', content: { 'application/json': { schema: DatasetHoldersSchema } } },
    ...errorResponses('dataset-name-invalid', 'dataset-not-found'),
  },
});

const rename = createRoute({
  operationId: 'renameDataset',
  method: 'post',
  path: '/v1/datasets/{dataset}/rename',
  tags: TAGS,
  summary: 'Rename a dataset',
  description:
    'Its files and splits get the new name, and the old one is free. At every moment one of both names stands for the dataset. Models, jobs, ' +
    'reports and snapshots keep the name that they saw. A large dataset takes several requests: send it again while the answer is ' +
    '`dataset-renaming`, or where it was interrupted. Meanwhile nothing else changes or uses the dataset.',
  request: { params, body: jsonBody('RenameDataset') },
  responses: {
    200: { description: 'It is renamed.', content: { 'application/json': { schema: RenamedDatasetSchema } } },
    ...errorResponses(
      ...JSON_ERRORS,
      ...WRITE_ERRORS,
      ...ERASE_ERRORS,
      'dataset-exists',
      'dataset-renaming',
      'key-too-long',
      'record-contended',
    ),
  },
});

/** What files must be. @throws {FoveaError} `request-invalid` for a path that the request does not name. */
function expectedOf({
  paths,
  content_hashes: expected = {},
}: {
  readonly paths: readonly string[];
  readonly content_hashes?: ExpectedHashes | undefined;
}): ExpectedHashes {
  const named = new Set(paths);
  const other = Object.keys(expected).find((path) => !named.has(path));
  if (other === undefined) return expected;
  throw new FoveaError(
    'request-invalid',
    `The request body is not valid. content_hashes: "${other}" is not among the paths. Name it there, or leave its hash out.`,
    { param: 'content_hashes' },
  );
}

/** The routes of a dataset's files. */
export function datasetFileRoutes(deps: AppDeps) {
  const { store, jobs, limits, version } = deps;
  const routes = createRoutes();
  for (const schema of [MoveFilesSchema, DeleteFilesSchema, RenameClassSchema, RenameDatasetSchema])
    describeBody(routes, schema);

  /** @throws {FoveaError} `dataset-name-invalid`, `dataset-not-found`. */
  async function existing(raw: string): Promise<string> {
    const dataset = parseDatasetName(raw);
    await requireDataset(store, dataset, 'dataset');
    return dataset;
  }

  async function readFile(rawDataset: string, path: string): Promise<StoredObject> {
    const key = `${keys.dataset(parseDatasetName(rawDataset))}${path}`;
    assertKey(key);
    const info = await store.head(key);
    if (info === undefined) throw notFound(path, 'path');
    if (info.sizeBytes > limits.datasetFileBytes)
      throw imageTooLarge(info.sizeBytes, limits.datasetFileBytes);
    const object = await store.get(key);
    if (object === undefined) throw notFound(path, 'path');
    return object;
  }

  async function erase(
    c: Context<AppEnv>,
    dataset: string,
    paths: readonly string[],
    expected: ExpectedHashes = {},
  ) {
    await refuseWhileDatasetRenamed(store, dataset);
    const erased = await erasePictures(deps, dataset, paths, expected);
    return {
      object: 'dataset.files' as const,
      dataset,
      deleted: true as const,
      paths: [...erased.paths],
      also_held_by: toSeenHolders(c, erased.holders),
    };
  }

  async function moveTo(
    dataset: string,
    paths: readonly string[],
    label: string,
    expected: ExpectedHashes = {},
  ) {
    await refuseWhileDatasetRenamed(store, dataset);
    await assertUnused(jobs, dataset);
    const moved = await moveFiles(store, dataset, paths, label, expected);
    const data = moved.map((file) =>
      'error' in file
        ? { path: file.path, moved_to: null, error: { code: file.error.code, message: file.error.message } }
        : { path: file.path, moved_to: file.movedTo, error: null },
    );
    return { object: 'list' as const, data };
  }

  async function listInspected(dataset: string, filter: FileFilter, signal: AbortSignal) {
    const inspection = await inspectDataset(store, dataset, {
      split: SplitFractionsSchema.parse({}),
      signal,
      isTimeUp: timeUpAfter(limits.inspectionMs),
      tidies: true,
    }).catch(toInspecting);
    return listDatasetFiles(store, inspection, filter);
  }

  const listStored = async (dataset: string, filter: FileFilter, signal: AbortSignal) =>
    filter.split !== undefined || filter.finding !== undefined
      ? []
      : listStoredFiles(store, dataset, filter, { signal });

  routes.openapi(listFiles, async (c) => {
    const dataset = await existing(c.req.valid('param').dataset);
    const query = c.req.valid('query');
    const { class: label, split, finding, content_hash: contentHash, inspect, after, limit } = query;
    const filter = { label, split, finding, contentHash };
    const files =
      inspect === 'false'
        ? await listStored(dataset, filter, c.req.raw.signal)
        : await listInspected(dataset, filter, c.req.raw.signal);
    const later = after === undefined ? files : files.filter(({ path }) => compareKeys(path, after) > 0);
    const { items, hasMore } = await takePage(later, limit);
    const data = items.map(({ path, sizeBytes, label: ofFile, item, contentHash, findings }) => ({
      object: 'dataset.file' as const,
      dataset,
      path,
      class: ofFile,
      split: item?.split ?? null,
      size_bytes: sizeBytes,
      width: item?.width ?? null,
      height: item?.height ?? null,
      content_hash: contentHash,
      findings: [...findings],
    }));
    return c.json({ object: 'list' as const, data, has_more: hasMore }, 200);
  });

  routes.openapi(getContent, async (c) => {
    const stored = await readFile(c.req.valid('param').dataset, c.req.valid('query').path);
    const body = Uint8Array.from(removePlace(stored.body));
    return answerFile(c, {
      etag: entityTag(stored.etag, version),
      sizeBytes: body.byteLength,
      contentType: OCTETS,
      cacheControl: ASK_AGAIN,
      headers: { 'Content-Disposition': 'attachment', ...NOSNIFF },
      read: ({ start, end }) => body.subarray(start, end + 1),
    });
  });

  routes.openapi(getThumbnail, async (c) => {
    const { path, size, content_hash: contentHash } = c.req.valid('query');
    const stored = await readFile(c.req.valid('param').dataset, path);
    if (contentHash !== undefined && contentHashOf(stored.body) !== contentHash) throw notFound(path, 'path');
    const etag = entityTag(stored.etag, size, version);
    if (names(c.req.header('If-None-Match'), etag))
      return c.body(null, 304, { ETag: etag, 'Cache-Control': ASK_AGAIN });
    const { makeThumbnail } = await import('../../core/image/make-thumbnail.ts');
    const thumbnail = await makeThumbnail(stored.body, size).catch((error: unknown) => {
      throw error instanceof FoveaError ? thumbnailUnavailable(path, error) : error;
    });
    const body = Uint8Array.from(thumbnail);
    return answerFile(c, {
      etag,
      sizeBytes: body.byteLength,
      contentType: 'image/webp',
      cacheControl: ASK_AGAIN,
      headers: NOSNIFF,
      read: ({ start, end }) => body.subarray(start, end + 1),
    });
  });

  routes.openapi(move, async (c) => {
    const dataset = await existing(c.req.valid('param').dataset);
    const body = await readJsonBody(c, MoveFilesSchema, limits.jsonBodyBytes);
    const expected = expectedOf(body);
    return c.json(await moveTo(dataset, body.paths, parseClassName(body.class), expected), 200);
  });

  routes.openapi(deleteFiles, async (c) => {
    // A dataset whose last file is gone may still have earlier versions of files.
    const dataset = parseDatasetName(c.req.valid('param').dataset);
    const body = await readJsonBody(c, DeleteFilesSchema, limits.jsonBodyBytes);
    return c.json(await erase(c, dataset, body.paths, expectedOf(body)), 200);
  });

  routes.openapi(deleteClass, async (c) => {
    const dataset = await existing(c.req.valid('param').dataset);
    const label = parseClassName(c.req.valid('param').class);
    return c.json(await erase(c, dataset, await pathsOfClass(store, dataset, label)), 200);
  });

  routes.openapi(renameClass, async (c) => {
    const dataset = await existing(c.req.valid('param').dataset);
    const { class: label } = await readJsonBody(c, RenameClassSchema, limits.jsonBodyBytes);
    const paths = await pathsOfClass(store, dataset, parseClassName(c.req.valid('param').class));
    return c.json(await moveTo(dataset, paths, parseClassName(label)), 200);
  });

  routes.openapi(deleteDataset, async (c) => {
    const dataset = await existing(c.req.valid('param').dataset);
    await refuseWhileDatasetRenamed(store, dataset);
    const also_held_by = toSeenHolders(c, await eraseDataset(deps, dataset));
    return c.json({ id: dataset, object: 'dataset' as const, deleted: true as const, also_held_by }, 200);
  });

  routes.openapi(listHolders, async (c) => {
    const dataset = await existing(c.req.valid('param').dataset);
    const data = toSeenHolders(c, await holdersOfDataset(deps, dataset));
    return c.json({ object: 'list' as const, data }, 200);
  });

  routes.openapi(rename, async (c) => {
    const dataset = parseDatasetName(c.req.valid('param').dataset);
    const body = await readJsonBody(c, RenameDatasetSchema, limits.jsonBodyBytes);
    const to = parseDatasetName(body.name, 'name');
    for (const name of [dataset, to]) if (isFileId(name)) throw namedByFile(name);
    requireNamed(c, { dataset: to });
    // By the old name there is nothing any more, where only erasing is left.
    if ((await readDatasetNames(store, to))?.renamedFrom !== dataset)
      await requireDataset(store, dataset, 'dataset');
    const refuse = async () => {
      await assertUnused(jobs, dataset);
      await assertUnused(jobs, to);
    };
    await refuse();
    await renameDataset(store, dataset, to, { refuse, isTimeUp: timeUpAfter(limits.inspectionMs) });
    const former_names = [...((await readDatasetNames(store, to))?.former ?? [])];
    return c.json({ object: 'dataset' as const, dataset: to, former_names }, 200);
  });

  return routes;
}

/** The request was right, and the file is none of which a picture could be made. */
const thumbnailUnavailable = (path: string, { code, message }: FoveaError) =>
  new FoveaError('thumbnail-unavailable', `There is no thumbnail of "${path}". ${message}`, {
    param: 'path',
    details: { path, reason: code },
  });

const namedByFile = (name: string) =>
  new FoveaError(
    'dataset-name-invalid',
    `${JSON.stringify(name)} is the id of a file, whose dataset has its name as long as there is the file.`,
    { param: 'name' },
  );
