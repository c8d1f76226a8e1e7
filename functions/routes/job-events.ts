// The events of a job: pages for clients that poll, a stream for clients that follow.

import { streamSSE } from 'hono/streaming';
import { JobEventListSchema, toWireEvent, toWireJob } from '../../api/job.ts';
import { JobIdSchema } from '../../api/job-id.ts';
import { PageQuerySchema } from '../../api/pagination.ts';
import { isFinal } from '../../core/job/record/job.ts';
import { jobNotFound } from '../../core/job/record/job-records.ts';
import type { AppDeps } from '../deps/deps.ts';
import { createRoutes } from '../http/app-routes.ts';
import { createRoute } from '../http/create-route.ts';
import { errorResponses } from '../http/error-responses.ts';

const EVENT_STREAM = 'text/event-stream';
/** Fast enough for a progress bar, at the cost of two small reads from the store each time. */
const POLL_MS = 500;
/** Proxies close connections that are silent for a minute; this stays below the shortest common time-out of 30 s. */
const HEARTBEAT_POLLS = 30;

const listEvents = createRoute({
  operationId: 'listFineTuningJobEvents',
  method: 'get',
  path: '/v1/fine_tuning/jobs/{fine_tuning_job_id}/events',
  tags: ['Fine-tuning'],
  summary: 'List the events of a job, or follow them',
  description:
    'Newest first. With `Accept: text/event-stream`: oldest first, as they happen, each with its id (so `Last-Event-ID` ' +
    'resumes), until the job is over; then one event `done` with the job.',
  request: { params: JobIdSchema, query: PageQuerySchema },
  responses: {
    200: {
      description: 'One page, or a stream.',
      content: {
        'application/json': { schema: JobEventListSchema },
        [EVENT_STREAM]: { schema: { type: 'string' } },
      },
    },
    ...errorResponses('job-not-found'),
  },
});

/** The route of a job's events. */
export function jobEventRoutes({ jobs, now }: AppDeps) {
  const routes = createRoutes();
  routes.openapi(listEvents, async (c) => {
    const { fine_tuning_job_id: id } = c.req.valid('param');
    if ((await jobs.get(id)) === undefined) throw jobNotFound(id);
    if (c.req.header('accept')?.includes(EVENT_STREAM)) {
      return streamSSE(c, async (stream) => {
        let seen = c.req.header('last-event-id');
        for (let poll = 1; !stream.aborted; poll += 1) {
          // The record first: an event written before the job ended is then always found.
          const job = await jobs.get(id);
          for (const event of await jobs.eventsSince(id, seen)) {
            await stream.writeSSE({ id: event.id, event: 'event', data: JSON.stringify(toWireEvent(event)) });
            seen = event.id;
          }
          if (job === undefined || isFinal(job.status)) {
            if (job !== undefined)
              await stream.writeSSE({ event: 'done', data: JSON.stringify(toWireJob(job, now())) });
            return;
          }
          if (poll % HEARTBEAT_POLLS === 0) await stream.write(': still there\n\n');
          await stream.sleep(POLL_MS);
        }
      });
    }
    const page = await jobs.events(id, c.req.valid('query'));
    return c.json(
      { object: 'list' as const, data: page.events.map(toWireEvent), has_more: page.hasMore },
      200,
    );
  });
  return routes;
}
