// A batch as an array job of AWS Batch, whose stand-in starts the children as processes: one is killed and tried again, one is killed for
// good. The events are those that AWS Batch sends.

import { setTimeout as delay } from 'node:timers/promises';
import { listResults, readResultLines } from '../../core/batch-prediction/results.ts';
import type { TrainerFleet } from '../../core/environment.ts';
import { applyBatchEvent } from '../../core/job/queues/batch/apply-batch-event.ts';
import { BatchEventSchema } from '../../core/job/queues/batch/batch-event.ts';
import { createBatchQueue } from '../../core/job/queues/batch/batch-queue.ts';
import { isFinal } from '../../core/job/record/job.ts';
import { createJobStore } from '../../core/job/record/job-store.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import { startFakeBatch } from '../support/fake-batch.ts';
import { createTestApp } from '../support/test-app.ts';
import { ended, startTrainer } from '../support/trainer-process.ts';
import { problemsOf } from './check-results.ts';
import type { BatchTest } from './kill-server.ts';

const SHARDS = 4;
/** Machines that the stand-in has. */
const AT_ONCE = 2;
const POLL_MS = 100;
const FLEET: TrainerFleet = {
  tags: {},
  pools: [
    {
      name: 'cpu',
      jobDefinition: 'definition',
      queues: [{ capacity: 'spot', arn: 'queue' }],
      usdPerHour: 0.4,
      machine: { name: 'c7i.2xlarge', vcpus: 8, priceBasis: 'A price for tests.' },
    },
  ],
};

/** @returns what is wrong. */
export async function killArray(
  store: ObjectStore,
  storeUrl: string,
  { pictures, say, env = {} }: BatchTest & { readonly env?: Readonly<Record<string, string>> },
): Promise<string[]> {
  const batchService = await startFakeBatch();
  const jobs = createJobStore({ store, now: Date.now });
  const queue = createBatchQueue({ jobs, fleet: FLEET, now: Date.now, client: batchService.client });
  const metrics = { jobBecame: () => undefined, jobMoved: () => undefined, machineUsed: () => undefined };
  const tell = (jobId: string, jobName: string, status: 'SUCCEEDED' | 'FAILED') =>
    applyBatchEvent(
      { jobs, queue, fleet: FLEET, metrics, now: Date.now },
      BatchEventSchema.parse({
        'detail-type': 'Batch Job State Change',
        detail: { jobId, jobName, jobQueue: 'queue', status },
      }),
    );
  const countChunks = async (id: string) => (await listResults(store, id)).length;

  try {
    const app = createTestApp({
      store,
      machines: [{ name: 'c7i.2xlarge', vcpus: 8, usdPerHour: 0.4, priceBasis: 'A price.', pool: 'cpu' }],
    });
    const { body: made } = await app.send('POST', '/v1/batches', {
      model: 'color',
      input_prefix: 'datasets/tiny/',
      shards: SHARDS,
    });
    const record = await jobs.get(made.id);
    if (record === undefined) return [JSON.stringify(made)];
    await queue.submit(record);
    const [array] = batchService.submitted;
    if (array === undefined) return ['Nothing was submitted.'];
    const size = array.arrayProperties?.size ?? 0;
    say(`AWS Batch has an array of ${size}`);

    const start = (index: number, attempt: number) =>
      startTrainer({
        storeUrl,
        jobId: made.id,
        trial: index + 1,
        env: {
          ...env,
          AWS_BATCH_JOB_ID: `${array.jobId}:${index}`,
          AWS_BATCH_JOB_ATTEMPT: String(attempt),
          FOVEA_USD_PER_HOUR: '0.4',
        },
      });
    /** Kills a child when it has written a chunk. */
    const killed = async (index: number, attempt: number) => {
      const before = await countChunks(made.id);
      const child = start(index, attempt);
      while (child.exitCode === null && (await countChunks(made.id)) === before) await delay(POLL_MS);
      child.kill('SIGKILL');
      say(
        `child ${index} ended by ${await ended(child)}, with ${await countChunks(made.id)} chunks answered`,
      );
    };
    await killed(0, 1);
    let next = 0;
    let failed = false;
    const machine = async () => {
      for (let index = next++; index < size; index = next++) {
        // The second one is not tried again.
        if (index === 1) await killed(index, 1);
        else if ((await ended(start(index, index === 0 ? 2 : 1))) !== 0) failed = true;
        failed ||= index === 1;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, machine));
    await tell(array.jobId, array.jobName, failed ? 'FAILED' : 'SUCCEEDED');
    const last = batchService.submitted[1];
    if (last === undefined) return ['No process was submitted that finishes the batch.'];
    const finish = startTrainer({
      storeUrl,
      jobId: made.id,
      env: { ...env, AWS_BATCH_JOB_ID: last.jobId, AWS_BATCH_JOB_ATTEMPT: '1', FOVEA_USD_PER_HOUR: '0.4' },
    });
    await ended(finish);
    await tell(last.jobId, last.jobName, 'SUCCEEDED');

    const end = await jobs.get(made.id);
    const lines: string[] = [];
    for (const { key } of await listResults(store, made.id))
      lines.push(...(await readResultLines(store, key)));
    const counts = end?.prediction?.counts;
    say(`${end?.status}: ${JSON.stringify(counts)}, ${end?.spent.seconds.toFixed(0)} s of processes`);
    const problems = problemsOf(lines, pictures, counts?.failed ?? 0);
    if (end === undefined || !isFinal(end.status) || end.status !== 'succeeded')
      problems.push(`The batch is ${end?.status}: ${end?.error?.message}`);
    return problems;
  } finally {
    await batchService.close();
  }
}
