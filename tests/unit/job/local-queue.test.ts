import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { exitCodes } from '../../../core/environment.ts';
import { FoveaError } from '../../../core/errors/errors.ts';
import { cancelJob, submitJob } from '../../../core/job/queues/job-queue.ts';
import { createLocalQueue, type LocalQueue } from '../../../core/job/queues/local/local-queue.ts';
import { afterCheckpoint } from '../../../core/job/record/furthest.ts';
import type { JobRecord } from '../../../core/job/record/job.ts';
import { createJobStore } from '../../../core/job/record/job-store.ts';
import { acquireLease, updateLeased } from '../../../core/job/record/lease.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { keys } from '../../../core/storage/keys.ts';
import { newJob } from '../../support/new-job.ts';

const RETRY_MS = 100;
const queues: LocalQueue[] = [];
afterEach(async () => {
  await Promise.all(queues.splice(0).map((queue) => queue.stop()));
});

/** A queue whose trainers are real processes running `program`. */
function setUp(
  program: string,
  onStart: (jobId: string, child: ChildProcess, leaseOwner: string) => void = () => undefined,
  store = createMemoryStore(),
  onError = (error: unknown): void => {
    throw error;
  },
) {
  const started: string[] = [];
  const jobs = createJobStore({ store, now: Date.now });
  const queue = createLocalQueue({
    jobs,
    now: Date.now,
    onError,
    retryMs: RETRY_MS,
    startTrainer: (jobId, leaseOwner) => {
      started.push(jobId);
      const child = spawn(process.execPath, ['-e', program]);
      onStart(jobId, child, leaseOwner);
      return child;
    },
  });
  queues.push(queue);
  return { jobs, queue, started };
}

async function waitFor(read: () => Promise<JobRecord | undefined>, isDone: (job: JobRecord) => boolean) {
  for (let waited = 0; waited < 20_000; waited += 20) {
    const job = await read();
    if (job !== undefined && isDone(job)) return job;
    await delay(20);
  }
  throw new Error('The job did not get there in time.');
}

it('fails a job whose trainer ends three times before it takes the lease', async () => {
  const { jobs, queue, started } = setUp('process.exit(3)');
  queue.start();
  const { id } = await submitJob({ jobs, queue }, newJob());
  const job = await waitFor(
    () => jobs.get(id),
    ({ status }) => status === 'failed',
  );
  expect(job.error).toMatchObject({ code: 'trainer-crashed' });
  expect(started).toEqual([id, id, id]);
  const { events } = await jobs.events(id, { limit: 10 });
  expect(events.map(({ message }) => message).join('\n')).toContain('with exit code 3');
});

it('runs one trainer at a time, the oldest job first, and jobs of an earlier run as well', async () => {
  let running = 0;
  let most = 0;
  const { jobs, queue, started } = setUp('setTimeout(() => {}, 50)', (jobId, child) => {
    running += 1;
    most = Math.max(most, running);
    void jobs.update(jobId, (job) => ({ ...job, status: 'running' }));
    child.once('exit', () => {
      running -= 1;
    });
  });
  const left = await jobs.create(newJob());
  await delay(2);
  const first = await submitJob({ jobs, queue }, newJob());
  await delay(2);
  const second = await submitJob({ jobs, queue }, newJob());
  expect(started).toEqual([]);
  queue.start();
  for (const { id } of [left, first, second]) {
    await waitFor(
      () => jobs.get(id),
      ({ status }) => status === 'failed',
    );
  }
  expect([...new Set(started)]).toEqual([left.id, first.id, second.id]);
  expect(most).toBe(1);
});

it('stops a running trainer and leaves its job for the next start', async () => {
  const { jobs, queue, started } = setUp('setTimeout(() => {}, 60_000)');
  queue.start();
  const { id } = await submitJob({ jobs, queue }, newJob());
  while (started.length === 0) await delay(10);
  await queue.stop();
  expect(await jobs.get(id)).toMatchObject({ status: 'queued', error: null });
});

it('keeps a job whose trainers each take another out-of-memory remedy, and fails it when they take no more', async () => {
  const REMEDIES_TAKEN = 4;
  const { jobs, queue, started } = setUp('process.exit(1)', (jobId) => {
    if (started.length > REMEDIES_TAKEN) return;
    void jobs.update(jobId, (job) => ({
      ...job,
      memory: {
        ...job.memory,
        taken: [...job.memory.taken, { remedy: 'smaller_batches', stage: 'full', gaveUp: '' }],
      },
    }));
  });
  queue.start();
  const { id } = await submitJob({ jobs, queue }, newJob());
  await waitFor(
    () => jobs.get(id),
    ({ status }) => status === 'failed',
  );
  // The last that took one counts as the first of three.
  expect(started).toHaveLength(REMEDIES_TAKEN + 2);
});

it('keeps a job that has come further at each hard stop of the machine, and fails it after three without progress', async () => {
  const STOPS = 4;
  const store = createMemoryStore();
  const jobs = createJobStore({ store, now: Date.now });
  const { id } = await jobs.create(newJob());
  // The machine stops with server and trainer: nobody is left to tell of it but the record.
  const stopAt = async (position: number[]) => {
    const owner = `attempt at ${position}`;
    await acquireLease({ jobs, now: Date.now }, id, owner);
    const hold = { jobs, now: Date.now };
    await updateLeased(hold, id, owner, (job) => ({ ...job, furthest: afterCheckpoint(job, position) }));
    await updateLeased(hold, id, owner, (job) => ({ ...job, status: 'queued' }));
  };
  for (let epoch = 1; epoch <= STOPS; epoch++) await stopAt([0, 0, 0, epoch, 0]);
  await stopAt([0, 0, 0, STOPS, 0]);
  await stopAt([0, 0, 0, 1, 7]);
  const { queue, started } = setUp(
    'setTimeout(() => {}, 50)',
    (jobId, _, owner) => void acquireLease({ jobs, now: Date.now }, jobId, owner),
    store,
  );
  queue.start();
  const { attempts, error } = await waitFor(
    () => jobs.get(id),
    ({ status }) => status === 'failed',
  );
  expect(started).toEqual([id]);
  expect({ attempts, error }).toMatchObject({ attempts: STOPS + 3, error: { code: 'trainer-crashed' } });
});

it('resets the count of crashes after a trainer that brought the job further', async () => {
  const FURTHER = 4;
  const { jobs, queue, started } = setUp('process.exit(1)', (jobId) => {
    const position = [Math.min(started.length, FURTHER)];
    void jobs.update(jobId, (job) => ({ ...job, furthest: afterCheckpoint(job, position) }));
  });
  queue.start();
  const { id } = await submitJob({ jobs, queue }, newJob());
  await waitFor(
    () => jobs.get(id),
    ({ status }) => status === 'failed',
  );
  expect(started).toHaveLength(FURTHER + 3);
});

it('ends a cancelled job within two seconds, also where its trainer ignores the signal', async () => {
  const deaf = 'process.on("SIGTERM", () => {}); setTimeout(() => {}, 60_000); console.log("up")';
  const up: Promise<unknown>[] = [];
  const { jobs, queue, started } = setUp(deaf, (jobId, child) => {
    up.push(once(child.stdout as NodeJS.ReadableStream, 'data'));
    void jobs.update(jobId, (job) => ({ ...job, status: 'running' }));
  });
  queue.start();
  const { id } = await submitJob({ jobs, queue }, newJob());
  while (started.length === 0) await delay(10);
  await Promise.all(up);
  const startedMs = performance.now();
  await cancelJob({ jobs, queue }, id);
  const job = await waitFor(
    () => jobs.get(id),
    ({ status }) => status === 'cancelled',
  );
  expect(performance.now() - startedMs).toBeLessThan(2000);
  expect(job.finishedAt).not.toBeNull();
});

it('starts no trainer once it has been stopped, though it was looking for a job', async () => {
  const { jobs, queue, started } = setUp('');
  queue.start();
  const { id } = await jobs.create(newJob());
  await queue.submit((await jobs.get(id)) as JobRecord);
  await queue.stop();
  await delay(50);
  expect(started).toEqual([]);
});

it('works on the other jobs where a record is damaged', async () => {
  const store = createMemoryStore();
  const { jobs, queue, started } = setUp('process.exit(3)', undefined, store);
  const damaged = await jobs.create(newJob());
  await store.put(keys.job(damaged.id), '');
  queue.start();
  const { id } = await submitJob({ jobs, queue }, newJob());
  await waitFor(
    () => jobs.get(id),
    ({ status }) => status === 'failed',
  );
  expect(new Set(started)).toEqual(new Set([id]));
});

it('does not write into a job whose lease another server has when its own trainer ends', async () => {
  const { jobs, queue, started } = setUp('process.exit(75)', (jobId) => {
    void jobs.update(jobId, (job) => ({
      ...job,
      status: 'running',
      attempts: 1,
      lease: { owner: 'trainer of another server', attempt: 1, renewals: 0, expiresAtMs: Date.now() },
    }));
  });
  queue.start();
  const first = await submitJob({ jobs, queue }, newJob());
  await delay(2);
  const second = await submitJob({ jobs, queue }, newJob());
  // The worker has got over the first.
  while (!started.includes(second.id)) await delay(10);
  expect(await jobs.get(first.id)).toMatchObject({
    status: 'running',
    lease: { owner: 'trainer of another server' },
    attempts: 1,
  });
  const { events } = await jobs.events(first.id, { limit: 10 });
  expect(events.map(({ message }) => message)).toEqual([expect.stringContaining('Job queued')]);
});

it('releases the lease of a trainer that has ended', async () => {
  const held: (string | undefined)[] = [];
  const { jobs, queue } = setUp('setTimeout(() => {}, 50)', (jobId, _, owner) => {
    void acquireLease({ jobs, now: Date.now }, jobId, owner).then(({ lease }) => held.push(lease?.owner));
  });
  queue.start();
  const { id } = await submitJob({ jobs, queue }, newJob());
  await waitFor(
    () => jobs.get(id),
    ({ status }) => status === 'failed',
  );
  expect(new Set(held).size).toBe(3);
});

it('starts jobs that were created through another server', async () => {
  const { jobs, queue, started } = setUp('process.exit(3)');
  queue.start();
  await delay(20);
  const { id } = await jobs.create(newJob());
  while (started.length === 0) await delay(10);
  expect(started[0]).toBe(id);
});

it('starts jobs whose open-jobs keys were deleted, without waiting for the hourly check', async () => {
  const store = createMemoryStore();
  const { jobs, queue, started } = setUp('process.exit(3)', undefined, store);
  queue.start();
  while (!(await jobs.isOpenChecked())) await delay(10);
  const { id } = await jobs.create(newJob());
  for await (const { key } of store.list(keys.openJobs())) await store.delete(key);
  while (started.length === 0) await delay(10);
  expect(started[0]).toBe(id);
});

it('counts no attempt of a job that its trainers release, and runs other jobs meanwhile', async () => {
  const leaves = `process.exit(${exitCodes.released})`;
  const { jobs, queue, started } = setUp(leaves, (jobId) => {
    if (jobId === other?.id) void jobs.update(jobId, (job) => ({ ...job, status: 'running' }));
  });
  const first = await jobs.create(newJob());
  await delay(2);
  const other = await jobs.create(newJob());
  queue.start();
  while (started.filter((id) => id === first.id).length < 6) await delay(20);
  expect(await jobs.get(first.id)).toMatchObject({ attempts: 0, error: null });
  expect(started).toContain(other.id);
});

it('starts no trainer while the storage rejects writes, and has counted no attempt afterwards', async () => {
  const store = createMemoryStore();
  let isFull = false;
  const full = new FoveaError('storage-full', 'No room.');
  const filling = {
    ...store,
    put: ((...args) => (isFull ? Promise.reject(full) : store.put(...args))) as typeof store.put,
  };
  const errors: unknown[] = [];
  const { jobs, queue, started } = setUp(
    `setTimeout(() => process.exit(${exitCodes.released}), 50)`,
    (jobId, _, owner) => {
      if (started.length > 1) return;
      void acquireLease({ jobs, now: Date.now }, jobId, owner).then(() => {
        isFull = true;
      });
    },
    filling,
    (error) => errors.push(error),
  );
  const { id } = await jobs.create(newJob());
  queue.start();
  while (errors.length < 4) await delay(20);
  expect(started).toEqual([id]);
  expect(new Set(errors)).toEqual(new Set([full]));
  isFull = false;
  const left = await waitFor(
    () => jobs.get(id),
    ({ lease }) => lease === null,
  );
  expect(left).toMatchObject({ status: 'queued', attempts: 0 });
});
