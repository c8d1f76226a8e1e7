// GET /v1/fine_tuning/jobs/{id}/contact-sheet: the picture of a training batch that a job saves before it trains.

import { JobIdSchema } from '../../api/job-id.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import { isFinal } from '../../core/job/record/job.ts';
import { jobNotFound } from '../../core/job/record/job-records.ts';
import { keys } from '../../core/storage/keys.ts';
import type { AppDeps } from '../deps/deps.ts';
import { ASK_AGAIN, answerFile, entityTag } from '../http/answer-file.ts';
import { createRoutes } from '../http/app-routes.ts';
import { createRoute } from '../http/create-route.ts';
import { errorResponses } from '../http/error-responses.ts';

const PNG = 'image/png';

const getContactSheet = createRoute({
  operationId: 'getContactSheet',
  method: 'get',
  path: '/v1/fine_tuning/jobs/{fine_tuning_job_id}/contact-sheet',
  tags: ['Fine-tuning'],
  summary: 'Look at a training batch of a job',
  description:
    'Pictures of the training split with their labels, augmented as the network sees them, as one PNG. It exists once the ' +
    'job has begun to train.',
  request: { params: JobIdSchema },
  responses: {
    200: {
      description: 'The picture.',
      content: { [PNG]: { schema: { type: 'string', format: 'binary' } } },
    },
    ...errorResponses('job-not-found', 'contact-sheet-missing', 'range-not-satisfiable'),
  },
});

/** The route of a job's contact sheet. */
export function contactSheetRoutes({ jobs, store }: Pick<AppDeps, 'jobs' | 'store'>) {
  const routes = createRoutes();
  routes.openapi(getContactSheet, async (c) => {
    const { fine_tuning_job_id: id } = c.req.valid('param');
    const job = await jobs.get(id);
    if (job === undefined) throw jobNotFound(id);
    const sheet = await store.get(keys.jobContactSheet(id), { signal: c.req.raw.signal });
    if (sheet === undefined) {
      throw new FoveaError(
        'contact-sheet-missing',
        `Job "${id}" has no contact sheet${isFinal(job.status) ? ': it ended before it trained' : ' yet: it is drawn when training begins'}.`,
        { param: 'fine_tuning_job_id' },
      );
    }
    const body = Uint8Array.from(sheet.body);
    return answerFile(c, {
      etag: entityTag(sheet.etag),
      sizeBytes: body.byteLength,
      contentType: PNG,
      cacheControl: ASK_AGAIN,
      read: ({ start, end }) => body.subarray(start, end + 1),
    });
  });
  return routes;
}
