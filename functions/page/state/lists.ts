// What every view may need: the models and the newest jobs, asked for again and again.

import { effect, signal } from '@preact/signals';
import type { WireDatasetEntry } from '../../../api/dataset.ts';
import type { WireJob } from '../../../api/job.ts';
import type { WireModel } from '../../../api/model.ts';
import { isJobOver } from '../../../client/jobs.ts';
import { take } from '../../../client/pages.ts';
import { poll } from './poll.ts';
import { apiKey, client, health, keyProblem } from './session.ts';

const BUSY_POLL_MS = 1000;
/** While nothing runs there is little to see. */
const IDLE_POLL_MS = 5000;
/** The most models of the list; all of them are read with every poll. */
export const MOST_MODELS = 100;
const MOST_JOBS = 20;
const MOST_DATASETS = 100;

/** The models by name; null until they are known. */
export const models = signal<readonly WireModel[] | null>(null);
/** The newest jobs; null until they are known. */
export const jobs = signal<readonly WireJob[] | null>(null);

/** The datasets by name, as many as one request gives. @throws what the client does. */
export const listDatasets = (signal: AbortSignal): Promise<readonly WireDatasetEntry[]> =>
  take(client.value.datasets.list({ signal, pageSize: MOST_DATASETS }), MOST_DATASETS);

/** Asks for models and jobs now. @throws what the client does. */
export async function refresh(signal?: AbortSignal): Promise<void> {
  const { models: modelCalls, jobs: jobCalls } = client.value;
  const [foundModels, foundJobs] = await Promise.all([
    take(modelCalls.list({ pageSize: MOST_MODELS, signal }), MOST_MODELS),
    take(jobCalls.list({ pageSize: MOST_JOBS, signal }), MOST_JOBS),
  ]);
  models.value = foundModels;
  jobs.value = foundJobs;
  health.value = 'up';
}

/** Keeps the lists as they are on the server, as long as the page is open. */
export function keepLists(): void {
  effect(() => {
    const needsKey = keyProblem.value !== null;
    // A new key is tried at once; while one is asked for, nothing is.
    if (needsKey || apiKey.value === undefined) return undefined;
    return poll(async (signal) => {
      if (keyProblem.peek() !== null) return undefined;
      try {
        await refresh(signal);
      } catch {
        if (signal.aborted) return undefined;
        if (health.peek() !== 'needs-key') health.value = 'down';
        return keyProblem.peek() === null ? IDLE_POLL_MS : undefined;
      }
      return jobs.peek()?.some((job) => !isJobOver(job) && job.status !== 'paused')
        ? BUSY_POLL_MS
        : IDLE_POLL_MS;
    });
  });
}
