// POST /v1/datasets/{dataset}/uploads: hundreds of upload links for pictures of a dataset in one request. The bytes go straight to the
// object store.

import { z } from '@hono/zod-openapi';
import { CreateDatasetUploadsSchema, DatasetUploadsSchema } from '../../api/dataset-uploads.ts';
import { FILE_NAME_PATTERN, NAME_MAX_BYTES } from '../../api/file-name.ts';
import { refuseWhileDatasetRenamed } from '../../core/dataset/dataset-names.ts';
import { imageTooLarge } from '../../core/image/image-errors.ts';
import { keys } from '../../core/storage/keys.ts';
import type { AppDeps } from '../deps/deps.ts';
import { createRoutes } from '../http/app-routes.ts';
import { createRoute } from '../http/create-route.ts';
import { errorResponses, JSON_ERRORS } from '../http/error-responses.ts';
import { describeBody, jsonBody } from '../http/json-body.ts';
import { readJsonBody } from '../http/read-json.ts';
import { parseDatasetName, parseFilePath } from './dataset-name.ts';

/** A split and a class, or a class and a folder in it. */
const MOST_FOLDERS = 2;

const createUploads = createRoute({
  operationId: 'createDatasetUploads',
  method: 'post',
  path: '/v1/datasets/{dataset}/uploads',
  tags: ['Datasets'],
  summary: 'Get links to upload many pictures into a dataset',
  description:
    'Each link takes exactly `bytes` bytes to one path within 15 minutes, and creates the file or replaces it. All links or none are given.',
  request: {
    params: z.object({
      dataset: z.string().meta({
        description: 'The name of a dataset; the first file creates it.',
        example: 'fruit',
        pattern: FILE_NAME_PATTERN,
        maxLength: NAME_MAX_BYTES,
      }),
    }),
    body: jsonBody('CreateDatasetUploads'),
  },
  responses: {
    200: { description: 'The links.', content: { 'application/json': { schema: DatasetUploadsSchema } } },
    ...errorResponses(
      ...JSON_ERRORS,
      'image-too-large',
      'dataset-name-invalid',
      'dataset-in-use',
      'key-invalid',
      'key-too-long',
    ),
  },
});

/** The route that gives many upload links. */
export function datasetUploadRoutes({ store, uploads, limits }: AppDeps) {
  const routes = createRoutes();
  describeBody(routes, CreateDatasetUploadsSchema, { 'files.bytes': { maximum: limits.uploadBytes } });

  routes.openapi(createUploads, async (c) => {
    const dataset = parseDatasetName(c.req.valid('param').dataset);
    await refuseWhileDatasetRenamed(store, dataset);
    const { files } = await readJsonBody(c, CreateDatasetUploadsSchema, limits.jsonBodyBytes);
    const grants = files.map(({ path, bytes, mime_type: contentType }, index) => {
      if (bytes > limits.uploadBytes) throw imageTooLarge(bytes, limits.uploadBytes);
      const key = keys.datasetFile(dataset, ...parseFilePath(path, `files.${index}.path`, MOST_FOLDERS));
      return { path, key, sizeBytes: bytes, contentType, mayReplace: true };
    });
    const data = [];
    for (const { path, ...grant } of grants) {
      const link = await uploads.create(grant);
      data.push({
        object: 'dataset.upload' as const,
        path,
        key: grant.key,
        bytes: grant.sizeBytes,
        expires_at: Math.floor(link.expiresAtMs / 1000),
        method: link.method,
        url: new URL(link.url, c.get('publicOrigin') ?? c.req.url).href,
        headers: { ...link.headers },
      });
    }
    return c.json({ object: 'list' as const, data }, 200);
  });

  return routes;
}
