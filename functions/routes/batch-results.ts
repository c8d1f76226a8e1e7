// GET /v1/batches/{batch_id}/results: the answers of a batch that is over, as one JSONL file made of the objects of its chunks.

import { z } from '@hono/zod-openapi';
import { BatchIdSchema } from '../../api/batch.ts';
import { isErrorLine } from '../../core/batch-prediction/result-line.ts';
import { listResults, readSomeLines } from '../../core/batch-prediction/results.ts';
import { isFinal } from '../../core/job/record/job.ts';
import { readParts, sizeOfParts } from '../../core/storage/object-parts.ts';
import type { AppDeps } from '../deps/deps.ts';
import { ASK_AGAIN, answerFile, entityTag } from '../http/answer-file.ts';
import { createRoutes } from '../http/app-routes.ts';
import { createRoute } from '../http/create-route.ts';
import { errorResponses } from '../http/error-responses.ts';
import { streamOf } from '../http/stream-body.ts';
import { findBatch, unfinished } from './batches.ts';

const JSONL = 'application/jsonl';
const NOSNIFF = { 'X-Content-Type-Options': 'nosniff' };
const lines = { content: { [JSONL]: { schema: { type: 'string', format: 'binary' } } } } as const;

const getResults = createRoute({
  operationId: 'getBatchResults',
  method: 'get',
  path: '/v1/batches/{batch_id}/results',
  tags: ['Batches'],
  summary: 'Download the results of a batch',
  description:
    'JSONL, a line for each picture, in the order of the input: its prediction, or its own error. A batch that failed, expired or was ' +
    'cancelled gives what was answered by then. A `Range` gives a part, and `If-None-Match` status 304 where you have them already; a function answers at most 200 MB at once.',
  request: {
    params: BatchIdSchema,
    query: z.strictObject({
      only: z
        .enum(['errors'])
        .optional()
        .meta({ description: 'Only the lines of pictures with errors; takes no `Range`.' }),
    }),
    headers: z.object({
      range: z
        .string()
        .optional()
        .meta({ description: 'One range of bytes, e.g. `bytes=0-9999999`. Others are ignored.' }),
    }),
  },
  responses: {
    200: { description: 'All lines.', ...lines },
    206: { description: 'The bytes of the range.', ...lines },
    ...errorResponses('batch-not-found', 'batch-unfinished', 'range-not-satisfiable', 'record-invalid'),
  },
});

/** The route that gives the results of a batch. */
export function batchResultRoutes(deps: AppDeps) {
  const { store } = deps;
  const routes = createRoutes();
  routes.openapi(getResults, async (c) => {
    const { batch_id: id } = c.req.valid('param');
    const { record } = await findBatch(deps, c, id);
    if (!isFinal(record.status)) throw unfinished(id, 'downloaded');
    const chunks = await listResults(store, id);
    if (c.req.valid('query').only === 'errors')
      return c.body(streamOf(readSomeLines(store, chunks, isErrorLine)), 200, {
        'Content-Type': JSONL,
        ...NOSNIFF,
      });
    return answerFile(c, {
      etag: entityTag(...chunks.map(({ etag }) => etag)),
      sizeBytes: sizeOfParts(chunks),
      contentType: JSONL,
      cacheControl: ASK_AGAIN,
      headers: NOSNIFF,
      read: (range) => streamOf(readParts(store, chunks, range)),
    });
  });
  return routes;
}
