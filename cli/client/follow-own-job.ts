// Shows a job that the command has created until it ends. Where the command ends before, it cancels the job, so that the
// next one does not wait for it.

import { setTimeout as delay } from 'node:timers/promises';
import type { WireJob } from '../../api/job.ts';
import type { FoveaClient } from '../../client/create-client.ts';
import { isJobOver } from '../../client/jobs.ts';
import { type Interruption, listenForInterruption } from '../terminal/until-interrupted.ts';
import { followJob } from './follow-job.ts';

/** How long a cancelled job may take to end; then the server is stopped anyway. */
const CANCEL_MS = 10_000;
const POLL_MS = 200;

/**
 * Shows a job until it has ended, and returns it. Where that fails, cancels the job first.
 * @throws {InterruptedError} after a signal; what {@link followJob} throws.
 */
export async function followOwnJob(
  client: FoveaClient,
  jobId: string,
  { signal, stopListening }: Interruption = listenForInterruption({ hangup: true }),
): Promise<WireJob> {
  try {
    return await followJob(client, jobId, { signal, patienceMs: 0 });
  } catch (error) {
    await cancel(client, jobId);
    throw error;
  } finally {
    stopListening();
  }
}

/** Only prints an error of cancelling: the error that led here says more. */
async function cancel(client: FoveaClient, jobId: string): Promise<void> {
  console.error(`\nCancelling the job ${jobId} …`);
  try {
    let job = await client.jobs.cancel(jobId);
    const isTooLate = AbortSignal.timeout(CANCEL_MS);
    while (!isJobOver(job) && !isTooLate.aborted) {
      await delay(POLL_MS);
      job = await client.jobs.get(jobId);
    }
  } catch (error) {
    console.error(
      `The job ${jobId} could not be cancelled and may still run: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
