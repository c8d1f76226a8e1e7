// What every view may need: the models and the newest jobs, asked for again and again.

import { effect, signal, untracked } from '@preact/signals';
import type { WireDatasetEntry } from '../../../api/dataset.ts';
import type { WireJob } from '../../../api/job.ts';
import type { WireModel } from '../../../api/model.ts';
import { ApiError } from '../../../client/api-error.ts';
import type { FoveaClient } from '../../../client/create-client.ts';
import { isJobOver } from '../../../client/jobs.ts';
import { take } from '../../../client/pages.ts';
import { access } from './access.ts';
import { outdated } from './changes.ts';
import { poll } from './poll.ts';
import { apiKey, client, health, keyProblem } from './session.ts';

const BUSY_POLL_MS = 1000;
/** While nothing runs there is little to see. */
const IDLE_POLL_MS = 5000;
/** The most models of the list; all of them are read with every poll. */
export const MOST_MODELS = 100;
const MOST_JOBS = 20;
/** The most datasets of the list. */
export const MOST_DATASETS = 100;

/** The models by name; null until they are known. */
export const models = signal<readonly WireModel[] | null>(null);
/** The newest jobs; null until they are known. */
export const jobs = signal<readonly WireJob[] | null>(null);

/** Why the server refuses a list; undefined where it gives it. */
export const listProblems = signal<{ readonly models: unknown; readonly jobs: unknown }>({
  models: undefined,
  jobs: undefined,
});

/** The datasets by name, as many as one request gives. @throws what the client does. */
export const listDatasets = (signal: AbortSignal): Promise<readonly WireDatasetEntry[]> =>
  take(client.value.datasets.list({ signal, pageSize: MOST_DATASETS }), MOST_DATASETS);

/** The newest jobs; none for a key that may not see them. @throws what the client does. */
async function listJobs({ jobs: jobCalls, keys }: FoveaClient, signal?: AbortSignal) {
  // What a key allows does not change.
  const allowed = access.peek() ?? (await keys.current({ signal }));
  signal?.throwIfAborted();
  access.value = allowed;
  return allowed.scopes.includes('train')
    ? take(jobCalls.list({ pageSize: MOST_JOBS, signal }), MOST_JOBS)
    : [];
}

/** Asks for models and jobs now. @throws what the client does. */
export async function refresh(signal?: AbortSignal): Promise<void> {
  const asked = client.value;
  const [foundModels, foundJobs] = await Promise.allSettled([
    take(asked.models.list({ pageSize: MOST_MODELS, signal }), MOST_MODELS),
    listJobs(asked, signal),
  ]);
  signal?.throwIfAborted();
  if (foundModels.status === 'fulfilled') models.value = foundModels.value;
  if (foundJobs.status === 'fulfilled') jobs.value = foundJobs.value;
  listProblems.value = { models: reasonOf(foundModels), jobs: reasonOf(foundJobs) };
  for (const found of [foundModels, foundJobs]) {
    if (found.status === 'rejected' && !(found.reason instanceof ApiError)) throw found.reason;
  }
  if (keyProblem.peek() === null) health.value = 'up';
}

const reasonOf = (found: PromiseSettledResult<unknown>): unknown =>
  // A key that is refused has a form of its own.
  found.status === 'rejected' && found.reason instanceof ApiError && keyProblem.peek() === null
    ? found.reason
    : undefined;

/** Keeps the lists as they are on the server, as long as the page is open. */
export function keepLists(): void {
  effect(() => {
    if (outdated.value > 0) void untracked(() => refresh()).catch(() => undefined);
  });
  effect(() => {
    const needsKey = keyProblem.value !== null;
    // A new key is tried at once; while one is asked for, nothing is.
    if (needsKey || apiKey.value === undefined) return undefined;
    access.value = null;
    jobs.value = null;
    listProblems.value = { models: undefined, jobs: undefined };
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
