// Snapshots of a dataset over HTTP: what jobs saw, and what changed between two of them.

import { z } from '@hono/zod-openapi';
import {
  MOST_NAMED,
  SnapshotDiffSchema,
  SnapshotIdSchema,
  SnapshotListSchema,
  SnapshotSchema,
} from '../../api/dataset-snapshot.ts';
import { FILE_NAME_PATTERN, NAME_MAX_BYTES } from '../../api/file-name.ts';
import { PageQuerySchema } from '../../api/pagination.ts';
import {
  diffSnapshots,
  type PicturePlace,
  requireDatasetSnapshot,
} from '../../core/dataset/dataset-snapshots.ts';
import { openKnownFiles } from '../../core/dataset/known-files.ts';
import { DEFAULT_IMAGE_LIMITS } from '../../core/image/image-limits.ts';
import { keys } from '../../core/storage/keys.ts';
import { takePage } from '../../core/storage/take-page.ts';
import type { AppDeps } from '../deps/deps.ts';
import { createRoutes } from '../http/app-routes.ts';
import { createRoute } from '../http/create-route.ts';
import { errorResponses } from '../http/error-responses.ts';
import { parseDatasetName } from './dataset-name.ts';

const TAGS = ['Datasets'];
const params = z.object({
  dataset: z.string().meta({
    description: 'The name of a dataset.',
    example: 'fruit',
    pattern: FILE_NAME_PATTERN,
    maxLength: NAME_MAX_BYTES,
  }),
});
const snapshot = SnapshotIdSchema.meta({
  description: 'The id of a snapshot.',
  example: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
});
const ERRORS = [
  'dataset-name-invalid',
  'dataset-snapshot-not-found',
  'record-invalid',
  'format-newer',
] as const;

const list = createRoute({
  operationId: 'listDatasetSnapshots',
  method: 'get',
  path: '/v1/datasets/{dataset}/snapshots',
  tags: TAGS,
  summary: 'List what jobs saw of a dataset',
  request: { params, query: PageQuerySchema },
  responses: {
    200: { description: 'One page.', content: { 'application/json': { schema: SnapshotListSchema } } },
    ...errorResponses('dataset-name-invalid'),
  },
});

const get = createRoute({
  operationId: 'getDatasetSnapshot',
  method: 'get',
  path: '/v1/datasets/{dataset}/snapshots/{snapshot}',
  tags: TAGS,
  summary: 'Get what a job saw of a dataset',
  request: { params: params.extend({ snapshot }) },
  responses: {
    200: { description: 'The snapshot.', content: { 'application/json': { schema: SnapshotSchema } } },
    ...errorResponses(...ERRORS),
  },
});

const diff = createRoute({
  operationId: 'diffDatasetSnapshots',
  method: 'get',
  path: '/v1/datasets/{dataset}/snapshots/{snapshot}/diff',
  tags: TAGS,
  summary: 'Compare what two jobs saw of a dataset',
  request: {
    params: params.extend({ snapshot }),
    query: z.strictObject({
      since: SnapshotIdSchema.meta({
        description: 'The id of the earlier snapshot.',
        example: '60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752',
      }),
    }),
  },
  responses: {
    200: {
      description: 'What is different.',
      content: { 'application/json': { schema: SnapshotDiffSchema } },
    },
    ...errorResponses(...ERRORS),
  },
});

/** The routes of snapshots. */
export function datasetSnapshotRoutes({ store }: AppDeps) {
  const routes = createRoutes();

  const existing = (dataset: string, id: string, param: string) =>
    requireDatasetSnapshot(store, dataset, id, param);

  routes.openapi(list, async (c) => {
    const prefix = keys.datasetSnapshots(parseDatasetName(c.req.valid('param').dataset));
    const { after, limit } = c.req.valid('query');
    const start = after === undefined ? {} : { startAfter: `${prefix}${after}.json` };
    const { items, hasMore } = await takePage(store.list(prefix, start), limit);
    const data = items.map(({ key, lastModified }) => ({
      object: 'dataset.snapshot' as const,
      id: key.slice(prefix.length, -'.json'.length),
      created_at: Math.floor(lastModified.getTime() / 1000),
    }));
    return c.json({ object: 'list' as const, data, has_more: hasMore }, 200);
  });

  routes.openapi(get, async (c) => {
    const { dataset: raw, snapshot: id } = c.req.valid('param');
    const dataset = parseDatasetName(raw);
    const { classes } = await existing(dataset, id, 'snapshot');
    const counts = classes.map(({ label, train, validation, test }) => ({
      label,
      train: train.length,
      validation: validation.length,
      test: test.length,
    }));
    return c.json({ object: 'dataset.snapshot' as const, id, dataset, classes: counts }, 200);
  });

  routes.openapi(diff, async (c) => {
    const { dataset: raw, snapshot: id } = c.req.valid('param');
    const dataset = parseDatasetName(raw);
    const { since } = c.req.valid('query');
    const [before, after] = [
      await existing(dataset, since, 'since'),
      await existing(dataset, id, 'snapshot'),
    ];
    const { added, removed, moved } = diffSnapshots(before, after);
    const toPlace = ({ label, split }: PicturePlace) => ({ class: label, split });
    const named = [added, removed, moved].flatMap((pictures): readonly { readonly id: string }[] =>
      pictures.slice(0, MOST_NAMED),
    );
    const known = await openKnownFiles(store, dataset, DEFAULT_IMAGE_LIMITS);
    const prefix = keys.dataset(dataset);
    const files = new Set<string>();
    for await (const { key } of store.list(prefix)) files.add(key.slice(prefix.length));
    const ids = new Set(named.map(({ id: picture }) => picture));
    const paths = known.pathsOf(ids, (path) => files.has(path));
    const first = <T extends { readonly id: string }, W>(
      pictures: readonly T[],
      toWire: (picture: T) => W,
    ) => ({
      count: pictures.length,
      pictures: pictures
        .slice(0, MOST_NAMED)
        .map((picture) => ({ id: picture.id, path: paths.get(picture.id) ?? null, ...toWire(picture) })),
    });
    return c.json(
      {
        object: 'dataset.diff' as const,
        before: since,
        after: id,
        added: first(added, toPlace),
        removed: first(removed, toPlace),
        moved: first(moved, ({ from, to }) => ({ from: toPlace(from), to: toPlace(to) })),
      },
      200,
    );
  });

  return routes;
}
