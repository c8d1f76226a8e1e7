// Watches a job until something is true of it, and tells its messages. A job that takes too long is cancelled, so that it costs no more.

import { setTimeout as delay } from 'node:timers/promises';
import type { WireJob } from '../../api/job.ts';
import { isJobOver } from '../../client/jobs.ts';
import type { Proof } from './proof.ts';

const POLL_MS = 10_000;

/** What is waited for. */
export interface WatchOptions {
  /** Default: the job is over. It is asked at every look. */
  readonly until?: (job: WireJob) => boolean | Promise<boolean>;
  /** The job is cancelled after these. */
  readonly minutes: number;
}

/**
 * Waits.
 * @throws where the job ends before, does not succeed, or takes too long.
 */
export async function watchJob(
  proof: Proof,
  id: string,
  { until = isJobOver, minutes }: WatchOptions,
): Promise<WireJob> {
  const client = await proof.client();
  const deadline = Date.now() + minutes * 60_000;
  let seen: string | undefined;
  for (;;) {
    const job = await client.jobs.get(id);
    for (const { id: event, type, message } of await client.jobs.eventsSince(id, seen)) {
      seen = event;
      if (type === 'message') proof.say(`  ${message}`);
    }
    if (job.status === 'failed' || job.status === 'cancelled')
      throw new Error(`The job ${id} ended as ${job.status}: ${job.error?.message ?? 'no reason is known'}`);
    if (await until(job)) return job;
    if (isJobOver(job)) throw new Error(`The job ${id} was over before that could be shown.`);
    if (Date.now() > deadline) {
      await client.jobs.cancel(id);
      throw new Error(
        `The job ${id} was cancelled after ${minutes} minutes (${job.queued_reason ?? job.progress?.stage ?? job.status}).`,
      );
    }
    await delay(POLL_MS);
  }
}
