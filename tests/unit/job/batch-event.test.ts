import { beforeEach, describe, expect, it } from 'vitest';
import type { TrainerFleet, TrainerPool } from '../../../core/environment.ts';
import { applyBatchEvent } from '../../../core/job/queues/batch/apply-batch-event.ts';
import { BatchEventSchema } from '../../../core/job/queues/batch/batch-event.ts';
import type { Destination } from '../../../core/job/queues/batch/batch-queue.ts';
import type { JobRecord } from '../../../core/job/record/job.ts';
import { createJobStore, type JobStore } from '../../../core/job/record/job-store.ts';
import { acquireLease, updateLeased } from '../../../core/job/record/lease.ts';
import { spendingOf } from '../../../core/job/record/spending-of.ts';
import { ACCESS } from '../../../core/storage/access.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { keys } from '../../../core/storage/keys.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';
import { FLEET } from '../../support/fleet.ts';
import { newJob } from '../../support/new-job.ts';
import { deniedToApps, storeWithAccess } from '../../support/store-with-policy.ts';

const STARTED = 1_700_000_000_000;
const HOUR_MS = 3_600_000;
const NO_CAPACITY =
  'Canceled by JobStateTimeLimit action due to reason: CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY';

const CHANGE = 'Batch Job State Change';
const poolOf = (name: string, usdPerHour: number, machine: Omit<TrainerPool['machine'], 'priceBasis'>) => ({
  name,
  jobDefinition: `definition-${name}`,
  queues: [{ capacity: 'spot' as const, arn: `queue-${name}` }],
  usdPerHour,
  machine: { ...machine, priceBasis: 'A price for tests.' },
});
/** In the order of a deployment: several GPUs of a memory come before one with more. */
const LARGER_FLEET: TrainerFleet = {
  ...FLEET,
  pools: [
    ...FLEET.pools.slice(0, 1),
    poolOf('gpu-4x16gb', 3.9, { name: 'g4dn.12xlarge', gpu: 'T4', gpuCount: 4, vcpus: 48 }),
    ...FLEET.pools.slice(1),
    poolOf('gpu-48gb', 1.9, { name: 'g6e.xlarge', gpu: 'L40S', vcpus: 4 }),
  ],
};

describe('applyBatchEvent', () => {
  let store: ObjectStore;
  let jobs: JobStore;
  let job: JobRecord;
  let moves: [string, string, Destination][];
  let counted: unknown[];
  /** What the last move has told of the trainer before. */
  let couldNotStart: boolean | undefined;
  /** By the stream. */
  let logs: Record<string, readonly string[]>;
  const now = () => STARTED;

  beforeEach(async () => {
    store = createMemoryStore();
    jobs = createJobStore({ store, now });
    moves = [];
    counted = [];
    logs = {};
    job = await place({ capacity: 'spot' });
  });

  async function place({ pool = 'gpu-16gb', capacity }: { pool?: string; capacity: 'spot' | 'on-demand' }) {
    const { id } = await jobs.create(newJob());
    return jobs.update(id, (record) => ({
      ...record,
      status: 'queued',
      placement: {
        pool,
        capacity,
        submission: 1,
        claim: { owner: 'x', atMs: 0 },
        batchJobId: 'batch-1',
        replaces: null,
      },
    }));
  }

  /** An event as EventBridge delivers it, with fields that nobody looks at. */
  const apply = (detail: Record<string, unknown>, type = CHANGE, fleet: TrainerFleet = FLEET) =>
    applyBatchEvent(
      {
        // With the permissions of the function.
        jobs: createJobStore({ store: storeWithAccess(store, ACCESS.jobEvents, deniedToApps).store, now }),
        fleet,
        now,
        lastLines: async (stream) => logs[stream] ?? [],
        queue: {
          describeFailedChildren: async () => [],
          move: async (id, ended, to, told) => {
            moves.push([id, ended, to]);
            couldNotStart = told?.couldNotStart;
          },
        },
        metrics: {
          jobBecame: (status) => counted.push(status),
          jobMoved: () => counted.push('moved'),
          machineUsed: (used) => counted.push(used),
        },
      },
      BatchEventSchema.parse({
        version: '0',
        source: 'aws.batch',
        'detail-type': type,
        detail: {
          jobName: `${job.id}-1`,
          jobId: 'batch-1',
          jobQueue: 'queue-16-spot',
          attempts: [],
          createdAt: STARTED,
          ...detail,
          container: {
            image: 'trainer',
            ...(detail['container'] as object | undefined),
          },
        },
      }),
    );
  const eventsOf = async () =>
    (await jobs.events(job.id, { limit: 10 })).events.map(({ message }) => message);

  it('tells why a job waits, once', async () => {
    const blocked = {
      status: 'RUNNABLE',
      statusReason: 'CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - [g4dn.xlarge]',
    };
    await apply(blocked, 'Batch Job Queue Blocked');
    await apply(blocked, 'Batch Job Queue Blocked');
    expect(await jobs.get(job.id)).toMatchObject({
      status: 'queued',
      queuedReason: expect.stringContaining('no free machine'),
    });
    expect(await eventsOf()).toHaveLength(1);
  });

  it('pauses a job whose trainer ended before it saw the request, and heeds no later event of it', async () => {
    await jobs.update(job.id, (record) => ({ ...record, status: 'running', pauseRequested: true }));
    const crashed = { status: 'FAILED', container: { exitCode: 1 } };
    await apply(crashed);
    expect(await jobs.get(job.id)).toMatchObject({ status: 'paused', error: null });
    await apply(crashed);
    expect(await eventsOf()).toEqual(['The job is paused.']);
  });

  it.each([
    ['MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE', 'fovea:maxVcpus'],
    ['UNDETERMINED - Batch job is blocked for reason unknown', 'Service Quotas'],
    ['SOMETHING:NEW', 'SOMETHING:NEW'],
  ])('explains %s', async (statusReason, explanation) => {
    await apply({ status: 'RUNNABLE', statusReason }, 'Batch Job Queue Blocked');
    expect((await jobs.get(job.id))?.queuedReason).toContain(explanation);
  });

  it('moves to on-demand machines where no Spot machine came', async () => {
    await apply({ status: 'FAILED', statusReason: NO_CAPACITY });
    expect(moves).toEqual([[job.id, 'batch-1', { pool: 'gpu-16gb', capacity: 'on-demand' }]]);
    expect(await jobs.get(job.id)).toMatchObject({ status: 'queued' });
    expect(counted).toEqual(['moved']);
    expect(await eventsOf()).toEqual([expect.stringContaining('moves to on-demand machines of "gpu-16gb"')]);
  });

  it('fails where no on-demand machine came either', async () => {
    job = await place({ capacity: 'on-demand' });
    await apply({ status: 'FAILED', statusReason: NO_CAPACITY });
    expect(await jobs.get(job.id)).toMatchObject({ status: 'failed', error: { code: 'no-capacity' } });
    expect(moves).toEqual([]);
    expect(counted).toEqual(['failed']);
  });

  it('moves to machines with more memory where the kernel killed the trainer for it', async () => {
    await acquireLease({ jobs, now }, job.id, 'trainer');
    const killed = {
      status: 'FAILED',
      statusReason: 'Essential container in task exited',
      container: { exitCode: 137, reason: 'OutOfMemoryError: Container killed due to memory usage' },
    };
    await apply(killed, CHANGE, LARGER_FLEET);
    expect(moves).toEqual([[job.id, 'batch-1', { pool: 'gpu-48gb', capacity: 'spot' }]]);
    expect(await jobs.get(job.id)).toMatchObject({ status: 'queued', lease: null });
  });

  it('moves to larger machines where the kernel killed the trainer and nobody said why', async () => {
    await acquireLease({ jobs, now }, job.id, 'trainer');
    const killed = {
      status: 'FAILED',
      statusReason: 'Essential container in task exited',
      container: { exitCode: 137 },
    };
    await apply(killed, CHANGE, LARGER_FLEET);
    expect(moves).toEqual([[job.id, 'batch-1', { pool: 'gpu-48gb', capacity: 'spot' }]]);
    expect(await eventsOf()).toEqual([
      expect.stringMatching(/more memory.*moves to spot machines of "gpu-48gb"/),
    ]);
  });

  it.each([
    ['a machine that was taken away', 'Host EC2 (instance i-0) terminated.', 'on-demand'],
    ['the time limit', 'Job attempt duration exceeded timeout', undefined],
  ])('does not take %s for an out-of-memory kill', async (_, statusReason, capacity) => {
    await acquireLease({ jobs, now }, job.id, 'trainer');
    await apply({ status: 'FAILED', statusReason, container: { exitCode: 137 } });
    expect(moves.map(([, , to]) => to)).toEqual(
      capacity === undefined ? [] : [{ pool: 'gpu-16gb', capacity }],
    );
  });

  it('takes the next remedy on the largest machine, until the trainer has none left', async () => {
    job = await place({ pool: 'gpu-24gb', capacity: 'spot' });
    await apply({ status: 'FAILED', container: { exitCode: 137, reason: 'OutOfMemoryError: killed' } });
    expect(moves.map(([, , to]) => to)).toEqual([{ pool: 'gpu-24gb', capacity: 'spot' }]);
    expect(await eventsOf()).toEqual([expect.stringContaining('takes the next remedy')]);
    expect((await jobs.get(job.id))?.memory.wasKilled).toBe(true);
    await apply({ status: 'FAILED', container: { exitCode: 71 } });
    expect(await jobs.get(job.id)).toMatchObject({ status: 'failed', error: { code: 'out-of-memory' } });
  });

  it('does not take a machine with a GPU for a larger one', async () => {
    job = await place({ pool: 'cpu', capacity: 'spot' });
    const machine = { name: 'c7i.2xlarge', vcpus: 8, priceBasis: 'A price for tests.' };
    const queues = [{ capacity: 'spot' as const, arn: 'queue-cpu' }];
    const cpu = { name: 'cpu', jobDefinition: 'definition-cpu', queues, usdPerHour: 0.4, machine };
    const fleet = { ...FLEET, pools: [cpu, ...FLEET.pools] };
    await apply({ status: 'FAILED', container: { exitCode: 71 } }, CHANGE, fleet);
    expect(moves).toEqual([]);
    expect(await jobs.get(job.id)).toMatchObject({ status: 'failed', error: { code: 'out-of-memory' } });
  });

  it('moves to larger machines where the trainer says that it has done what it can', async () => {
    await apply({ status: 'FAILED', container: { exitCode: 71 } });
    expect(moves.map(([, , to]) => to)).toEqual([{ pool: 'gpu-24gb', capacity: 'spot' }]);
  });

  it('moves to the cheapest machines whose GPU has more memory, and not to more GPUs of the same', async () => {
    const ended = { status: 'FAILED', container: { exitCode: 71 } };
    await apply(ended, CHANGE, LARGER_FLEET);
    expect(moves.map(([, , to]) => to)).toEqual([{ pool: 'gpu-24gb', capacity: 'spot' }]);
    job = await place({ pool: 'gpu-4x16gb', capacity: 'spot' });
    await apply(ended, CHANGE, LARGER_FLEET);
    expect(moves.map(([, , to]) => to.pool)).toEqual(['gpu-24gb', 'gpu-24gb']);
  });

  it('moves to machines with several GPUs where no GPU has more memory and the machine has', async () => {
    const fleet = { ...FLEET, pools: LARGER_FLEET.pools.filter(({ machine }) => machine.gpu === 'T4') };
    await apply({ status: 'FAILED', container: { exitCode: 71 } }, CHANGE, fleet);
    expect(moves.map(([, , to]) => to.pool)).toEqual(['gpu-4x16gb']);
  });

  it.each([
    ['no larger machine', ['smaller_batches'], [{ pool: 'gpu-16gb', capacity: 'spot' }], 'queued'],
    ['nothing', [], [], 'failed'],
  ] as const)('does what the job allows: %s', async (_, allowed, expected, status) => {
    await jobs.update(job.id, (record) => ({
      ...record,
      recipe: { ...record.recipe, out_of_memory: [...allowed] },
    }));
    await apply({ status: 'FAILED', container: { exitCode: 137, reason: 'OutOfMemoryError: killed' } });
    expect(moves.map(([, , to]) => to)).toEqual(expected);
    expect((await jobs.get(job.id))?.status).toBe(status);
  });

  it('puts a job back into the queue at once when its machine was reclaimed', async () => {
    await acquireLease({ jobs, now }, job.id, 'trainer');
    await apply({
      status: 'RUNNABLE',
      attempts: [
        {
          startedAt: STARTED,
          stoppedAt: STARTED + 5000,
          statusReason: 'Host EC2 (instance i-0) terminated.',
        },
      ],
    });
    expect(await jobs.get(job.id)).toMatchObject({ status: 'queued', lease: null });
    expect(await eventsOf()).toEqual([expect.stringContaining('Host EC2 (instance i-0) terminated.')]);
  });

  it('leaves the next attempt alone where that news comes again', async () => {
    const reclaimed = { status: 'RUNNABLE', attempts: [{ startedAt: STARTED, stoppedAt: STARTED + 5000 }] };
    const hoursBehind = () => STARTED - 5 * HOUR_MS;
    const batch = { jobId: 'batch-1', attempt: 2 };
    await acquireLease({ jobs, now: hoursBehind, batch }, job.id, 'the next one');
    expect(await apply(reclaimed)).toEqual({ kind: 'nothing' });
    expect(await jobs.get(job.id)).toMatchObject({ status: 'running', lease: { owner: 'the next one' } });
  });

  it('puts a job back into the queue though the clock of its lost machine was hours ahead', async () => {
    const hoursAhead = () => STARTED + 5 * HOUR_MS;
    const batch = { jobId: 'batch-1', attempt: 1 };
    await acquireLease({ jobs, now: hoursAhead, batch }, job.id, 'trainer');
    await apply({ status: 'RUNNABLE', attempts: [{ startedAt: STARTED, stoppedAt: STARTED + 5000 }] });
    expect(await jobs.get(job.id)).toMatchObject({ status: 'queued', lease: null });
  });

  it.each([
    [
      'a crash',
      { container: { exitCode: 139, logStreamName: 'cpu/1' } },
      'The last lines of its log:\none\ntwo',
    ],
    [
      'an end with a cause',
      { container: { reason: 'CannotPullContainerError: no', logStreamName: 'cpu/1' } },
      undefined,
    ],
    ['a crash without a log', { container: { exitCode: 139 } }, undefined],
    ['a crash with an empty log', { container: { exitCode: 139, logStreamName: 'cpu/2' } }, undefined],
  ])('shows the last words of a trainer that gives no cause: %s', async (_what, detail, words) => {
    logs = { 'cpu/1': ['one', 'two'], 'cpu/2': [] };
    await acquireLease({ jobs, now }, job.id, 'trainer');
    await apply({ status: 'FAILED', statusReason: 'Essential container in task exited', ...detail });
    const { status, error } = (await jobs.get(job.id)) ?? {};
    expect(status).toBe('failed');
    const texts = [error?.message ?? '', ...(await eventsOf())];
    for (const text of texts)
      if (words === undefined) expect(text).not.toContain('last lines');
      else expect(text).toContain(words);
    expect(texts.length).toBeGreaterThan(1);
  });

  it('goes by the time of a lease from a trainer of an earlier version, which says no more', async () => {
    const reclaimed = { status: 'RUNNABLE', attempts: [{ startedAt: STARTED, stoppedAt: STARTED + 5000 }] };
    await acquireLease({ jobs, now: () => STARTED + 20_000 }, job.id, 'the next one');
    expect(await apply(reclaimed)).toEqual({ kind: 'nothing' });
  });

  it('knows a Batch job by its name where nobody could write down its id', async () => {
    await jobs.update(job.id, (record) =>
      record.placement === undefined
        ? undefined
        : { ...record, placement: { ...record.placement, batchJobId: null } },
    );
    await apply({ status: 'RUNNING' });
    expect(await jobs.get(job.id)).toMatchObject({ placement: { batchJobId: 'batch-1' } });
    await apply({ status: 'FAILED', statusReason: NO_CAPACITY });
    expect(moves).toEqual([[job.id, 'batch-1', { pool: 'gpu-16gb', capacity: 'on-demand' }]]);
  });

  it.each([
    [
      'trainer-crashed',
      { statusReason: 'Essential container in task exited', container: { exitCode: 139 } },
      'exit code 139',
    ],
    [
      'trainer-image',
      { container: { reason: 'CannotPullContainerError: no such manifest' } },
      'no such manifest',
    ],
    ['job-timeout', { statusReason: 'Job attempt duration exceeded timeout' }, 'fovea:jobHours'],
    [
      'trainer-misconfigured',
      { statusReason: 'Canceled … reason: MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT' },
      'no machine',
    ],
  ])('fails with %s', async (code, detail, message) => {
    await acquireLease({ jobs, now }, job.id, 'trainer');
    await apply({ status: 'FAILED', ...detail });
    expect(await jobs.get(job.id)).toMatchObject({
      status: 'failed',
      lease: null,
      error: { code, message: expect.stringContaining(message) },
    });
  });

  it('moves to on-demand machines where Spot machines were taken away too often', async () => {
    await apply({ status: 'FAILED', statusReason: 'Host EC2 (instance i-0) terminated.' });
    expect(moves[0]?.[2]).toEqual({ pool: 'gpu-16gb', capacity: 'on-demand' });
  });

  describe('ended from outside', () => {
    beforeEach(async () => {
      await acquireLease({ jobs, now }, job.id, 'trainer');
      // The trainer has heard SIGTERM, saved its state and left.
      await updateLeased({ jobs, now }, job.id, 'trainer', (record) => ({ ...record, status: 'queued' }));
    });
    const released = { status: 'FAILED', container: { exitCode: 75 } };

    it.each([
      ['a time limit', 'Job attempt duration exceeded timeout', 'job-timeout', 'fovea:jobHours'],
      ['the console', 'it was not needed', 'job-terminated', 'it was not needed'],
    ])('by %s, a job ends, although its trainer has released it', async (_, statusReason, code, message) => {
      await apply({ ...released, statusReason });
      expect(moves).toEqual([]);
      expect(await jobs.get(job.id)).toMatchObject({
        status: 'failed',
        error: { code, message: expect.stringContaining(message) },
      });
    });

    it('without a reason of AWS Batch, the mark on the Batch job tells', async () => {
      await apply({ ...released, statusReason: 'Essential container in task exited', isTerminated: true });
      expect(await jobs.get(job.id)).toMatchObject({ error: { code: 'job-terminated' } });
    });

    it('before it had a machine', async () => {
      await apply({ status: 'FAILED', statusReason: 'wrong dataset', isCancelled: true });
      expect(await jobs.get(job.id)).toMatchObject({
        error: { message: expect.stringContaining('wrong dataset') },
      });
    });

    it.each([
      ['Essential container in task exited', {}],
      ['Host EC2 (instance i-0) terminated.', {}],
      [NO_CAPACITY, { isCancelled: true }],
    ])('is not what AWS Batch does by itself: %s', async (statusReason, more) => {
      await apply({ ...released, statusReason, ...more });
      expect(moves).toEqual([[job.id, 'batch-1', { pool: 'gpu-16gb', capacity: 'on-demand' }]]);
    });

    it('an array ends its job, too', async () => {
      await jobs.update(job.id, (record) =>
        record.placement === undefined
          ? undefined
          : { ...record, placement: { ...record.placement, trials: 2 } },
      );
      await apply({ status: 'FAILED', statusReason: 'not needed' });
      expect(await jobs.get(job.id)).toMatchObject({ error: { code: 'job-terminated' } });
      expect(moves).toEqual([]);
    });
  });

  describe('a trainer that could not start', () => {
    const ended = { statusReason: 'Essential container in task exited', status: 'FAILED' };
    const denied = { ...ended, container: { exitCode: 77, logStreamName: 'gpu-16gb/default/1' } };
    const fleet = { ...FLEET, logGroup: 'trainers' };

    it('is tried once more on a machine of the same kind, and then the job fails with the cause', async () => {
      await apply(denied, undefined, fleet);
      expect(moves).toEqual([[job.id, 'batch-1', { pool: 'gpu-16gb', capacity: 'spot' }]]);
      expect(couldNotStart).toBe(true);
      await jobs.update(job.id, (record) =>
        record.placement === undefined
          ? undefined
          : { ...record, placement: { ...record.placement, couldNotStart: true } },
      );
      await apply(denied, undefined, fleet);
      expect(moves).toHaveLength(1);
      const { error } = (await jobs.get(job.id)) as JobRecord;
      expect(error?.code).toBe('trainer-not-started');
      expect(error?.message).toMatch(
        /may not use the bucket.*aws logs tail trainers --log-stream-names gpu-16gb\/default\/1/,
      );
    });

    it.each([
      [{ exitCode: 78 }, 'settings or the record'],
      [{ reason: 'CannotStartContainerError: no runtime "nvidia"' }, 'no runtime "nvidia"'],
    ])('says why: %j', async (container, cause) => {
      await apply({ ...ended, container });
      expect(await eventsOf()).toEqual([expect.stringContaining(cause)]);
      expect(couldNotStart).toBe(true);
    });
  });

  it('cancels a job whose trainer was ended because of a cancellation', async () => {
    await acquireLease({ jobs, now }, job.id, 'trainer');
    await jobs.requestCancel(job.id);
    await apply({ status: 'FAILED', statusReason: 'The job was cancelled.', container: { exitCode: 137 } });
    expect(await jobs.get(job.id)).toMatchObject({ status: 'cancelled', lease: null });
  });

  it('leaves a job alone that its trainer has finished', async () => {
    await acquireLease({ jobs, now }, job.id, 'trainer');
    await updateLeased({ jobs, now }, job.id, 'trainer', (record) => ({ ...record, status: 'succeeded' }));
    expect(await apply({ status: 'SUCCEEDED' })).toEqual({ kind: 'nothing' });
    expect(counted).toEqual(['succeeded']);
  });

  it('gives notice of a job whose trainer has finished it, and was killed before it did so', async () => {
    await jobs.update(job.id, (record) => ({ ...record, status: 'running' }));
    await jobs.update(job.id, (record) => ({ ...record, status: 'succeeded', finishedAt: 1 }));
    await store.eraseAll(keys.webhookNotices());
    const notices = async () => {
      const found = [];
      for await (const { key } of store.list(keys.webhookNotices())) found.push(key);
      return found;
    };
    await apply({ status: 'RUNNING' });
    expect(await notices()).toEqual([]);
    await apply({ status: 'SUCCEEDED' });
    expect(await notices()).toHaveLength(1);
  });

  it('fails a job whose trainer ended well without finishing it', async () => {
    await acquireLease({ jobs, now }, job.id, 'trainer');
    await apply({ status: 'SUCCEEDED' });
    expect(await jobs.get(job.id)).toMatchObject({ status: 'failed', error: { code: 'trainer-crashed' } });
  });

  it('ignores news of an earlier Batch job, and of jobs that are not in the store', async () => {
    await jobs.update(job.id, (record) =>
      record.placement === undefined
        ? undefined
        : { ...record, placement: { ...record.placement, batchJobId: 'batch-2', replaces: 'batch-1' } },
    );
    expect(await apply({ status: 'FAILED', statusReason: NO_CAPACITY })).toEqual({ kind: 'nothing' });
    for (const jobName of ['ftjob-of-another-stack-1', 'somebody'])
      expect(await apply({ jobId: 'batch-2', jobName, status: 'FAILED' })).toEqual({ kind: 'nothing' });
    expect(moves).toEqual([]);
  });

  it('moves as it was decided where the event comes again because the submission failed', async () => {
    await jobs.update(job.id, (record) =>
      record.placement === undefined
        ? undefined
        : {
            ...record,
            placement: {
              ...record.placement,
              capacity: 'on-demand',
              submission: 2,
              batchJobId: null,
              replaces: 'batch-1',
            },
          },
    );
    await apply({ status: 'RUNNABLE' });
    await apply({ status: 'FAILED', statusReason: NO_CAPACITY });
    expect(moves).toEqual([[job.id, 'batch-1', { pool: 'gpu-16gb', capacity: 'on-demand' }]]);
  });

  describe('of an array', () => {
    beforeEach(async () => {
      job = await jobs.update(job.id, (record) =>
        record.placement === undefined
          ? undefined
          : {
              ...record,
              sweep: { learning_rate_multiplier: [1, 2] },
              placement: { ...record.placement, trials: 2 },
            },
      );
    });
    const start = () => jobs.update(job.id, (record) => ({ ...record, status: 'running' }));
    const to = { pool: 'gpu-16gb', capacity: 'spot' };

    it.each(['SUCCEEDED', 'FAILED'])('that has %s hands the job to one trainer', async (status) => {
      await start();
      expect(await apply({ status })).toMatchObject({ kind: 'move', isPlanned: true });
      expect(moves).toEqual([[job.id, 'batch-1', to]]);
      expect(await jobs.get(job.id)).toMatchObject({ status: 'queued', error: null });
      expect(await eventsOf()).toEqual(['0 of 2 trials are over. One trainer finishes the job.']);
      // Nothing went wrong.
      expect(counted).toEqual([]);
    });

    it.each(['SUCCEEDED', 'FAILED'])('does the same again where it comes twice (%s)', async (status) => {
      await start();
      await apply({ status });
      const submitted = (batchJobId: string | null) =>
        jobs.update(job.id, (record) => {
          const { trials, ...placement } = record.placement as NonNullable<typeof record.placement>;
          return { ...record, placement: { ...placement, submission: 2, batchJobId, replaces: 'batch-1' } };
        });
      await submitted(null);
      expect(await apply({ status })).toMatchObject({ kind: 'move', to });
      await submitted('batch-2');
      expect(await apply({ status })).toEqual({ kind: 'nothing' });
      expect(await jobs.get(job.id)).toMatchObject({ status: 'queued', error: null });
    });

    it.each([
      ['SUCCEEDED', {}],
      ['FAILED', { container: { exitCode: 137 } }],
      ['FAILED', { container: { exitCode: 71 } }],
      ['RUNNING', {}],
      ['RUNNABLE', { statusReason: 'UNDETERMINED' }],
    ])('is not over when a child is %s', async (status, detail) => {
      await start();
      expect(await apply({ jobId: 'batch-1:1', status, ...detail })).toEqual({ kind: 'nothing' });
      expect(await jobs.get(job.id)).toMatchObject({ status: 'running' });
      expect([moves, counted]).toEqual([[], []]);
    });

    it('says why no child starts', async () => {
      const statusReason = 'CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY';
      await apply({ jobId: 'batch-1:0', status: 'RUNNABLE', statusReason }, 'Batch Job Queue Blocked');
      expect((await jobs.get(job.id))?.queuedReason).toContain('no free machine');
    });

    it('adds up the machines of its children', async () => {
      await start();
      const attempts = [{ startedAt: STARTED, stoppedAt: STARTED + 3_600_000 }];
      for (const index of [0, 1, 1])
        await apply({ jobId: `batch-1:${index}`, status: 'SUCCEEDED', attempts });
      expect((await jobs.get(job.id))?.usage).toMatchObject([
        { batchJobId: 'batch-1:0', seconds: 3600 },
        { batchJobId: 'batch-1:1', seconds: 3600 },
      ]);
    });

    it('is known by the name of a child where nobody could write down its id', async () => {
      await jobs.update(job.id, (record) =>
        record.placement === undefined
          ? undefined
          : { ...record, placement: { ...record.placement, batchJobId: null } },
      );
      await start();
      await apply({ jobId: 'batch-1:1', status: 'RUNNING' });
      expect(await jobs.get(job.id)).toMatchObject({ placement: { batchJobId: 'batch-1' } });
      expect(await apply({ status: 'SUCCEEDED' })).toMatchObject({ kind: 'move', isPlanned: true });
    });

    it('costs what its children took, though they were killed before they could tell', async () => {
      await start();
      await jobs.requestCancel(job.id);
      const attempts = [{ startedAt: STARTED, stoppedAt: STARTED + 3_600_000 }];
      await apply({ jobId: 'batch-1:0', status: 'FAILED', attempts });
      await apply({ jobId: 'batch-1:1', status: 'FAILED' });
      await apply({ status: 'FAILED', statusReason: 'The job was cancelled.' });
      const over = (await jobs.get(job.id)) as JobRecord;
      expect(over).toMatchObject({ status: 'cancelled', spent: { seconds: 0 } });
      expect(spendingOf(over)).toEqual({ seconds: 3600, usd: 0.5 });
    });

    it('ends a job that was cancelled', async () => {
      await start();
      await jobs.requestCancel(job.id);
      await apply({ status: 'FAILED', statusReason: 'The job was cancelled.' });
      expect(await jobs.get(job.id)).toMatchObject({ status: 'cancelled' });
      expect(counted).toEqual(['cancelled']);
    });
  });

  it('prices machines as the trainer did, who knows its own, or as the dearest', async () => {
    const attempts = [{ startedAt: STARTED, stoppedAt: STARTED + HOUR_MS }];
    const fleet = { ...FLEET, pools: FLEET.pools.map((pool) => ({ ...pool, mostUsdPerHour: 1.2 })) };
    await apply({ status: 'SUCCEEDED', attempts }, undefined, fleet);
    expect((await jobs.get(job.id))?.usage).toMatchObject([{ estimatedUsd: 1.2 }]);
    job = await place({ capacity: 'spot' });
    await jobs.update(job.id, (record) => ({ ...record, spent: { seconds: 1800, usd: 0.4 } }));
    await apply({ status: 'SUCCEEDED', attempts }, undefined, fleet);
    expect((await jobs.get(job.id))?.usage?.[0]?.estimatedUsd).toBeCloseTo(0.8);
  });

  it('adds up what the machines cost, once', async () => {
    const over = {
      status: 'SUCCEEDED',
      attempts: [
        { startedAt: STARTED, stoppedAt: STARTED + 1_800_000 },
        { startedAt: STARTED + 2_000_000, stoppedAt: STARTED + 3_800_000 },
        { statusReason: 'never started' },
      ],
    };
    await jobs.update(job.id, (record) => ({ ...record, status: 'running' }));
    await jobs.update(job.id, (record) => ({ ...record, status: 'succeeded' }));
    await apply(over);
    await apply(over);
    expect((await jobs.get(job.id))?.usage).toEqual([
      { batchJobId: 'batch-1', pool: 'gpu-16gb', seconds: 3600, estimatedUsd: 0.5 },
    ]);
    expect(counted.filter((item) => typeof item === 'object')).toHaveLength(1);
    expect(await eventsOf()).toEqual([expect.stringContaining('3600 s: about US$ 0.50')]);
  });
});
