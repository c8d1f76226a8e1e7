import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { createJobStore } from '../../../core/job/record/job-store.ts';
import { makePictures, storeOf } from '../../support/make-dataset.ts';
import { newJob } from '../../support/new-job.ts';
import { runAttempt } from '../../support/run-attempt.ts';

const cacheDirectory = await mkdtemp(path.join(tmpdir(), 'fovea-no-back-end-'));
afterAll(() => rm(cacheDirectory, { recursive: true, force: true }));

it('fails at once, with the reason, where an image for GPUs finds none', async () => {
  const store = await storeOf(await makePictures({ cat: 8, dog: 8 }));
  const jobs = createJobStore({ store, now: Date.now });
  const { id } = await jobs.create(newJob({ dataset: 'pets', backend: 'auto' }));
  expect(await runAttempt({ store, jobs, cacheDirectory, autoBackend: 'gpu' }, id)).toBe('failed');
  expect((await jobs.get(id))?.error).toMatchObject({
    code: 'backend-unavailable',
    message: expect.stringMatching(/gpu/i),
  });
});
