// A job with a budget, on a clock that the test turns: an hour with each epoch, at a price of one dollar.

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createJobStore, type JobStore } from '../../../core/job/record/job-store.ts';
import { keys } from '../../../core/storage/keys.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';
import { newJob } from '../../support/new-job.ts';
import { runAttempt } from '../../support/run-attempt.ts';
import { storeWithPictures } from '../../support/store-with-pictures.ts';

const DATASET = 'shapes';
const HOUR_MS = 3_600_000;
/** Longer than a trainer takes between two looks at its budget. */
const SLOW_MS = 1500;

describe('a job with a budget', () => {
  /** Every event of an epoch takes an hour. */
  function leapingClock(store: ObjectStore) {
    let leapMs = 0;
    let statusWhenReady: string | undefined;
    const now = Date.now;
    const clock = () => performance.now() + leapMs;
    const stored = createJobStore({ store, now });
    const jobs: JobStore = {
      ...stored,
      appendEvent: async (id, event) => {
        if (event.type === 'metrics') leapMs += HOUR_MS;
        if (event.message.includes('is ready')) statusWhenReady = (await stored.get(id))?.status;
        return stored.appendEvent(id, event);
      },
    };
    return { store, jobs, now, clock, usdPerHour: 1, whenReady: () => statusWhenReady };
  }

  /** Runs one attempt. */
  async function attempt(store: ObjectStore, maxCostUsd: number, spentUsd = 0) {
    const deps = leapingClock(store);
    const { jobs } = deps;
    const { id } = await jobs.create(newJob({ dataset: DATASET, backend: 'portable', maxCostUsd }));
    await jobs.update(id, (job) => ({ ...job, spent: { seconds: 60, usd: spentUsd } }));
    await runAttempt(deps, id);
    const { events } = await jobs.events(id, { limit: 100 });
    return {
      job: await jobs.get(id),
      epochs: events.filter(({ type }) => type === 'metrics').length,
      messages: events.map(({ message }) => message).join('\n'),
      statusWhenReady: deps.whenReady(),
    };
  }

  it('stops training when it is spent, and publishes the best weights so far', async () => {
    const { job, epochs, messages, statusWhenReady } = await attempt(await storeWithPictures(DATASET), 1.5);
    expect(job).toMatchObject({ status: 'succeeded', modelVersion: '1' });
    // Two whole ones, and the one in which it was noticed.
    expect(epochs).toBe(3);
    expect(job?.spent.usd).toBeCloseTo(3, 1);
    expect(messages).toMatch(/the job has cost US\$ 3\.\d\d of at most 1\.5/);
    expect(messages).toMatch(/is ready\. \d+ s of machines cost about US\$ 3\.\d\d\./);
    // Who follows a job reads no events once it has ended.
    expect(statusWhenReady).toBe('running');
  });

  it('counts the cost of earlier attempts', async () => {
    const { job, epochs } = await attempt(await storeWithPictures(DATASET), 1.5, 1);
    expect(job).toMatchObject({ status: 'succeeded' });
    expect(epochs).toBe(2);
    expect(job?.spent.usd).toBeCloseTo(3, 1);
  });

  it('gives concurrent trials equal shares, and skips the others when the budget is spent', async () => {
    const deps = leapingClock(await storeWithPictures(DATASET));
    const { jobs } = deps;
    const sweep = { learning_rate_multiplier: [1, 0.5, 2] };
    const { id } = await jobs.create(newJob({ dataset: DATASET, backend: 'portable', sweep, maxCostUsd: 4 }));
    for (const trial of [1, 2]) expect(await runAttempt({ ...deps, trial }, id)).toBe('succeeded');
    // Two whole epochs each, and the one in which it was noticed that the share of 1.33 is spent.
    expect((await jobs.get(id))?.spent.usd).toBeGreaterThan(4);
    expect(await runAttempt(deps, id)).toBe('succeeded');
    const job = await jobs.get(id);
    expect(job).toMatchObject({ modelVersion: '1', trials: [{ trial: 1 }, { trial: 2 }] });
    const { events } = await jobs.events(id, { limit: 100 });
    const epochs = events.filter(({ type }) => type === 'metrics').map(({ data }) => data?.['trial']);
    expect(epochs.reverse()).toEqual([1, 1, 1, 2, 2, 2]);
    expect(events.map(({ message }) => message).join('\n')).toMatch(
      /the job has cost US\$ \d\.\d\d of at most 4\. 1 trials are skipped\./,
    );
  });

  /** Takes so long to give the first picture that a trainer looks at its budget meanwhile. */
  function slowly(store: ObjectStore): ObjectStore {
    let isFirst = true;
    return {
      ...store,
      get: async (key, options) => {
        if (isFirst && key.startsWith(keys.datasets())) {
          isFirst = false;
          await sleep(SLOW_MS);
        }
        return store.get(key, options);
      },
    };
  }

  it('publishes the model of an attempt that had spent the whole budget', async () => {
    const store = await storeWithPictures(DATASET);
    const deps = leapingClock(store);
    const id = (await deps.jobs.create(newJob({ dataset: DATASET, backend: 'portable', maxCostUsd: 1.5 })))
      .id;
    const terminated = new AbortController();
    const jobs: JobStore = {
      ...deps.jobs,
      appendEvent: async (jobId, event) => {
        if (event.message.startsWith('Training ends here')) terminated.abort();
        return deps.jobs.appendEvent(jobId, event);
      },
    };
    expect(await runAttempt({ ...deps, jobs, terminated: terminated.signal }, id)).toBe('released');
    expect(await runAttempt({ ...deps, store: slowly(store) }, id)).toBe('succeeded');
    expect(await deps.jobs.get(id)).toMatchObject({ status: 'succeeded', modelVersion: '1' });
    const { events } = await deps.jobs.events(id, { limit: 100 });
    expect(events.filter(({ type }) => type === 'metrics')).toHaveLength(3);
  });

  it('fails where it is spent before training begins', async () => {
    const { job, epochs } = await attempt(slowly(await storeWithPictures(DATASET)), 0.5, 0.5);
    expect(job).toMatchObject({ status: 'failed', error: { code: 'budget-spent', param: 'max_cost_usd' } });
    expect(epochs).toBe(0);
  });
});
