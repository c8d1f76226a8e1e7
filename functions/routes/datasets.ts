// Datasets over HTTP: lists them, inspects one, and puts files into one.

import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import {
  DatasetFileSchema,
  DatasetListSchema,
  DatasetProgressSchema,
  DatasetSchema,
  KeepFindingsSchema,
  KeptFindingsSchema,
  toWireInspection,
  toWireSummary,
} from '../../api/dataset.ts';
import { FILE_NAME_PATTERN, NAME_MAX_BYTES } from '../../api/file-name.ts';
import { NamePageQuerySchema } from '../../api/pagination.ts';
import { filterConcurrently, mapConcurrently } from '../../core/concurrently.ts';
import { isHiddenDataset, refuseWhileDatasetRenamed } from '../../core/dataset/dataset-names.ts';
import { readSummary } from '../../core/dataset/dataset-summary.ts';
import { inspectDataset } from '../../core/dataset/inspect-dataset.ts';
import { InspectionUnfinished } from '../../core/dataset/inspection-unfinished.ts';
import { keepFindings, MOST_KEPT, readKeptFindings } from '../../core/dataset/kept-findings.ts';
import { putFile } from '../../core/dataset/put-file.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import { IMAGE_ERROR_CODES } from '../../core/image/image-errors.ts';
import { SplitFractionsSchema } from '../../core/job/record/job.ts';
import { keys } from '../../core/storage/keys.ts';
import { takeIf, takePage } from '../../core/storage/take-page.ts';
import type { AppDeps, AppEnv } from '../deps/deps.ts';
import { createRoutes } from '../http/app-routes.ts';
import { createRoute } from '../http/create-route.ts';
import { BODY_ERRORS, errorResponses, JSON_ERRORS, WRITE_ERRORS } from '../http/error-responses.ts';
import { describeBody, jsonBody } from '../http/json-body.ts';
import { readBody } from '../http/read-body.ts';
import { readJsonBody } from '../http/read-json.ts';
import { maySee } from '../http/require-names.ts';
import { after } from './after.ts';
import { parseClassName, parseDatasetName, parseFileName } from './dataset-name.ts';
import { requireDataset } from './require-dataset.ts';

const TAGS = ['Datasets'];
const name = (description: string, example: string) =>
  z.string().meta({ description, example, pattern: FILE_NAME_PATTERN, maxLength: NAME_MAX_BYTES });

const listDatasets = createRoute({
  operationId: 'listDatasets',
  method: 'get',
  path: '/v1/datasets',
  tags: TAGS,
  summary: 'List datasets',
  description: 'With the numbers of the last inspection of each.',
  request: { query: NamePageQuerySchema },
  responses: {
    200: {
      description: 'One page, by name.',
      content: { 'application/json': { schema: DatasetListSchema } },
    },
    ...errorResponses(),
  },
});

const getDataset = createRoute({
  operationId: 'inspectDataset',
  method: 'get',
  path: '/v1/datasets/{dataset}',
  tags: TAGS,
  summary: 'Inspect a dataset',
  description:
    'Counts pictures by class and default split, and lists what is wrong with which file. Reads every picture once; what it found out is ' +
    'kept until a file changes. A large dataset takes several requests: send it again while the answer is 202.',
  request: {
    params: z.object({ dataset: name('The name of a dataset.', 'fruit') }),
    query: z.strictObject({
      decode: z.enum(['header', 'full']).default('full').meta({
        description:
          '`header` is quicker and finds files that are not pictures; `full` also finds pictures that are damaged behind their header.',
      }),
    }),
  },
  responses: {
    200: { description: 'What was found.', content: { 'application/json': { schema: DatasetSchema } } },
    202: {
      description: 'The inspection is not finished. Send the same request again.',
      content: { 'application/json': { schema: DatasetProgressSchema } },
    },
    ...errorResponses('dataset-name-invalid', 'dataset-not-found', 'dataset-empty'),
  },
});

const putFileRoute = createRoute({
  operationId: 'putDatasetFile',
  method: 'put',
  path: '/v1/datasets/{dataset}/{class}/{file}',
  tags: TAGS,
  summary: 'Put a picture into a dataset',
  description:
    'Creates the file or replaces it. The first file of a dataset or a class creates that, too. A file whose header is not that of a ' +
    'picture is refused; damage behind the header is found when the dataset is inspected.',
  request: {
    params: z.object({
      dataset: name('The name of a dataset.', 'fruit'),
      class: name('The label of the picture.', 'banana'),
      file: name('The name of the file.', '1.jpg'),
    }),
    body: {
      required: true,
      content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary', minLength: 1 } } },
    },
  },
  responses: {
    200: { description: 'Stored.', content: { 'application/json': { schema: DatasetFileSchema } } },
    ...errorResponses(
      ...BODY_ERRORS,
      ...WRITE_ERRORS,
      ...IMAGE_ERROR_CODES,
      'dataset-name-invalid',
      'dataset-in-use',
      'key-invalid',
      'key-too-long',
      'key-conflict',
      'storage-link-refused',
    ),
  },
});

const putNestedFile = createRoute({
  operationId: 'putNestedDatasetFile',
  method: 'put',
  path: '/v1/datasets/{dataset}/{folder}/{subfolder}/{file}',
  tags: TAGS,
  summary: 'Put a picture into a split or a subfolder of a class',
  description:
    '`train/banana/1.jpg`, where the dataset has its own split, or `banana/ripe/1.jpg`, a picture of `banana`.',
  request: {
    params: z.object({
      dataset: name('The name of a dataset.', 'fruit'),
      folder: name('`train`, `validation` or `test`; or a label.', 'train'),
      subfolder: name('The label of the picture; or a folder within it.', 'banana'),
      file: name('The name of the file.', '1.jpg'),
    }),
    body: putFileRoute.request.body,
  },
  responses: putFileRoute.responses,
});

const KEPT = '/v1/datasets/{dataset}/kept_findings';
const keptAnswer = {
  200: {
    description: 'All that are kept.',
    content: { 'application/json': { schema: KeptFindingsSchema } },
  },
};

const listKept = createRoute({
  operationId: 'getKeptFindings',
  method: 'get',
  path: KEPT,
  tags: TAGS,
  summary: 'See which findings are kept',
  request: { params: getDataset.request.params },
  responses: { ...keptAnswer, ...errorResponses('dataset-name-invalid', 'dataset-not-found') },
});

const keep = createRoute({
  operationId: 'keepFindings',
  method: 'post',
  path: KEPT,
  tags: TAGS,
  summary: 'Keep findings as they are',
  description:
    'Findings that somebody looked at and found right are not counted any more. They go by the content of pictures, so a picture may be moved. ' +
    `Of a dataset ${MOST_KEPT.toLocaleString('en-US')} are kept; the oldest give way. The record goes with the dataset when that is renamed or deleted.`,
  request: { params: getDataset.request.params, body: jsonBody('KeepFindings') },
  responses: {
    ...keptAnswer,
    ...errorResponses(
      ...JSON_ERRORS,
      ...WRITE_ERRORS,
      'dataset-name-invalid',
      'dataset-not-found',
      'dataset-in-use',
      'record-contended',
    ),
  },
});

/** The routes of datasets. */
export function datasetRoutes({ store, limits }: AppDeps) {
  const routes = createRoutes();
  describeBody(routes, KeepFindingsSchema);

  routes.openapi(listDatasets, async (c) => {
    const { after, limit } = c.req.valid('query');
    const names = store.listFolders(keys.datasets(), after === undefined ? {} : { startAfter: after });
    const allowed = takeIf(names, (dataset) => maySee(c, { dataset }));
    const isShown = async (dataset: string) => !(await isHiddenDataset(store, dataset));
    const { items, hasMore } = await takePage(filterConcurrently(allowed, isShown, limit + 1), limit);
    const data = await mapConcurrently(items, async (dataset) => ({
      object: 'dataset' as const,
      dataset,
      inspection: toWireSummary(await readSummary(store, dataset)),
    }));
    return c.json({ object: 'list' as const, data, has_more: hasMore }, 200);
  });

  routes.openapi(getDataset, async (c) => {
    const dataset = parseDatasetName(c.req.valid('param').dataset);
    await requireDataset(store, dataset, 'dataset');
    try {
      const inspection = await inspectDataset(store, dataset, {
        split: SplitFractionsSchema.parse({}),
        decode: c.req.valid('query').decode,
        signal: c.req.raw.signal,
        isTimeUp: after(limits.inspectionMs),
        tidies: true,
      });
      const kept = await readKeptFindings(store, dataset);
      const status = 'inspected' as const;
      return c.json({ object: 'dataset' as const, status, ...toWireInspection(inspection, kept) }, 200);
    } catch (error) {
      if (!(error instanceof InspectionUnfinished)) throw error;
      const files = { done: error.done, total: error.total };
      return c.json({ object: 'dataset' as const, dataset, status: 'inspecting' as const, files }, 202);
    }
  });

  routes.openapi(listKept, async (c) => {
    const dataset = parseDatasetName(c.req.valid('param').dataset);
    await requireDataset(store, dataset, 'dataset');
    const ids = [...(await readKeptFindings(store, dataset))];
    return c.json({ object: 'dataset.kept_findings' as const, dataset, ids }, 200);
  });

  routes.openapi(keep, async (c) => {
    const dataset = parseDatasetName(c.req.valid('param').dataset);
    const { ids: named, keep: isKept } = await readJsonBody(c, KeepFindingsSchema, limits.jsonBodyBytes);
    await requireDataset(store, dataset, 'dataset');
    await refuseWhileDatasetRenamed(store, dataset);
    const ids = [...(await keepFindings(store, dataset, named, isKept))];
    return c.json({ object: 'dataset.kept_findings' as const, dataset, ids }, 200);
  });

  async function putPicture(c: Context<AppEnv>, dataset: string, ...path: readonly string[]) {
    const body = await readBody(c, limits.datasetFileBytes);
    if (body.byteLength === 0) {
      throw new FoveaError('body-missing', 'The request has no body: send the bytes of the picture.');
    }
    await refuseWhileDatasetRenamed(store, dataset);
    const key = await putFile(store, dataset, path, body);
    return { object: 'dataset.file' as const, dataset, key, size_bytes: body.byteLength };
  }

  routes.openapi(putFileRoute, async (c) => {
    const { dataset, class: label, file } = c.req.valid('param');
    return c.json(
      await putPicture(c, parseDatasetName(dataset), parseClassName(label), parseFileName(file)),
      200,
    );
  });

  routes.openapi(putNestedFile, async (c) => {
    const { dataset, folder, subfolder, file } = c.req.valid('param');
    const path = [
      parseClassName(folder, 'folder'),
      parseClassName(subfolder, 'subfolder'),
      parseFileName(file),
    ];
    return c.json(await putPicture(c, parseDatasetName(dataset), ...path), 200);
  });

  return routes;
}
