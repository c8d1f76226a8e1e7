// Shows a job at a terminal: a progress bar for the running stage, and its messages above. Where the output is not a
// terminal, it writes the messages alone.

import { setTimeout as delay } from 'node:timers/promises';
import { MultiBar, Presets } from 'cli-progress';
import { isJobOver, type WireJob } from '../../api/job.ts';
import type { ApiClient } from './api-client.ts';
import { watchQueue } from './watch-queue.ts';

const POLL_MS = 500;
/** Steps of a stage's bar: fine enough to move at every poll. */
const BAR_TOTAL = 1000;

/**
 * Shows a job until it has ended, and returns it.
 * @throws the reason of `signal`, once that is aborted.
 */
export async function followJob(
  api: ApiClient,
  jobId: string,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<WireJob> {
  const bars = process.stdout.isTTY
    ? new MultiBar(
        {
          stream: process.stdout,
          format: '{stage} {bar} {percentage} % {facts}',
          barsize: 24,
          hideCursor: true,
          clearOnComplete: true,
        },
        Presets.shades_classic,
      )
    : undefined;
  const bar = bars?.create(BAR_TOTAL, 0, { stage: 'waiting   ', facts: '' });
  const print = (line: string) => (bars === undefined ? console.log(line) : bars.log(`${line}\n`));
  const queue = watchQueue(api, print);
  let lastEvent: string | undefined;
  try {
    for (;;) {
      signal?.throwIfAborted();
      const job = await api.job(jobId);
      for (const event of await api.eventsSince(jobId, lastEvent)) {
        lastEvent = event.id;
        // The bar shows the epochs; on a terminal they would only push the messages out of sight.
        if (bars === undefined || event.type === 'message')
          print(`${event.level === 'info' ? ' ' : '!'} ${event.message}`);
      }
      await queue.look(job);
      if (isJobOver(job)) return job;
      bar?.update(Math.floor(BAR_TOTAL * shareDone(job)), {
        stage: (job.progress?.stage ?? job.status).padEnd(10),
        facts: factsOf(job),
      });
      await delay(POLL_MS, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
    }
  } finally {
    // Writes the lines that were printed since the last update.
    bars?.update();
    bars?.stop();
  }
}

function shareDone({ progress }: WireJob): number {
  if (progress?.step == null || !progress.steps) return 0;
  return Math.min(1, progress.step / progress.steps);
}

/** The known figures of the running stage, for the line of its bar; empty before the first progress report. */
export function factsOf({ progress }: WireJob): string {
  if (progress === null) return '';
  const {
    epoch,
    epochs,
    loss,
    accuracy,
    images_per_second: imagesPerSecond,
    seconds_left: secondsLeft,
  } = progress;
  return [
    epoch !== null && epochs !== null && `epoch ${epoch}/${epochs}`,
    loss !== null && `loss ${loss.toFixed(3)}`,
    accuracy !== null && `accuracy ${(100 * accuracy).toFixed(1)} %`,
    imagesPerSecond !== null && `${imagesPerSecond.toFixed(0)} pictures/s`,
    secondsLeft !== null && `${Math.ceil(secondsLeft)} s left`,
  ]
    .filter(Boolean)
    .join(' · ');
}
