// What is done where memory runs out, by a job that has a record and a work that fails until enough is given up.

import { describe, expect, it } from 'vitest';
import { toBase } from '../../../batch-job/base/base.ts';
import { type JobMemory, openJobMemory, wasKilledForMemory } from '../../../batch-job/memory/job-memory.ts';
import type { Situation } from '../../../batch-job/memory/remedies.ts';
import { outOfMemory, toOutOfMemory } from '../../../batch-job/tensorflow/executor/out-of-memory.ts';
import { isFoveaError } from '../../../core/errors/errors.ts';
import {
  type MemoryRecord,
  NO_SAVINGS,
  type RemedyName,
  type Savings,
} from '../../../core/job/recipe/memory-record.ts';
import { RecipeSchema } from '../../../core/job/recipe/recipe.ts';
import type { JobRecord } from '../../../core/job/record/job.ts';
import { createJobStore } from '../../../core/job/record/job-store.ts';
import { findArchitecture } from '../../../core/network/architectures/architectures.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { newJob } from '../../support/new-job.ts';

const GB = 1e9;
const SITUATION: Situation = {
  base: toBase(findArchitecture('mobilenet_v2_0.35')),
  classes: 3,
  batchSizes: { features: 16, head: 32, full: 16, evaluation: 16 },
  unfreezeFrom: null,
};

const createJob = (allowed?: readonly RemedyName[]): Promise<JobRecord> =>
  createJobStore({ store: createMemoryStore(), now: Date.now }).create(
    newJob({ recipe: RecipeSchema.parse(allowed === undefined ? {} : { out_of_memory: allowed }) }),
  );

interface World {
  readonly rss?: () => number;
  readonly limitBytes?: number;
  readonly oomKills?: number;
  readonly situation?: Situation;
  readonly collectGarbage?: () => void;
  /** Planned micro-batches. */
  readonly partSizes?: Savings['partSizes'];
}

/** A job's memory, with what it writes and says. */
async function openMemory(
  job: JobRecord,
  { rss = () => GB, limitBytes = 4 * GB, oomKills = 0, situation, collectGarbage, partSizes = {} }: World,
) {
  const records: MemoryRecord[] = [];
  const warnings: string[] = [];
  let uncounted = 0;
  const { batchSizes, ...known } = situation ?? SITUATION;
  const memory = openJobMemory({
    job,
    reporter: {
      async setMemory(record, options) {
        records.push(record);
        if (options?.isUncounted) uncounted += 1;
      },
      async warn(message) {
        warnings.push(message);
      },
      async message(message) {
        warnings.push(message);
      },
    },
    machine: {
      limitBytes,
      limitName: 'the memory limit of this trainer',
      deviceBytes: limitBytes,
      freeBytes: limitBytes - GB,
      freeName: 'the memory limit of this trainer',
    },
    situation: known,
    process: {
      kernelKills: async () => ({ boot: 'b', oomKills }),
      rss,
      collectGarbage: collectGarbage ?? (() => undefined),
    },
  });
  await memory.start({ batchSizes, unfreezeFrom: null, partSizes, isFirst: false });
  const record = () => records.at(-1) as MemoryRecord;
  return { memory, record, warnings, uncounted: () => uncounted };
}

/** Attempts one after the other, each in a process of its own, until one is not told to go on in another. */
async function runAll(
  job: JobRecord,
  world: World,
  work: (memory: JobMemory, savings: Savings) => Promise<void>,
) {
  const warnings: string[] = [];
  for (let left = job; ; ) {
    const attempt = await openMemory(left, world);
    const end = await attempt.memory
      .run((savings) => work(attempt.memory, savings))
      .catch((error: unknown) => error);
    warnings.push(...attempt.warnings);
    const record = attempt.record();
    if (!isFoveaError(end, 'trainer-terminated')) return { end, record, warnings };
    left = leaving(job, { ...record, trying: null });
  }
}

/** The attempt after one that left `record` behind. */
const leaving = (job: JobRecord, memory: MemoryRecord): JobRecord => ({ ...job, memory });

describe('a job that runs out of memory', () => {
  it('takes the remedies in their order, each written down before it is tried', async () => {
    const tried: string[] = [];
    const { record, warnings } = await runAll(await createJob(), {}, async (memory, savings) => {
      await memory.enter('full');
      tried.push(JSON.stringify([savings.partSizes['full'] ?? 16, savings.unfreezeFrom, savings.inputSize]));
      if (savings.inputSize === null) throw outOfMemory('it is full');
    });
    // A process that has run out once before leaves the next remedy to a fresh one, which tries the same again.
    const once = tried.filter((what, i) => what !== tried[i - 1]);
    expect(once.slice(0, 6)).toEqual([
      '[16,null,null]',
      '[8,null,null]',
      '[4,null,null]',
      '[2,null,null]',
      '[1,null,null]',
      // Half of what the backward pass reads comes from the first eighth of the layers; the next block begins behind them.
      '[1,"block_3_expand",null]',
    ]);
    expect(tried.at(-1)).toContain('{"height":160,"width":160}');
    expect(record.taken.map(({ remedy }) => remedy)).toEqual([
      ...Array.from({ length: 4 }, () => 'smaller_batches'),
      ...Array.from({ length: record.taken.length - 5 }, () => 'fewer_layers'),
      'smaller_pictures',
    ]);
    expect(warnings[0]).toBe(
      'Memory ran out: it is full. Gradients of batches of 16 are accumulated over micro-batches of 8: the same training, ' +
        'more slowly.',
    );
  });

  it('keeps to what its policy allows, and says in the end what would be enough', async () => {
    const job = await createJob(['fewer_layers', 'larger_machine', 'smaller_batches']);
    const { end, record } = await runAll(job, {}, async (memory) => {
      await memory.enter('full');
      throw outOfMemory('it is full');
    });
    expect(end).toMatchObject({
      code: 'out-of-memory',
      message: expect.stringMatching(
        /No remedy is left after fewer_layers in the stage "full"\. About 6\.00 GB/,
      ),
      details: { enoughBytes: 6 * GB },
    });
    expect(new Set(record.taken.map(({ remedy }) => remedy))).toEqual(new Set(['fewer_layers']));
  });

  it('keeps features in 16 bits where they are what fills the memory', async () => {
    const { memory, record } = await openMemory(await createJob(['half_precision']), {});
    await memory.run(async ({ halfPrecision }) => {
      await memory.enter('features');
      if (!halfPrecision) throw outOfMemory('it is full');
    });
    expect(record().savings.halfPrecision).toBe(true);
  });

  it('takes planned micro-batches where another machine resumes the job, and none where the same does', async () => {
    const job = await createJob();
    const partsOn = async (deviceBytes: number) => {
      const moved = { ...job, memory: { ...job.memory, deviceBytes } };
      const { record } = await openMemory(moved, { limitBytes: 4 * GB, partSizes: { full: 2 } });
      return record().savings.partSizes;
    };
    expect(await partsOn(16 * GB)).toEqual({ full: 2 });
    expect(await partsOn(4 * GB)).toEqual({});
    expect(await partsOn(2 * GB)).toEqual({ full: 2 });
  });

  it('does not lower the input of a network whose weights depend on it', async () => {
    const situation = { ...SITUATION, base: toBase(findArchitecture('mnist_cnn')) };
    const { memory } = await openMemory(await createJob(['smaller_pictures']), { situation });
    const failed = memory.run(async () => {
      await memory.enter('scratch');
      throw outOfMemory('it is full');
    });
    await expect(failed).rejects.toMatchObject({ code: 'out-of-memory' });
  });

  it('stops at a limit, and leaves the rest to a fresh process where this one keeps the memory', async () => {
    let rss = GB;
    const { memory, record } = await openMemory(await createJob(), { rss: () => rss });
    const run = memory.run(async () => {
      await memory.enter('full');
      memory.check();
      rss = 3.9 * GB;
      memory.check();
    });
    await expect(run).rejects.toMatchObject({ code: 'trainer-terminated' });
    expect(record().savings.partSizes).toEqual({ full: 8 });
  });

  it('does not take garbage for a want of memory', async () => {
    let rss = 3.9 * GB;
    const { memory, record } = await openMemory(await createJob(), {
      rss: () => rss,
      collectGarbage: () => {
        rss = GB;
      },
    });
    await memory.run(async () => {
      await memory.enter('full');
      memory.check();
    });
    expect(record().taken).toEqual([]);
  });

  it('lets other failures pass', async () => {
    const { memory } = await openMemory(await createJob(), {});
    await expect(memory.run(() => Promise.reject(new Error('no such op')))).rejects.toThrow('no such op');
  });
});

describe('an attempt after one that did not end by itself', () => {
  async function killedIn(stage: 'full' | 'evaluation') {
    const job = await createJob();
    const { memory, record } = await openMemory(job, {});
    await memory.enter(stage);
    return leaving(job, record());
  }

  it('goes on as before where nothing speaks for a want of memory', async () => {
    const { record, uncounted } = await openMemory(await killedIn('full'), {});
    expect(record()).toMatchObject({ savings: NO_SAVINGS, taken: [], trying: null });
    expect(uncounted()).toBe(0);
  });

  it('takes the next remedy where the kernel has ended a process for memory meanwhile', async () => {
    const { record, uncounted, warnings } = await openMemory(await killedIn('full'), { oomKills: 1 });
    expect(record().savings.partSizes).toEqual({ full: 8 });
    expect(uncounted()).toBe(1);
    expect(warnings[0]).toContain('Memory ran out: an earlier attempt was killed for it.');
  });

  it('takes it where the queue was told so, or its last report was near the limit', async () => {
    const job = await killedIn('evaluation');
    const told = await openMemory(leaving(job, { ...job.memory, wasKilled: true }), {});
    expect(told.record()).toMatchObject({ savings: { partSizes: { evaluation: 8 } }, wasKilled: false });
    const progress = { ...({} as NonNullable<JobRecord['progress']>), rssBytes: 3.7 * GB };
    expect(wasKilledForMemory({ ...job, progress }, { boot: null, oomKills: null })).toBe(true);
    expect(wasKilledForMemory(job, { boot: 'another', oomKills: 5 })).toBe(false);
  });

  it('starts anew without remedies on a machine that has more memory', async () => {
    const small = await openMemory(await killedIn('full'), { oomKills: 1 });
    const { record, warnings } = await openMemory(leaving(await createJob(), small.record()), {
      limitBytes: 8 * GB,
    });
    expect(record()).toMatchObject({ savings: NO_SAVINGS, taken: [], deviceBytes: 8 * GB });
    expect(warnings[0]).toContain('resumes without the remedies');
    const job = await killedIn('full');
    const told = await openMemory(leaving(job, { ...job.memory, wasKilled: true }), { limitBytes: 8 * GB });
    expect(told.record()).toMatchObject({ taken: [], wasKilled: false });
  });
});

describe('toOutOfMemory', () => {
  it.each([
    'OOM when allocating tensor with shape[16,112,112,48] and type float on /job:localhost/replica:0/task:0/device:GPU:0 by allocator GPU_0_bfc',
    'std::bad_alloc',
    'Array buffer allocation failed',
    'WebAssembly.Memory.grow(): could not allocate memory',
  ])('knows "%s"', (message) => {
    expect(toOutOfMemory(new Error(message))).toMatchObject({ code: 'out-of-memory' });
  });

  it('tells what the addon on TensorFlow 2.21 says of a tensor of 40 TB', () => {
    const message =
      'Invalid TF_Status: 8\nMessage: OOM when allocating tensor with shape[100000,100000,1000] and type float on ' +
      '/job:localhost/replica:0/task:0/device:CPU:0 by allocator mklcpu';
    expect(toOutOfMemory(new Error(message))?.message).toMatch(
      /^Memory ran out: .*shape\[100000,100000,1000\]/,
    );
  });

  it('leaves other errors alone', () => {
    expect(toOutOfMemory(new RangeError('Invalid typed array length: 3'))).toBeUndefined();
  });
});
