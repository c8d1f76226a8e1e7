// GET /v1/batches/{batch_id}/next-to-label: the pictures of a batch in the order in which to label them.

import { LRUCache } from 'lru-cache';
import { BatchIdSchema } from '../../api/batch.ts';
import {
  NextToLabelQuerySchema,
  NextToLabelSchema,
  toWireCounts,
  toWirePictureToLabel,
} from '../../api/next-to-label.ts';
import { type OrderedPictures, orderToLabel } from '../../core/batch-prediction/order-to-label.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import { isFinal } from '../../core/job/record/job.ts';
import { takePage } from '../../core/storage/take-page.ts';
import type { AppDeps } from '../deps/deps.ts';
import { createRoutes } from '../http/app-routes.ts';
import { createRoute } from '../http/create-route.ts';
import { errorResponses } from '../http/error-responses.ts';
import { findBatch, unfinished } from './batches.ts';

/** Answers of a batch that is over do not change, and who labels asks for page after page. */
const KEPT_ORDERS = 4;

const nextToLabel = createRoute({
  operationId: 'listNextToLabel',
  method: 'get',
  path: '/v1/batches/{batch_id}/next-to-label',
  tags: ['Batches'],
  summary: 'List the pictures of a batch in the order in which to label them',
  description:
    'What the model is least sure of comes first, by the margin between the two likeliest labels, with the model’s label and scores. A picture ' +
    'of an inspected dataset that looks like one further up comes last. For a batch that is over, with 100,000 pictures at most.',
  request: { params: BatchIdSchema, query: NextToLabelQuerySchema },
  responses: {
    200: { description: 'One page.', content: { 'application/json': { schema: NextToLabelSchema } } },
    ...errorResponses('batch-not-found', 'batch-unfinished', 'batch-order-unavailable', 'record-invalid'),
  },
});

/** The route that orders the pictures of a batch. */
export function nextToLabelRoutes(deps: AppDeps) {
  const routes = createRoutes();
  const orders = new LRUCache<string, OrderedPictures>({ max: KEPT_ORDERS });
  routes.openapi(nextToLabel, async (c) => {
    const { batch_id: id } = c.req.valid('param');
    const { record, batch } = await findBatch(deps, c, id);
    if (!isFinal(record.status)) throw unfinished(id, 'ordered');
    const ordered = orders.get(id) ?? (await orderToLabel(deps.store, id, batch, c.req.raw.signal));
    orders.set(id, ordered);
    const { after, limit } = c.req.valid('query');
    const start = after === undefined ? 0 : placeAfter(ordered, Number(after));
    const { items, hasMore } = await takePage(ordered.pictures.slice(start), limit);
    return c.json(
      {
        object: 'list' as const,
        data: items.map(toWirePictureToLabel),
        has_more: hasMore,
        measure: 'margin' as const,
        model: record.model,
        model_version: batch.version,
        request_counts: toWireCounts(ordered),
      },
      200,
    );
  });
  return routes;
}

/** @throws {FoveaError} `request-invalid` where no picture that is ordered has this number. */
function placeAfter({ pictures }: OrderedPictures, index: number): number {
  const at = pictures.findIndex((picture) => picture.index === index);
  if (at !== -1) return at + 1;
  throw new FoveaError(
    'request-invalid',
    `The query string is not valid. after: ${index} is not the index of a picture with an answer. Send that of the last entry of a page.`,
    { param: 'after' },
  );
}
