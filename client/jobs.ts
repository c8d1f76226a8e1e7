// Fine-tuning jobs: the calls, a wait for the end, and events as they happen.

import type { CreateJobBody } from '../api/create-job.ts';
import type { WireDryRun } from '../api/dataset.ts';
import type { WireCreatedJob, WireJob, WireJobEvent } from '../api/job.ts';
import { readEventStream } from './event-stream.ts';
import { entries, type ListOptions, type Page } from './pages.ts';
import { type CallOptions, delay, segment, type Transport } from './transport.ts';

/** How a job is waited for. */
export interface WaitOptions extends CallOptions {
  /** How often the job is asked for, in milliseconds. Default: 1000; 3000 of a function, where each request costs. */
  readonly pollMs?: number | undefined;
  /** Is called with the job as each request finds it. */
  readonly onProgress?: ((job: WireJob) => void) | undefined;
}

/** How events are followed. */
export interface EventsOptions extends CallOptions {
  /** The id of an event; those after it are given. Default: all. */
  readonly after?: string | undefined;
  readonly pollMs?: number | undefined;
}

/** The calls of fine-tuning jobs. */
export interface JobCalls {
  /** Creates a job. A repeat of the request that was lost on the way makes no second one. */
  create(body: Omit<CreateJobBody, 'dry_run'>, options?: CallOptions): Promise<WireCreatedJob>;
  /** Says what a job would train on and take, without making it. */
  dryRun(body: Omit<CreateJobBody, 'dry_run'>, options?: CallOptions): Promise<WireDryRun>;
  get(id: string, options?: CallOptions): Promise<WireJob>;
  /** Newest first. */
  list(options?: ListOptions & { readonly status?: WireJob['status'] | undefined }): AsyncIterable<WireJob>;
  /** Jobs that were created before this one and are not over, newest first; of the last hundred. */
  openBefore(id: string, options?: CallOptions): Promise<readonly WireJob[]>;
  cancel(id: string, options?: CallOptions): Promise<WireJob>;
  pause(id: string, options?: CallOptions): Promise<WireJob>;
  resume(id: string, options?: CallOptions): Promise<WireJob>;
  /** Ends training early; what is best so far becomes the model. */
  finish(id: string, options?: CallOptions): Promise<WireJob>;
  delete(id: string, options?: CallOptions): Promise<void>;
  /** The events so far, oldest first, after the one with the id `after`. */
  eventsSince(id: string, after?: string, options?: CallOptions): Promise<readonly WireJobEvent[]>;
  /**
   * The events of a job, oldest first, as they happen, until the job is over. A server streams them; a function is asked again and again,
   * since an open stream costs as long as it is open.
   */
  events(id: string, options?: EventsOptions): AsyncIterable<WireJobEvent>;
  /** Waits until a job is over, whatever it ends as, and gives it. */
  wait(id: string, options?: WaitOptions): Promise<WireJob>;
}

const POLL_MS = 1000;
const FUNCTION_POLL_MS = 3000;
const EVENTS_PAGE = 100;
const JOBS = '/v1/fine_tuning/jobs';
const OVER: ReadonlySet<WireJob['status']> = new Set(['succeeded', 'failed', 'cancelled']);

/** Whether a job is over. */
export const isJobOver = ({ status }: Pick<WireJob, 'status'>): boolean => OVER.has(status);

/** How long to wait between two requests for the same thing, in milliseconds. */
export const pollMsOf = ({ isFunction }: Transport, asked: number | undefined): number =>
  asked ?? (isFunction() ? FUNCTION_POLL_MS : POLL_MS);

/** The calls of jobs by a transport. */
export function jobCalls(transport: Transport): JobCalls {
  const { ask, send } = transport;
  const KIND = 'fine_tuning.job';
  const pathOf = (id: string) => `${JOBS}/${segment(id)}`;
  const act =
    (action: string) =>
    (id: string, options: CallOptions = {}) =>
      ask<WireJob>(KIND, 'POST', `${pathOf(id)}/${action}`, options);
  const get: JobCalls['get'] = (id, options) => ask(KIND, 'GET', pathOf(id), options);

  const eventsSince: JobCalls['eventsSince'] = async (id, after, { signal } = {}) => {
    const later: WireJobEvent[] = [];
    const newestFirst = entries<WireJobEvent>(transport, `${pathOf(id)}/events`, (event) => event.id, {
      pageSize: EVENTS_PAGE,
      signal,
    });
    for await (const event of newestFirst) {
      if (event.id === after) break;
      later.push(event);
    }
    return later.reverse();
  };

  /** @returns the id of the last event, and whether the job is over. */
  async function* stream(id: string, after: string | undefined, signal: AbortSignal | undefined) {
    let seen = after;
    const headers = {
      accept: 'text/event-stream',
      ...(after === undefined ? {} : { 'last-event-id': after }),
    };
    const { body } = await send('GET', `${pathOf(id)}/events`, { headers, signal });
    try {
      for await (const { event, data, id: eventId } of body === null ? [] : readEventStream(body)) {
        if (event === 'done') return { seen, isOver: true };
        if (event !== 'event') continue;
        seen = eventId ?? seen;
        yield JSON.parse(data) as WireJobEvent;
      }
    } catch (cause) {
      signal?.throwIfAborted();
      // A proxy, or a server that restarts, ends streams as it likes: what follows is asked for.
      if (!(cause instanceof TypeError) && !(cause instanceof DOMException)) throw cause;
    }
    return { seen, isOver: false };
  }

  async function* poll(
    id: string,
    after: string | undefined,
    pollMs: number,
    signal: AbortSignal | undefined,
  ) {
    let seen = after;
    for (;;) {
      // The job first: an event that was written before its end is then always found.
      const job = await get(id, { signal });
      for (const event of await eventsSince(id, seen, { signal })) {
        seen = event.id;
        yield event;
      }
      if (isJobOver(job)) return;
      await delay(pollMs, signal);
    }
  }

  return {
    create: (body, options) => ask(KIND, 'POST', JOBS, { ...options, json: body, makes: true }),
    dryRun: (body, options) =>
      ask('fine_tuning.dry_run', 'POST', JOBS, { ...options, json: { ...body, dry_run: true } }),
    get,
    list: ({ status, ...options } = {}) =>
      entries<WireJob>(transport, JOBS, (job) => job.id, { ...options, query: { status } }),
    async openBefore(id, { signal } = {}) {
      const page: Page<WireJob> = await ask('list', 'GET', JOBS, {
        query: { after: id, limit: EVENTS_PAGE },
        signal,
      });
      return page.data.filter((job) => !isJobOver(job));
    },
    cancel: act('cancel'),
    pause: act('pause'),
    resume: act('resume'),
    finish: act('finish'),
    async delete(id, options) {
      await ask(KIND, 'DELETE', pathOf(id), options);
    },
    eventsSince,
    async *events(id, { after, pollMs, signal } = {}) {
      let seen = after;
      // Tells who answers, and refuses an unknown job.
      await get(id, { signal });
      if (!transport.isFunction()) {
        const { seen: last, isOver } = yield* stream(id, seen, signal);
        if (isOver) return;
        seen = last;
      }
      yield* poll(id, seen, pollMsOf(transport, pollMs), signal);
    },
    async wait(id, { pollMs, onProgress, signal } = {}) {
      for (;;) {
        const job = await get(id, { signal });
        onProgress?.(job);
        if (isJobOver(job)) return job;
        await delay(pollMsOf(transport, pollMs), signal);
      }
    },
  };
}
