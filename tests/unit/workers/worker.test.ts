import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { exitCodes } from '../../../core/environment.ts';
import { submitJob } from '../../../core/job/queues/job-queue.ts';
import { createWorker, type Worker } from '../../../core/job/queues/workers/worker.ts';
import type { WorkerOffer } from '../../../core/job/queues/workers/worker-record.ts';
import { createWorkerRecords } from '../../../core/job/queues/workers/worker-records.ts';
import { createWorkersQueue } from '../../../core/job/queues/workers/workers-queue.ts';
import type { JobRecord } from '../../../core/job/record/job.ts';
import { createJobStore } from '../../../core/job/record/job-store.ts';
import { acquireLease, updateLeased } from '../../../core/job/record/lease.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { anOffer, aWorker } from '../../support/a-worker.ts';
import { newJob } from '../../support/new-job.ts';

const GIB = 2 ** 30;
const running: Worker[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((worker) => worker.stop()));
});

function setUp() {
  const store = createMemoryStore();
  const jobs = createJobStore({ store, now: Date.now });
  const workers = createWorkerRecords({ store, now: Date.now });
  const queue = createWorkersQueue({ workers });
  const hold = { jobs, now: Date.now };
  return {
    jobs,
    workers,
    hold,
    submit: async (changes = {}) => (await submitJob({ jobs, queue }, newJob(changes))).id,
    until: async (id: string, isThere: (job: JobRecord) => boolean) => {
      for (;;) {
        const job = await jobs.get(id);
        if (job !== undefined && isThere(job)) return job;
        await delay(10);
      }
    },
    messages: async (id: string) =>
      (await jobs.events(id, { limit: 50 })).events.map(({ message }) => message).join('\n'),
    /** Starts a worker whose trainers run `program`. */
    async start(
      program: string,
      {
        onStart = async () => undefined,
        offer = {},
      }: {
        readonly onStart?: (jobId: string, leaseOwner: string, child: ChildProcess) => Promise<unknown>;
        readonly offer?: Partial<WorkerOffer>;
      } = {},
    ) {
      const worker = createWorker({
        id: 'w',
        name: 'desk',
        version: '0.0.0',
        offer: anOffer(offer),
        store,
        jobs,
        workers,
        startTrainer: (jobId, leaseOwner) => {
          const child = spawn(process.execPath, ['-e', program]);
          void onStart(jobId, leaseOwner, child);
          return child;
        },
        now: Date.now,
        pollMs: 10,
        graceMs: 200,
        onError: (error) => {
          throw error;
        },
        onNews: () => undefined,
      });
      running.push(worker);
      await worker.start();
      return worker;
    },
  };
}

it('tells what it works on while it does, and leaves the list when it stops', async () => {
  const { start, submit, until, workers, messages, jobs } = setUp();
  const id = await submit();
  const worker = await start('setTimeout(() => {}, 60_000)');
  await until(id, ({ lease }) => lease !== null);
  while ((await workers.list())[0]?.job?.id !== id) await delay(10);
  expect(await messages(id)).toContain('Worker "desk" takes the job: back end native, 8.0 GiB, 4 processors');
  // This trainer saves nothing and ends by the signal; its job goes back all the same.
  await worker.stop();
  expect(await jobs.get(id)).toMatchObject({ status: 'queued', lease: null });
  expect(await workers.list()).toEqual([]);
});

it('kills a trainer that ignores the request to stop, and gives its job back', async () => {
  const { start, submit, until, jobs } = setUp();
  const id = await submit();
  let isUp: Promise<unknown> = Promise.resolve();
  const worker = await start(
    'process.on("SIGTERM", () => {}); setTimeout(() => {}, 60_000); console.log("up")',
    {
      onStart: async (_, __, child) => {
        isUp = new Promise((resolve) => child.stdout?.once('data', resolve));
      },
    },
  );
  await until(id, ({ lease }) => lease !== null);
  await delay(50);
  await isUp;
  await worker.stop();
  expect(await jobs.get(id)).toMatchObject({ status: 'queued', lease: null, attempts: 1 });
});

it('gives up a job whose trainers crash three times', async () => {
  const { start, submit, until } = setUp();
  const id = await submit();
  await start('process.exit(3)');
  const job = await until(id, ({ status }) => status === 'failed');
  expect(job).toMatchObject({ attempts: 3, error: { code: 'trainer-crashed' } });
});

/** What a trainer does where memory runs out and the job may move. */
const outOfMemory =
  (hold: Parameters<typeof acquireLease>[0]) => async (jobId: string, leaseOwner: string) => {
    await acquireLease(hold, jobId, leaseOwner);
    await updateLeased(hold, jobId, leaseOwner, (job) => ({
      ...job,
      status: 'queued',
      queuedReason: 'It was full.',
    }));
  };
const LEAVES = `setTimeout(() => process.exit(${exitCodes.outOfMemory}), 100)`;

it('leaves a job for which it has too little memory to a worker that has more', async () => {
  const { start, submit, until, workers, hold, messages } = setUp();
  await workers.put(aWorker({ id: '2', name: 'rack', offer: anOffer({ deviceBytes: 16 * GIB }) }));
  const id = await submit();
  await start(LEAVES, { onStart: outOfMemory(hold) });
  const job = await until(id, ({ workerNeeds }) => workerNeeds !== undefined);
  expect(job).toMatchObject({ status: 'queued', lease: null, workerNeeds: { moreThanBytes: 8 * GIB } });
  while (!(await messages(id)).includes('waits for a larger one')) await delay(10);
  const other = await submit();
  await until(other, ({ workerNeeds }) => workerNeeds !== undefined);
  expect((await until(id, () => true)).attempts).toBe(1);
});

it('fails a job for which no worker has enough memory', async () => {
  const { start, submit, until, hold } = setUp();
  const id = await submit();
  await start(LEAVES, { onStart: outOfMemory(hold) });
  const job = await until(id, ({ status }) => status === 'failed');
  expect(job.error).toMatchObject({
    code: 'out-of-memory',
    message: expect.stringContaining('It was full.'),
  });
});

it('goes on with other work where the job of its trial was taken over before the trial had ended', async () => {
  const { start, submit, until, hold, jobs } = setUp();
  const sweep = await submit({ sweep: { learning_rate_multiplier: [1, 2] } });
  await start('setTimeout(() => process.exit(3), 100)', {
    onStart: async (jobId) => {
      if (jobId === sweep) await acquireLease(hold, jobId, 'somebody');
    },
  });
  await until(sweep, ({ lease }) => lease !== null);
  const next = await submit();
  expect(await until(next, ({ status }) => status === 'failed')).toMatchObject({ attempts: 3 });
  expect(await jobs.get(sweep)).toMatchObject({ lease: { owner: 'somebody' } });
});
