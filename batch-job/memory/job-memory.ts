// Watches the memory limit of a job, or of one trial. Where memory runs out, it takes the next remedy that the job's policy
// allows, and the job resumes from its checkpoint. A remedy is written into the job's record before it is tried, so that
// after an attempt that the kernel killed for memory, the next one does not die in the same way.

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

/** Share of the limit at which the trainer acts, before the kernel does. */
const WATCHED_SHARE = 0.95;
/** A killed attempt that had reached this share of its limit counts as killed for memory. */
const NEAR_SHARE = 0.9;
/** A machine with this many times the memory needs none of the remedies that were taken on the smaller one. */
const LARGER_FACTOR = 1.5;

/** The sizes that decide how much memory a training takes. */
export interface TrainingSizes {
  readonly batchSizes: BatchSizes;
  /** Planned micro-batch sizes of the stages whose batches do not fit. */
  readonly partSizes: Savings['partSizes'];
  /** The first trainable layer of the stage `full`; null where all layers are trainable. */
  readonly unfreezeFrom: string | null;
  /** Whether no attempt has tried the training before. */
  readonly isFirst: boolean;
}

/** Watches memory, and takes remedies where it runs out. */
export interface JobMemory {
  /**
   * Starts a training, with the remedies that earlier attempts have taken.
   * @throws {FoveaError} `out-of-memory` where an earlier attempt was killed for memory and no remedy is left.
   */
  start(sizes: TrainingSizes): Promise<void>;
  /** The remedies that the training has taken so far. */
  givenUp(): TakenRemedies;
  /** Writes into the record that a stage begins. */
  enter(stage: MemoryStage): Promise<void>;
  /** Compares the process with its limit. @throws {FoveaError} `out-of-memory` where it is too near the limit. */
  check(): void;
  /**
   * Does the work. Where memory runs out, takes a remedy and does the work once more.
   * @throws {FoveaError} `out-of-memory` where no remedy is left; `trainer-terminated` where a fresh process has to continue,
   * because memory ran out again or this process does not return it. So no remedy is taken for memory that only an allocator holds.
   */
  run<T>(work: (savings: Savings) => Promise<T>): Promise<T>;
}

/** The job, its machine, and what the remedies need to know. */
export interface JobMemoryDeps {
  readonly job: JobRecord;
  readonly reporter: Pick<JobReporter, 'setMemory' | 'warn' | 'message'>;
  readonly machine: MachineMemory;
  readonly situation: Omit<Situation, 'batchSizes' | 'unfreezeFrom'>;
  /** The process that is watched; default: this one. */
  readonly process?: ProcessMemory;
}

/** Whether a machine needs none of the remedies that were taken on one with so many bytes of memory. */
export const isLargerThan = ({ deviceBytes }: MachineMemory, bytes: number): boolean =>
  deviceBytes > LARGER_FACTOR * bytes;

/** Whether an attempt that did not end by itself was killed for want of memory. */
export function wasKilledForMemory({ memory, progress }: JobRecord, kills: KernelKills): boolean {
  if (memory.wasKilled) return true;
  if (memory.trying === null) return false;
  const { boot, oomKills } = memory.trying;
  const isSameBoot = boot !== null && boot === kills.boot;
  if (isSameBoot && oomKills !== null && kills.oomKills !== null && kills.oomKills > oomKills) return true;
  return (progress?.rssBytes ?? 0) >= NEAR_SHARE * (memory.deviceBytes ?? Infinity);
}

/** Opens the memory of a job, with the remedies that earlier attempts have taken. */
export function openJobMemory(deps: JobMemoryDeps): JobMemory {
  const { job, reporter, machine } = deps;
  const watched = deps.process ?? thisProcess;
  const isOver = () => isOverLimit(machine, watched);
  const isLarger = isLargerThan(machine, job.memory.deviceBytes ?? Infinity);
  // A GPU's batch may not fit into the memory of a machine without one.
  const isSmaller = LARGER_FACTOR * machine.deviceBytes < (job.memory.deviceBytes ?? 0);
  let record = takenOver(job.memory, machine, isLarger);
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
    const situation = { ...deps.situation, batchSizes, unfreezeFrom };
    const next =
      stage === undefined
        ? undefined
        : nextRemedy(job.recipe.out_of_memory, record.savings, stage, situation);
    if (next === undefined || stage === undefined) {
      const neededBytes =
        stage === undefined ? 0 : watched.rss() + stageBytes(stage, record.savings, situation);
      throw noRemedyLeft(error, { stage, neededBytes, machine, record });
    }
    const { remedy, savings, gaveUp } = next;
    await write({ savings, taken: [...record.taken, { remedy, stage, gaveUp }] }, { isUncounted });
    await reporter.warn(`${error.message} ${gaveUp}`, { remedy, stage, savings });
  }

  /** Continues from the attempt before, once in an attempt. */
  async function takeOver(): Promise<void> {
    if (isStarted) return;
    isStarted = true;
    if (isLarger) {
      if (job.memory.taken.length === 0) return;
      await reporter.message(
        `This machine has ${formatBytes(machine.deviceBytes)} of memory: the job resumes without the remedies that a smaller one needed.`,
        { device_bytes: machine.deviceBytes },
      );
    } else if (wasKilledForMemory(job, await watched.kernelKills())) {
      await takeRemedy(outOfMemory('an earlier attempt was killed for it'), true);
    }
  }

  return {
    async start({ partSizes: planned, isFirst, ...sizes }) {
      ({ batchSizes, unfreezeFrom } = sizes);
      await takeOver();
      const partSizes = { ...record.savings.partSizes };
      for (const [name, size] of Object.entries(isFirst || isLarger || isSmaller ? planned : {})) {
        partSizes[name] = Math.min(size, partSizes[name] ?? size);
      }
      await write({ savings: { ...record.savings, partSizes } });
    },
    givenUp: () => ({ savings: record.savings, taken: record.taken }),
    async enter(next) {
      stage = next;
      await write({ trying: { stage: next, ...(await watched.kernelKills()) } });
    },
    check() {
      if (!isOver()) return;
      throw outOfMemory(
        `the trainer takes ${formatBytes(watched.rss())}, and ${machine.limitName} is ${formatBytes(machine.limitBytes)}`,
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

/** Whether the process is too near its limit, also after garbage is collected. */
function isOverLimit({ limitBytes }: MachineMemory, { rss, collectGarbage }: ProcessMemory): boolean {
  const most = WATCHED_SHARE * limitBytes;
  if (rss() <= most) return false;
  // Without a call, V8 may leave buffers of many megabytes uncollected.
  collectGarbage();
  return rss() > most;
}

/** The record of an attempt that starts; on a larger machine, without the remedies of the smaller one. */
const takenOver = (
  memory: MemoryRecord,
  { deviceBytes }: MachineMemory,
  isLarger: boolean,
): MemoryRecord => ({
  ...memory,
  ...(isLarger ? { savings: NO_SAVINGS, taken: [] } : {}),
  deviceBytes,
  trying: null,
  wasKilled: false,
});

/** Bytes that a stage needs by the plan, as it was tried last. */
function stageBytes(stage: MemoryStage, savings: Savings, situation: Situation): number {
  const microBatchSize = savings.partSizes[stage] ?? situation.batchSizes[stage] ?? 1;
  const unfreezeFrom = savings.unfreezeFrom ?? situation.unfreezeFrom;
  return plannedBytes(networkOf(savings, situation), microBatchSize, unfreezeFrom);
}

/** The error `out-of-memory` that says how much memory would be enough. */
function noRemedyLeft(
  cause: FoveaError,
  tried: {
    readonly stage: MemoryStage | undefined;
    readonly neededBytes: number;
    readonly machine: MachineMemory;
    readonly record: MemoryRecord;
  },
): FoveaError {
  const { stage, neededBytes, record } = tried;
  const { limitName, limitBytes } = tried.machine;
  const enough = Math.max(neededBytes, LARGER_FACTOR * limitBytes);
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

const needsFreshProcess = () =>
  new FoveaError(
    'trainer-terminated',
    'The trainer needs more memory, or does not return what it no longer needs: a fresh process resumes the job.',
  );
