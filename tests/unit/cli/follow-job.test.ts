import { afterEach, expect, it, vi } from 'vitest';
import { describeFailure, factsOf, followJob } from '../../../cli/client/follow-job.ts';
import { createClient } from '../../../client/create-client.ts';
import { newJob } from '../../support/new-job.ts';
import { createTestApp } from '../../support/test-app.ts';

const isTTY = process.stdout.isTTY;
afterEach(() => {
  process.stdout.isTTY = isTTY;
  vi.unstubAllGlobals();
});

it('shows the progress that the API reports, on a terminal', async () => {
  const test = createTestApp();
  const { id } = await test.jobs.create(newJob());
  await test.jobs.update(id, (job) => ({
    ...job,
    status: 'running',
    progress: {
      stage: 'training',
      trial: null,
      trials: null,
      epoch: 2,
      epochs: 10,
      step: 30,
      steps: 100,
      loss: 0.25,
      accuracy: 0.9,
      imagesPerSecond: 123.4,
      secondsLeft: 7.2,
      rssBytes: 1,
    },
  }));
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => test.app.request(url, init));
  const api = createClient({ url: 'http://localhost' });
  expect(factsOf(await api.jobs.get(id))).toBe(
    'epoch 2/10 · loss 0.250 · accuracy 90.0 % · 123 pictures/s · 8 seconds left',
  );

  process.stdout.isTTY = true;
  const ending = {
    ...api,
    jobs: {
      ...api.jobs,
      async eventsSince() {
        await test.jobs.update(id, (job) => ({ ...job, status: 'succeeded' }));
        return [];
      },
    },
  };
  expect((await followJob(ending, id)).status).toBe('succeeded');
});

it('says that a job was cancelled, and why one failed', () => {
  expect(describeFailure({ id: 'ftjob-1', status: 'cancelled', error: null })).toBe(
    'The job ftjob-1 was cancelled.',
  );
  expect(describeFailure({ id: 'ftjob-1', status: 'failed', error: null })).toMatch(/failed: no reason/);
});
