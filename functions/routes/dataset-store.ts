// POST /v1/datasets/{dataset}/files: puts many files into a dataset with one request, as a form or as an archive.

import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { StoredFilesSchema, StoreFilesFormSchema } from '../../api/dataset-files.ts';
import { FILE_NAME_PATTERN, NAME_MAX_BYTES } from '../../api/file-name.ts';
import { integerField } from '../../api/quantities.ts';
import { refuseWhileDatasetRenamed } from '../../core/dataset/dataset-names.ts';
import { openArchive } from '../../core/dataset/open-archive.ts';
import { FoveaError, isFoveaError } from '../../core/errors/errors.ts';
import { imageTooLarge } from '../../core/image/image-errors.ts';
import { DEFAULT_IMAGE_LIMITS } from '../../core/image/image-limits.ts';
import { present } from '../../core/present.ts';
import type { AppDeps, AppEnv } from '../deps/deps.ts';
import { createRoutes } from '../http/app-routes.ts';
import { isArchive, isUnlabeled, mediaTypeOf, unsupportedContentType } from '../http/content-type.ts';
import { createRoute } from '../http/create-route.ts';
import { BODY_ERRORS, errorResponses, WRITE_ERRORS } from '../http/error-responses.ts';
import { describeBody } from '../http/json-body.ts';
import { openBody } from '../http/open-body.ts';
import { readForm } from '../http/read-form.ts';
import { parseDatasetName } from './dataset-name.ts';
import {
  archiveLimits,
  MOST_FOLDERS,
  type Outcome,
  type PlacedEntry,
  placed,
  storeEntry,
} from './store-entry.ts';

const ARCHIVE_FIELD = 'archive';
const ALLOWED = [
  'a .zip or .tar.gz archive as application/zip or application/gzip',
  'multipart/form-data with files',
];
const BINARY = { schema: { type: 'string', format: 'binary', minLength: 1 } } as const;

const storeRoute = createRoute({
  operationId: 'storeDatasetFiles',
  method: 'post',
  path: '/v1/datasets/{dataset}/files',
  tags: ['Datasets'],
  summary: 'Put many files into a dataset',
  description:
    'A form with up to 1,000 files and 64 MiB, or a `.zip` or `.tar.gz` archive of up to 1 GiB with 20,000 entries. In a form, the path of a ' +
    'file is its file name if that has a folder (`apple/1.jpg`), or else the name of the field and the file name; the field `archive` holds an ' +
    'archive. Each file has its own outcome, and does not disturb the others. Sent again, the request stores the same files in the same places. A function ' +
    'takes some 4.5 MB in one request.',
  request: {
    params: z.object({
      dataset: z.string().meta({
        description: 'The name of a dataset; the first file creates it.',
        example: 'fruit',
        pattern: FILE_NAME_PATTERN,
        maxLength: NAME_MAX_BYTES,
      }),
    }),
    query: z.strictObject({
      strip: integerField({
        minimum: 0,
        maximum: MOST_FOLDERS,
        default: 0,
        description: 'How many leading folders are cut off each path of an archive.',
      }),
    }),
    body: {
      required: true,
      content: {
        'application/zip': BINARY,
        'application/gzip': BINARY,
        'multipart/form-data': { schema: { $ref: '#/components/schemas/StoreDatasetFilesForm' } },
      },
    },
  },
  responses: {
    200: {
      description: 'What became of each file.',
      content: { 'application/json': { schema: StoredFilesSchema } },
    },
    ...errorResponses(
      ...BODY_ERRORS,
      ...WRITE_ERRORS,
      'dataset-name-invalid',
      'dataset-in-use',
      'content-type-unsupported',
      'multipart-invalid',
      'too-many-images',
      'archive-invalid',
      'archive-too-large',
      'storage-link-refused',
    ),
  },
});

/** The route that takes many files. */
export function datasetStoreRoutes({ store, limits }: AppDeps) {
  const routes = createRoutes();
  describeBody(routes, StoreFilesFormSchema);
  const bounds = archiveLimits(limits);

  async function* readAll(c: Context<AppEnv>, strip: number): AsyncGenerator<PlacedEntry> {
    const mediaType = mediaTypeOf(c.req.raw);
    if (mediaType === 'multipart/form-data') yield* readFormFiles(c, strip);
    else if (isArchive(mediaType) || isUnlabeled(mediaType)) {
      c.get('bodyTerms').share.take(bounds.fileBytes);
      yield* placed(openArchive(openBody(c, limits.archiveBytes, undefined, false), bounds), strip);
    } else throw unsupportedContentType(mediaType, ALLOWED);
  }

  async function* readFormFiles(c: Context<AppEnv>, strip: number): AsyncGenerator<PlacedEntry> {
    const { files } = await readForm(
      openBody(c, limits.datasetFormBytes, 'Send fewer pictures, or an archive as the body.'),
      present(c.req.header('content-type'), 'a Content-Type of a form'),
      { files: limits.datasetFormFiles, fileBytes: limits.datasetFormBytes },
    );
    if (files.length === 0)
      throw new FoveaError(
        'multipart-invalid',
        'The form has no file: send each picture as a file in a field with the name of its class (curl -F apple=@1.jpg).',
      );
    for (const { name, file, sizeBytes, bytes } of files) {
      const content = bytes ?? imageTooLarge(sizeBytes, DEFAULT_IMAGE_LIMITS.maxBytes);
      if (name === ARCHIVE_FIELD && !(content instanceof FoveaError))
        yield* placed(openArchive(oneChunk(content), bounds), strip);
      else {
        const path = file?.includes('/') ? file : `${name}/${file ?? ''}`;
        yield { path, names: path.split('/'), sizeBytes, content };
      }
    }
  }

  routes.openapi(storeRoute, async (c) => {
    const dataset = parseDatasetName(c.req.valid('param').dataset);
    await refuseWhileDatasetRenamed(store, dataset);
    const data: Outcome[] = [];
    let hidden = 0;
    /** Where in the answer each stored file is, by key. */
    const places = new Map<string, number>();
    try {
      for await (const entry of readAll(c, c.req.valid('query').strip)) {
        const outcome = await storeEntry(store, dataset, entry);
        if (outcome === undefined) {
          hidden++;
          continue;
        }
        if (outcome.key !== null) {
          const before = places.get(outcome.key);
          if (before !== undefined) data[before] = overwritten(present(data[before], 'the file before'));
          places.set(outcome.key, data.length);
        }
        data.push(outcome);
      }
    } catch (error) {
      throw places.size > 0 && isFoveaError(error) ? withStored(error, places.size) : error;
    }
    const stored = places.size;
    const counts = { stored, failed: data.length - stored, hidden };
    return c.json({ object: 'list' as const, data, dataset, ...counts }, 200);
  });

  return routes;
}

/** The outcome of a file in whose place a later one of the request is. */
const overwritten = ({ path, size_bytes }: Outcome): Outcome => ({
  path,
  size_bytes,
  key: null,
  error: {
    code: 'file-overwritten',
    message:
      `${JSON.stringify(path)} is not kept: a later file of the request has the same path and took its place, as when an archive is unpacked. ` +
      'Give each file a path of its own.',
  },
});

async function* oneChunk(bytes: Uint8Array) {
  yield bytes;
}

const withStored = (error: FoveaError, stored: number) =>
  new FoveaError(
    error.code,
    `${error.message} ${stored === 1 ? '1 file before that is' : `${stored} files before that are`} stored.`,
    {
      ...(error.param === undefined ? {} : { param: error.param }),
      details: { ...error.details, stored },
      cause: error,
    },
  );
