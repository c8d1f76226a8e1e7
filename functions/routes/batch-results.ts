// GET /v1/batches/{batch_id}/results: the answers of a batch that is over, as one JSONL file made of the objects of its chunks.

import { z } from '@hono/zod-openapi';
import { BatchIdSchema } from '../../api/batch.ts';
import { isErrorLine } from '../../core/batch-prediction/result-line.ts';
import { listResults, readSomeLines } from '../../core/batch-prediction/results.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import { isFinal } from '../../core/job/record/job.ts';
import { readParts, sizeOfParts } from '../../core/storage/object-parts.ts';
import type { AppDeps } from '../deps/deps.ts';
import { createRoutes } from '../http/app-routes.ts';
import { createRoute } from '../http/create-route.ts';
import { errorResponses } from '../http/error-responses.ts';
import { streamOf } from '../http/stream-body.ts';
import { findBatch, unfinished } from './batches.ts';

const JSONL = 'application/jsonl';
const lines = { content: { [JSONL]: { schema: { type: 'string', format: 'binary' } } } } as const;

const getResults = createRoute({
  operationId: 'getBatchResults',
  method: 'get',
  path: '/v1/batches/{batch_id}/results',
  tags: ['Batches'],
  summary: 'Download the results of a batch',
  description:
    'JSONL, a line for each picture, in the order of the input: its prediction, or its own error. A batch that failed, expired or was ' +
    'cancelled gives what was answered by then. A `Range` gives a part; a function answers at most 200 MB at once.',
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
    const headers = { 'Content-Type': JSONL, 'X-Content-Type-Options': 'nosniff' };
    if (c.req.valid('query').only === 'errors')
      return c.body(streamOf(readSomeLines(store, chunks, isErrorLine)), 200, headers);
    const sizeBytes = sizeOfParts(chunks);
    const range = toRange(c.req.valid('header').range, sizeBytes);
    const { start, end } = range ?? { start: 0, end: sizeBytes - 1 };
    return c.body(streamOf(readParts(store, chunks, { start, end })), range === undefined ? 200 : 206, {
      ...headers,
      'Accept-Ranges': 'bytes',
      'Content-Length': String(end + 1 - start),
      ...(range === undefined ? {} : { 'Content-Range': `bytes ${start}-${end}/${sizeBytes}` }),
    });
  });
  return routes;
}

/**
 * The bytes that a `Range` header asks for; undefined where it asks for none, or in a form that is not supported, as RFC 9110 allows.
 * @throws {FoveaError} `range-not-satisfiable`.
 */
function toRange(
  header: string | undefined,
  sizeBytes: number,
): { readonly start: number; readonly end: number } | undefined {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  const start = first === '' ? Math.max(0, sizeBytes - Number(last)) : Number(first);
  const end = first === '' || last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1);
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined;
  if (start < sizeBytes && start <= end) return { start, end };
  throw new FoveaError(
    'range-not-satisfiable',
    `The results have ${sizeBytes} bytes, and the range ${JSON.stringify(header)} has none of them.`,
    { param: 'Range', details: { size_bytes: sizeBytes } },
  );
}
