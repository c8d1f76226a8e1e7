// A job that the command has asked for: shown until it is over, and cancelled where the command ends before, so that the next
// one does not wait behind it.

import { setTimeout as delay } from 'node:timers/promises';
import type { WireJob } from '../../api/job.ts';
import { isFinal } from '../../core/job/record/job.ts';
import { type Interruption, listenForInterruption } from '../terminal/until-interrupted.ts';
import type { ApiClient } from './api-client.ts';
import { followJob } from './follow-job.ts';

/** How long a cancelled job may take to end, before the server is stopped all the same. */
const CANCEL_MS = 10_000;
const POLL_MS = 200;

/** @throws {InterruptedError} after a signal; else what made it impossible to go on. The job is cancelled by then. */
export async function followOwnJob(
  api: ApiClient,
  jobId: string,
  { signal, stopListening }: Interruption = listenForInterruption({ hangup: true }),
): Promise<WireJob> {
  try {
    return await followJob(api, jobId, { signal });
  } catch (error) {
    await cancel(api, jobId);
    throw error;
  } finally {
    stopListening();
  }
}

/** The error that led here says more than one of cancelling. */
async function cancel(api: ApiClient, jobId: string): Promise<void> {
  console.error(`\nCancelling the job ${jobId} …`);
  try {
    let job = await api.cancelJob(jobId);
    const isTooLate = AbortSignal.timeout(CANCEL_MS);
    while (!isFinal(job.status) && !isTooLate.aborted) {
      await delay(POLL_MS);
      job = await api.job(jobId);
    }
  } catch (error) {
    console.error(`The job ${jobId} may go on: ${error instanceof Error ? error.message : String(error)}`);
  }
}
