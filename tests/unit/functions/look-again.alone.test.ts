// The function of job events, called by a schedule where workers come first.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, it, vi } from 'vitest';
import { createJobStore } from '../../../core/job/record/job-store.ts';
import { openObjectStore } from '../../../core/storage/drivers/open-object-store.ts';
import { startFakeBatch } from '../../support/fake-batch.ts';
import { FLEET_VARIABLE } from '../../support/fleet.ts';
import { newJob } from '../../support/new-job.ts';

const HOUR_MS = 3_600_000;
const folder = await mkdtemp(path.join(tmpdir(), 'fovea-look-again-'));
const batch = await startFakeBatch();
afterAll(async () => {
  vi.unstubAllEnvs();
  await batch.close();
  await rm(folder, { recursive: true, force: true });
});

it('sends jobs that no worker has taken to AWS Batch, and leaves those of workers alone', async () => {
  const storeUrl = pathToFileURL(folder).href;
  const jobs = createJobStore({ store: await openObjectStore(storeUrl), now: () => Date.now() - HOUR_MS });
  const waiting = (await jobs.create(newJob())).id;
  const home = (await jobs.create(newJob())).id;
  await jobs.update(waiting, (job) => ({ ...job, status: 'queued', workerNeeds: { orBatch: {} } }));
  await jobs.update(home, (job) => ({ ...job, status: 'queued' }));
  for (const [name, value] of Object.entries({
    FOVEA_STORE_URL: storeUrl,
    FOVEA_TRAINER_FLEET: FLEET_VARIABLE,
    FOVEA_QUEUE: 'workers-first',
    AWS_ENDPOINT_URL_BATCH: batch.endpoint,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
  }))
    vi.stubEnv(name, value);
  const { handler } = await import('../../../functions/batch-events.ts');
  await handler({ source: 'aws.events', 'detail-type': 'Scheduled Event', detail: {} });
  expect(batch.submitted.map(({ environment }) => environment['FOVEA_JOB_ID'])).toEqual([waiting]);
  expect((await jobs.get(home))?.placement).toBeUndefined();
});
