// `fovea workers`: lists the workers of a server.

import type { WireWorker } from '../../api/worker.ts';
import { formatBytes } from '../../core/network/plan/format-quantities.ts';
import { createApiClient } from '../client/api-client.ts';
import { newTable } from '../terminal/plain-table.ts';

/** The options of `fovea workers`. */
export interface WorkersOptions {
  /** URL of the server. */
  readonly url: string;
  readonly apiKey: string | undefined;
}

/** Prints a table of the workers of a server. */
export async function runWorkers({ url, apiKey }: WorkersOptions): Promise<void> {
  const workers = await createApiClient(url, apiKey).workers();
  console.log(
    workers.length === 0 ? 'No worker was seen within the last hour.' : describeWorkers(workers, Date.now()),
  );
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
