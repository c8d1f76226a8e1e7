import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { followOwnJob } from '../../../cli/client/follow-own-job.ts';
import { InterruptedError } from '../../../cli/terminal/until-interrupted.ts';
import { createClient, type FoveaClient } from '../../../client/create-client.ts';
import { newJob } from '../../support/new-job.ts';
import { createTestApp, type TestApp } from '../../support/test-app.ts';

const SUBMITTED = { status: 'queued' } as const;

let test: TestApp;
let api: FoveaClient;
let lines: string[];

beforeEach(() => {
  test = createTestApp();
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => test.app.request(url, init));
  api = createClient({ url: 'http://localhost' });
  lines = [];
  vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

async function waitingJob(dataset: string): Promise<string> {
  const { id } = await test.jobs.create(newJob({ dataset }));
  await test.jobs.update(id, (job) => ({ ...job, ...SUBMITTED }));
  // Ids count down with time.
  test.clock.nowMs += 1000;
  return id;
}

const end = (id: string) => test.jobs.update(id, (job) => ({ ...job, status: 'failed' }));

/** The API, where the job ends before it is looked at for the n-th time. */
function endingAtLook(n: number, id: string): FoveaClient {
  let looks = 0;
  return {
    ...api,
    jobs: {
      ...api.jobs,
      async get(asked) {
        if (++looks === n) await end(id);
        return api.jobs.get(asked);
      },
    },
  };
}

describe('followOwnJob', () => {
  it('cancels the job where the command is interrupted', async () => {
    const id = await waitingJob('mine');
    const controller = new AbortController();
    const stopListening = vi.fn();
    controller.abort(new InterruptedError('SIGINT'));
    await expect(followOwnJob(api, id, { signal: controller.signal, stopListening })).rejects.toMatchObject({
      exitCode: 130,
    });
    expect((await test.jobs.get(id))?.status).toBe('cancelled');
    expect(stopListening).toHaveBeenCalledOnce();
  });

  it('listens for signals only while the job runs', async () => {
    const id = await waitingJob('mine');
    const before = process.listenerCount('SIGINT');
    const following = followOwnJob(api, id);
    expect(process.listenerCount('SIGINT')).toBe(before + 1);
    await end(id);
    await following;
    expect(process.listenerCount('SIGINT')).toBe(before);
  });

  it('cancels the job where the terminal is closed', async () => {
    const id = await waitingJob('mine');
    const before = process.listeners('SIGHUP');
    const following = followOwnJob(api, id);
    expect(process.listenerCount('SIGHUP')).toBe(before.length + 1);
    process.emit('SIGHUP', 'SIGHUP');
    await expect(following).rejects.toMatchObject({ exitCode: 129 });
    expect((await test.jobs.get(id))?.status).toBe('cancelled');
    for (const listener of process.listeners('SIGHUP'))
      if (!before.includes(listener)) process.off('SIGHUP', listener);
  });

  it('cancels the job where the command fails, and throws why', async () => {
    const id = await waitingJob('mine');
    const fault = new TypeError('Cannot read properties of undefined');
    const failing = { ...api, jobs: { ...api.jobs, eventsSince: () => Promise.reject(fault) } };
    await expect(followOwnJob(failing, id)).rejects.toBe(fault);
    expect((await test.jobs.get(id))?.status).toBe('cancelled');
  });

  it('says once which jobs are before a waiting one', async () => {
    const first = await waitingJob('theirs');
    const over = await waitingJob('over');
    await end(over);
    const id = await waitingJob('mine');
    await followOwnJob(endingAtLook(4, id), id);
    expect(lines).toEqual([
      `! The job is in the queue after ${first} (small_cnn on "theirs", queued). ` +
        `To cancel that job: npx fovea jobs cancel ${first}`,
    ]);
  });

  it('says nothing where no job is before it', async () => {
    const id = await waitingJob('mine');
    await waitingJob('later');
    await followOwnJob(endingAtLook(4, id), id);
    expect(lines).toEqual([]);
  });
});
