// The memory of a job, or of one trial of it: watches the limit, and where memory runs out takes the next remedy that the
// job's policy allows and goes on from what is saved. What is taken stands in the job's record before it is tried, so that an
// attempt that the kernel ends for memory is followed by one that does not die in the same way.

import { FoveaError } from '../../core/errors/errors.ts';
import {
  type MemoryRecord,
  NO_SAVINGS,
  type Savings,
  type TakenRemedies,
} from '../../core/job/recipe/memory-record.ts';
import type { JobRecord } from '../../core/job/record/job.ts';
import { formatBytes } from '../../core/network/plan/format-quantities.ts';
import type { JobReporter } from '../attempt/job-reporter.ts';
import { outOfMemory, toOutOfMemory } from '../tensorflow/executor/out-of-memory.ts';
import type { KernelKills, MachineMemory } from './machine-memory.ts';
import { plannedBytes } from './plan-micro-batch.ts';
import { type ProcessMemory, thisProcess } from './process-memory.ts';
import { type BatchSizes, type MemoryStage, networkOf, nextRemedy, type Situation } from './remedies.ts';

/** Of the limit: the trainer acts before the kernel does. */
const WATCHED_SHARE = 0.95;
/** A killed attempt that had come so near to its limit was killed for it. */
const NEAR_SHARE = 0.9;
/** A machine with so much more memory needs none of what was given up on the smaller one. */
const LARGER_FACTOR = 1.5;

/** What a training takes at once. */
export interface TrainingSizes {
  readonly batchSizes: BatchSizes;
  /** By the plan, of stages whose batches do not fit. */
  readonly partSizes: Savings['partSizes'];
  /** The first layer that learns in the stage `full`; null where all do. */
  readonly unfreezeFrom: string | null;
  /** Whether no attempt has tried the training before. */
  readonly isFirst: boolean;
}

export interface JobMemory {
  /**
   * Begins a training, as the attempts before have left it.
   * @throws {FoveaError} `out-of-memory` where one was ended for memory and no remedy is left.
   */
  start(sizes: TrainingSizes): Promise<void>;
  /** What the training has given up so far. */
  givenUp(): TakenRemedies;
  /** Writes down what is begun. */
  enter(stage: MemoryStage): Promise<void>;
  /** @throws {FoveaError} `out-of-memory` where the process is over its limit. */
  check(): void;
  /**
   * Does the work, and where memory runs out does it once more with more savings.
   *
   * @throws {FoveaError} `out-of-memory` where no remedy is left; `trainer-terminated` where a fresh process has to go on,
   * because memory has run out again, or this one keeps it: what is given up next should not be given up for what an
   * allocator holds on to.
   */
  run<T>(work: (savings: Savings) => Promise<T>): Promise<T>;
}

export interface JobMemoryDeps {
  readonly job: JobRecord;
  readonly reporter: Pick<JobReporter, 'setMemory' | 'warn' | 'message'>;
  readonly machine: MachineMemory;
  readonly situation: Omit<Situation, 'batchSizes' | 'unfreezeFrom'>;
  /** Default: this process. */
  readonly process?: ProcessMemory;
}

/** Whether a machine needs nothing of what was given up on one with so much memory, in bytes. */
export const isLargerThan = ({ deviceBytes }: MachineMemory, bytes: number): boolean =>
  deviceBytes > LARGER_FACTOR * bytes;

/** Whether an attempt that did not end by itself was ended for want of memory. */
export function wasKilledForMemory({ memory, progress }: JobRecord, kills: KernelKills): boolean {
  if (memory.wasKilled) return true;
  if (memory.trying === null) return false;
  const { boot, oomKills } = memory.trying;
  const isSameBoot = boot !== null && boot === kills.boot;
  if (isSameBoot && oomKills !== null && kills.oomKills !== null && kills.oomKills > oomKills) return true;
  return (progress?.rssBytes ?? 0) >= NEAR_SHARE * (memory.deviceBytes ?? Infinity);
}

/** The memory of a job, as the attempts before have left it. */
export function openJobMemory(deps: JobMemoryDeps): JobMemory {
  const { job, reporter, machine } = deps;
  const { rss, collectGarbage, kernelKills } = deps.process ?? thisProcess;
  const isOver = () => {
    const most = WATCHED_SHARE * machine.limitBytes;
    if (rss() <= most) return false;
    // Left to itself, V8 lets buffers of many megabytes wait for it.
    collectGarbage();
    return rss() > most;
  };
  const isLarger = isLargerThan(machine, job.memory.deviceBytes ?? Infinity);
  let record: MemoryRecord = {
    ...job.memory,
    ...(isLarger ? { savings: NO_SAVINGS, taken: [] } : {}),
    deviceBytes: machine.deviceBytes,
    trying: null,
    wasKilled: false,
  };
  let stage = job.memory.trying?.stage as MemoryStage | undefined;
  let batchSizes: BatchSizes = {};
  let unfreezeFrom: string | null = null;
  let isStarted = false;
  let isFresh = true;

  async function write(change: Partial<MemoryRecord>, options?: { readonly isUncounted: boolean }) {
    record = { ...record, ...change };
    await reporter.setMemory(record, options);
  }

  async function takeRemedy(error: FoveaError, isUncounted = false): Promise<void> {
    const next =
      stage === undefined
        ? undefined
        : nextRemedy(job.recipe.out_of_memory, record.savings, stage, {
            ...deps.situation,
            batchSizes,
            unfreezeFrom,
          });
    if (next === undefined || stage === undefined) throw exhausted(error);
    const { remedy, savings, gaveUp } = next;
    await write({ savings, taken: [...record.taken, { remedy, stage, gaveUp }] }, { isUncounted });
    await reporter.warn(`${error.message} ${gaveUp}`, { remedy, stage, savings });
  }

  function exhausted(cause: FoveaError): FoveaError {
    const { limitName, limitBytes } = machine;
    const enough = Math.max(stage === undefined ? 0 : neededBytes(stage), LARGER_FACTOR * limitBytes);
    const taken = [...new Set(record.taken.map(({ remedy }) => remedy))];
    return new FoveaError(
      'out-of-memory',
      `${cause.message} ${taken.length === 0 ? 'The job may use no remedy' : `No remedy is left after ${taken.join(', ')}`}` +
        `${stage === undefined ? '' : ` in the stage "${stage}"`}. About ${formatBytes(enough)} would be enough; ` +
        `${limitName} is ${formatBytes(limitBytes)}. Use a larger machine, a smaller network or a smaller batch_size, or ` +
        'allow more in recipe.out_of_memory.',
      { param: 'recipe.out_of_memory', details: { enoughBytes: enough, limitBytes, taken }, cause },
    );
  }

  /** Of a stage as it was tried last, the process included. */
  function neededBytes(of: MemoryStage): number {
    const { savings } = record;
    const microBatchSize = savings.partSizes[of] ?? batchSizes[of] ?? 1;
    return (
      rss() +
      plannedBytes(networkOf(savings, deps.situation), microBatchSize, savings.unfreezeFrom ?? unfreezeFrom)
    );
  }

  /** Once an attempt: what the one before has left behind. */
  async function takeOver(): Promise<void> {
    if (isStarted) return;
    isStarted = true;
    if (isLarger) {
      if (job.memory.taken.length === 0) return;
      await reporter.message(
        `This machine has ${formatBytes(machine.deviceBytes)} of memory: the job goes on without the remedies taken on the smaller one.`,
        { device_bytes: machine.deviceBytes },
      );
    } else if (wasKilledForMemory(job, await kernelKills())) {
      await takeRemedy(outOfMemory('an earlier attempt was ended for it'), true);
    }
  }

  return {
    async start({ partSizes: planned, isFirst, ...sizes }) {
      ({ batchSizes, unfreezeFrom } = sizes);
      await takeOver();
      const partSizes = { ...record.savings.partSizes };
      for (const [name, size] of Object.entries(isFirst || isLarger ? planned : {})) {
        partSizes[name] = Math.min(size, partSizes[name] ?? size);
      }
      await write({ savings: { ...record.savings, partSizes } });
    },
    givenUp: () => ({ savings: record.savings, taken: record.taken }),
    async enter(next) {
      stage = next;
      await write({ trying: { stage: next, ...(await kernelKills()) } });
    },
    check() {
      if (!isOver()) return;
      throw outOfMemory(
        `the trainer takes ${formatBytes(rss())}, and ${machine.limitName} is ${formatBytes(machine.limitBytes)}`,
      );
    },
    async run(work) {
      for (;;) {
        try {
          return await work(record.savings);
        } catch (error) {
          const found = toOutOfMemory(error);
          if (found === undefined) throw error;
          if (isFresh) await takeRemedy(found);
          if (!isFresh || isOver()) throw needsFreshProcess();
          isFresh = false;
        }
      }
    },
  };
}

const needsFreshProcess = () =>
  new FoveaError(
    'trainer-terminated',
    'The trainer does not get its memory back from the system: a fresh process goes on.',
  );
