// A job that is paused, resumed, finished early, or made a model of one of its checkpoints, while its trainer runs.

import { beforeAll, describe, expect, it } from 'vitest';
import { jobOfCheckpoint } from '../../../core/job/checkpoints/export-checkpoint.ts';
import { listCheckpoints } from '../../../core/job/checkpoints/list-checkpoints.ts';
import type { JobRecord } from '../../../core/job/record/job.ts';
import { createJobStore, type JobStore } from '../../../core/job/record/job-store.ts';
import { readManifest } from '../../../core/model/read-manifest.ts';
import { keys } from '../../../core/storage/keys.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';
import { newJob } from '../../support/new-job.ts';
import { runAttempt } from '../../support/run-attempt.ts';
import { storeWithPictures } from '../../support/store-with-pictures.ts';

const DATASET = 'shapes';
/** Long enough that a request is seen before the last epoch. */
const EPOCHS = 400;

describe('a job whose trainer runs', () => {
  let store: ObjectStore;
  let jobs: JobStore;
  beforeAll(async () => {
    store = await storeWithPictures(DATASET);
    jobs = createJobStore({ store, now: Date.now });
  });

  const create = async (model: string, epochs = EPOCHS) => {
    const hyperparameters = { n_epochs: epochs, batch_size: 8, learning_rate_multiplier: 'auto' } as const;
    return (await jobs.create(newJob({ dataset: DATASET, backend: 'portable', model, hyperparameters }))).id;
  };
  /** One attempt; `request` is made once, when the given epoch has ended. */
  function attempt(id: string, epoch: number, request: (id: string) => Promise<unknown>) {
    let isMade = false;
    const watched: JobStore = {
      ...jobs,
      async appendEvent(jobId, event) {
        if (event.type === 'metrics' && Number(event.data?.['epoch']) >= epoch && !isMade) {
          isMade = true;
          await request(id);
        }
        return jobs.appendEvent(jobId, event);
      },
    };
    return runAttempt({ store, jobs: watched }, id);
  }
  const epochsOf = async (id: string) =>
    (await jobs.events(id, { limit: 1000 })).events.filter(({ type }) => type === 'metrics').length;
  const sha256Of = async ({ model, modelVersion }: JobRecord) =>
    (await readManifest(store, model, modelVersion as string)).onnx.sha256;
  const get = async (id: string) => (await jobs.get(id)) as JobRecord;

  it('begins anew, and says so, where its checkpoints have expired', async () => {
    const id = await create('expired', 6);
    expect(await attempt(id, 1, jobs.requestPause)).toBe('paused');
    await store.eraseAll(keys.jobCheckpoints(id));
    await jobs.resume(id);
    const before = await epochsOf(id);
    expect(await runAttempt({ store, jobs }, id)).toBe('succeeded');
    const { events } = await jobs.events(id, { limit: 1000 });
    const told = events.map(({ message }) => message);
    expect(told).toContainEqual(expect.stringContaining('when it is resumed within 14 days'));
    expect(told).toContainEqual(expect.stringMatching(/^The job begins anew: .* 14 days/));
    expect((await epochsOf(id)) - before).toBeGreaterThanOrEqual(before);
  });

  it('goes on from a pause as if there had been none, and can be copied out of it', async () => {
    const plain = await create('plain', 30);
    await runAttempt({ store, jobs }, plain);
    const id = await create('paused', 30);
    expect(await attempt(id, 1, jobs.requestPause)).toBe('paused');
    const paused = await get(id);
    expect(paused).toMatchObject({ status: 'paused', lease: null, attempts: 0, error: null });
    expect(paused.pauseRequested).toBeUndefined();
    expect(await epochsOf(id)).toBeLessThan(30);

    // No trainer takes it meanwhile.
    expect(await runAttempt({ store, jobs }, id)).toBe('lease-lost');

    const [newest] = await listCheckpoints(store, id);
    const copied = await jobOfCheckpoint(store, paused, newest?.sequence ?? -1);
    const copy = await jobs.create(copied.job, { prepare: copied.prepare });
    expect(await runAttempt({ store, jobs }, copy.id)).toBe('succeeded');
    expect(await get(copy.id)).toMatchObject({ model: 'paused', modelVersion: '1' });
    expect(await epochsOf(copy.id)).toBeLessThan(3);

    await jobs.resume(id);
    expect(await runAttempt({ store, jobs }, id)).toBe('succeeded');
    expect(await sha256Of(await get(id))).toBe(await sha256Of(await get(plain)));
    expect(await listCheckpoints(store, id)).toEqual([]);
  });

  it('ends early when it is to finish, and the best weights so far become the model', async () => {
    const id = await create('finished');
    expect(await attempt(id, 2, jobs.requestFinish)).toBe('succeeded');
    expect(await get(id)).toMatchObject({ status: 'succeeded', modelVersion: '1' });
    expect(await epochsOf(id)).toBeLessThan(EPOCHS);
    const { events } = await jobs.events(id, { limit: 100 });
    expect(events.map(({ message }) => message).join('\n')).toContain(
      'Training ends here, as was asked. The best weights so far become the model.',
    );
  });

  it('makes no model of a checkpoint whose pictures are others by now', async () => {
    const other = await storeWithPictures(DATASET);
    const others = createJobStore({ store: other, now: Date.now });
    const hyperparameters = { n_epochs: 60, batch_size: 8, learning_rate_multiplier: 'auto' } as const;
    const settings = newJob({ dataset: DATASET, backend: 'portable', hyperparameters });
    const { id } = await others.create(settings);
    const watched: JobStore = {
      ...others,
      async appendEvent(jobId, event) {
        if (event.type === 'metrics') await others.requestPause(id);
        return others.appendEvent(jobId, event);
      },
    };
    await runAttempt({ store: other, jobs: watched }, id);
    const from = (await others.get(id)) as JobRecord;
    const [newest] = await listCheckpoints(other, id);
    const { job, prepare } = await jobOfCheckpoint(other, from, newest?.sequence ?? -1);
    for await (const { key } of other.list(keys.dataset(DATASET))) {
      await other.delete(key);
      break;
    }
    const copy = await others.create(job, { prepare });
    expect(await runAttempt({ store: other, jobs: others }, copy.id)).toBe('failed');
    expect((await others.get(copy.id))?.error).toMatchObject({ code: 'checkpoint-unfit' });
  });
});
