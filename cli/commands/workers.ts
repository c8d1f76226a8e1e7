// `fovea workers`: lists the workers of a server.

import type { WireWorker } from '../../api/worker.ts';
import { formatBytes } from '../../core/network/plan/format-quantities.ts';
import type { Session } from '../context/session.ts';
import { newTable } from '../terminal/plain-table.ts';

/** Prints a table of the workers of a server. */
export async function runWorkers({ client, output }: Session): Promise<void> {
  const workers = await client.workers();
  output.answer({
    json: { object: 'list', data: workers },
    text: () =>
      workers.length === 0
        ? 'No worker was seen within the last hour.'
        : describeWorkers(workers, Date.now()),
    short: () => workers.map(({ name }) => name).join('\n'),
  });
}

/** A table with a line for each worker. @param nowMs Unix milliseconds, for how long ago each was seen. */
export function describeWorkers(workers: readonly WireWorker[], nowMs: number): string {
  const table = newTable(
    ['worker', 'state', 'job', 'back end', 'version', 'memory', 'US$/h', 'last seen'],
    5,
  );
  for (const { name, state, job, offer, version, last_seen: lastSeen } of workers) {
    const { gpu } = offer;
    const gpus = gpu === null ? '' : ` ${gpu.count > 1 ? `${gpu.count} × ` : ''}${gpu.model ?? ''}`;
    const trial = job?.trial == null ? '' : ` trial ${job.trial}`;
    table.push([
      name,
      state,
      job === null ? '–' : `${job.id}${trial}`,
      `${offer.backend}${gpus}`,
      version,
      formatBytes(offer.device_bytes),
      offer.usd_per_hour === null ? '–' : offer.usd_per_hour.toFixed(2),
      `${Math.max(0, Math.round(nowMs / 1000 - lastSeen))} s ago`,
    ]);
  }
  return table.toString();
}
