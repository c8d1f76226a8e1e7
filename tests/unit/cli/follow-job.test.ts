import { afterEach, describe, expect, it, vi } from 'vitest';
import type { WireJob } from '../../../api/job.ts';
import { describeFailure, factsOf, followJob } from '../../../cli/client/follow-job.ts';
import { followToEnd } from '../../../cli/commands/train.ts';
import type { FoundServer } from '../../../cli/context/find-server.ts';
import { createOutput } from '../../../cli/terminal/output.ts';
import { ApiError, ConnectionError } from '../../../client/api-error.ts';
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

describe('where the server goes away', () => {
  const client = createClient({ url: 'http://127.0.0.1:9' });
  const done = { id: 'ftjob-1', status: 'succeeded', progress: null } as WireJob;
  /** A server that is away for the first requests. */
  const comingBack = (awayTimes: number) => {
    let asked = 0;
    const jobs = {
      ...client.jobs,
      async get(id: string) {
        return ++asked > awayTimes ? done : client.jobs.get(id);
      },
      eventsSince: async () => [],
    };
    return { ...client, jobs };
  };
  const heard = () => {
    const notes: string[] = [];
    return { notes, output: { ...createOutput({}), note: (text: string) => notes.push(text) } };
  };

  it('asks again, and says so', async () => {
    const { notes, output } = heard();
    expect(await followJob(comingBack(1), 'ftjob-1', { output })).toBe(done);
    expect(notes).toEqual([
      expect.stringMatching(/does not answer\. It is asked again for about 2 minutes/),
      '  The server answers again.',
    ]);
  });

  it('gives up after a while', async () => {
    await expect(followJob(comingBack(9), 'ftjob-1', { patienceMs: 0 })).rejects.toBeInstanceOf(
      ConnectionError,
    );
  });

  it('says that the job goes on, and how to come back', async () => {
    const { notes, output } = heard();
    const jobs = {
      ...client.jobs,
      get: () => Promise.reject(new ApiError(503, null, 'a page', { isForeign: true })),
    };
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      vi.setSystemTime(0);
      const following = followToEnd(
        { client: { ...client, jobs }, output, server: { url: client.url } as FoundServer },
        'ftjob-1',
      );
      const ended = expect(following).rejects.toBeInstanceOf(ApiError);
      await vi.waitFor(() => expect(notes).toHaveLength(1));
      vi.setSystemTime(200_000);
      await ended;
      expect(notes.at(-1)).toMatch(/The job ftjob-1 goes on\. Come back: .*jobs follow ftjob-1/);
    } finally {
      vi.useRealTimers();
    }
  });
});

it('says that a job was cancelled, and why one failed', () => {
  expect(describeFailure({ id: 'ftjob-1', status: 'cancelled', error: null })).toBe(
    'The job ftjob-1 was cancelled.',
  );
  expect(describeFailure({ id: 'ftjob-1', status: 'failed', error: null })).toMatch(/failed: no reason/);
});
