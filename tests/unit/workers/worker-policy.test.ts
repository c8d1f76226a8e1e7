import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { assertRestored } from '../../../core/backup/restore-note.ts';
import { createWorker } from '../../../core/job/queues/workers/worker.ts';
import { workerPolicy } from '../../../core/job/queues/workers/worker-policy.ts';
import { createWorkerRecords } from '../../../core/job/queues/workers/worker-records.ts';
import { isFinal } from '../../../core/job/record/job.ts';
import { createJobStore, type JobStore } from '../../../core/job/record/job-store.ts';
import { checkConditionalWrites } from '../../../core/storage/check-conditional-writes.ts';
import { keys } from '../../../core/storage/keys.ts';
import { anOffer } from '../../support/a-worker.ts';
import { newJob } from '../../support/new-job.ts';
import { runAttempt } from '../../support/run-attempt.ts';
import { storeWithPictures } from '../../support/store-with-pictures.ts';
import { storeWithPolicy } from '../../support/store-with-policy.ts';

const DATASET = 'shapes';
const PLACE = { bucket: 'b', prefix: '/lab' };

async function untilOver(jobs: JobStore, id: string) {
  for (;;) {
    const job = await jobs.get(id);
    if (job === undefined || isFinal(job.status)) return job;
    await delay(20);
  }
}

it('a worker with its policy alone takes jobs, gives one up, and its trainer makes a model', async () => {
  const whole = await storeWithPictures(DATASET);
  const policy = workerPolicy(PLACE);
  const { store, refused } = storeWithPolicy(whole, policy, 'b/lab');
  const server = createJobStore({ store: whole, now: Date.now });
  const crashing = (await server.create(newJob({ dataset: DATASET }))).id;
  const sweep = { learning_rate_multiplier: [1, 2] };
  const swept = (await server.create(newJob({ dataset: DATASET, sweep }))).id;
  for (const id of [crashing, swept]) await server.update(id, (job) => ({ ...job, status: 'queued' }));

  await assertRestored(store);
  await checkConditionalWrites(store, keys.worker('check'));
  const worker = createWorker({
    id: 'w',
    name: 'desk',
    version: '0.0.0',
    offer: anOffer(),
    store,
    jobs: createJobStore({ store, now: Date.now }),
    workers: createWorkerRecords({ store, now: Date.now }),
    startTrainer: () => spawn(process.execPath, ['-e', 'process.exit(3)']),
    now: Date.now,
    pollMs: 20,
    graceMs: 1000,
    onError: (error) => {
      throw error;
    },
    onNews: () => undefined,
  });
  await worker.start();
  expect(await untilOver(server, crashing)).toMatchObject({ error: { code: 'trainer-crashed' } });
  expect(await untilOver(server, swept)).toMatchObject({ error: { code: 'trainer-crashed' } });
  await worker.stop();

  const { id } = await server.create(
    newJob({
      dataset: DATASET,
      backend: 'portable',
      hyperparameters: { n_epochs: 1, batch_size: 'auto', learning_rate_multiplier: 'auto' },
    }),
  );
  await runAttempt({ store, jobs: createJobStore({ store, now: Date.now }) }, id);
  expect(await server.get(id)).toMatchObject({ status: 'succeeded', error: null });
  expect(refused).toEqual([]);
});

it('a policy allows neither to change datasets and uploads nor to make jobs of the queue, nor other places of the bucket', async () => {
  const whole = await storeWithPictures(DATASET);
  const { store } = storeWithPolicy(whole, workerPolicy(PLACE), 'b/lab');
  for (const key of [
    keys.datasetFile(DATASET, 'a', '1.png'),
    keys.upload('1'),
    keys.idempotency('1'),
    keys.openJob('ftjob-1', 1),
    keys.backbone('one'),
  ])
    await expect(store.put(key, '')).rejects.toMatchObject({ code: 'storage-denied' });
  await expect(store.delete(keys.modelFile('fruit', '1', 'manifest.json'))).rejects.toMatchObject({
    code: 'storage-denied',
  });
  const elsewhere = storeWithPolicy(whole, workerPolicy(PLACE), 'b/other');
  await expect(elsewhere.store.get(keys.worker('w'))).rejects.toMatchObject({ code: 'storage-denied' });
  expect(workerPolicy({ bucket: 'b', prefix: '' }).Statement[3]?.Resource).toContain(
    'arn:aws:s3:::b/checkpoints/*',
  );
});
