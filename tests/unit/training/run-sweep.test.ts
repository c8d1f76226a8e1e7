// The loop over a sweep's trials, with trainings that end as the test says. The job's record is a real one.

import { beforeEach, describe, expect, it } from 'vitest';
import { createJobReporter } from '../../../batch-job/attempt/job-reporter.ts';
import { AUGMENTATIONS } from '../../../batch-job/augmentation/presets.ts';
import { runSweep, type SweepRun } from '../../../batch-job/sweep/run-sweep.ts';
import type { ErrorCode } from '../../../core/errors/error-codes.ts';
import { FoveaError } from '../../../core/errors/errors.ts';
import { NO_MEMORY_RECORD, NO_SAVINGS, type TakenRemedies } from '../../../core/job/recipe/memory-record.ts';
import type { ResolvedRecipe } from '../../../core/job/recipe/recipe.ts';
import type { JobRecord } from '../../../core/job/record/job.ts';
import { createJobStore, type JobStore } from '../../../core/job/record/job-store.ts';
import { acquireLease } from '../../../core/job/record/lease.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';
import { newJob } from '../../support/new-job.ts';
import { releaseLease } from '../../support/trainer-process.ts';

const SWEEP = { learning_rate_multiplier: [1, 2, 3] };
const GB = 1e9;
const GAVE_UP: TakenRemedies = {
  savings: { ...NO_SAVINGS, inputSize: { height: 32, width: 32 } },
  taken: [{ remedy: 'smaller_pictures', stage: 'scratch', gaveUp: 'Pictures are smaller.' }],
};
const failure = (code: ErrorCode) => new FoveaError(code, `It ended with ${code}.`);

const RESOLVED: ResolvedRecipe = {
  stages: {},
  augmentation: AUGMENTATIONS.none,
  imbalance: 'none',
  unfreezeFrom: null,
  featureViews: 0,
  reasons: [],
};

interface TestRun extends SweepRun {
  readonly trial: number;
}

/** How a trial ends: with a validation loss, that with every class counted alike, or a failure. */
type Ends = Readonly<Record<number, number | readonly [loss: number, balanced: number] | Error>>;

describe('runSweep', () => {
  let store: ObjectStore;
  let jobs: JobStore;
  let id: string;
  /** What was trained, in order. */
  let trained: { readonly trial: number; readonly memory: JobRecord['memory']; readonly isOver: boolean }[];

  beforeEach(async () => {
    store = createMemoryStore();
    jobs = createJobStore({ store, now: Date.now });
    ({ id } = await jobs.create(newJob({ sweep: SWEEP })));
    trained = [];
  });

  /** One attempt at all trials, of which the first gives up what {@link GAVE_UP} says. */
  async function attempt(ends: Ends, deviceBytes = GB): Promise<TestRun> {
    const owner = `attempt on ${deviceBytes}`;
    const job = await acquireLease({ jobs, now: Date.now }, id, owner);
    const reporter = createJobReporter({
      jobs,
      jobId: id,
      owner,
      now: Date.now,
      terminated: new AbortController().signal,
      meter: {
        spent: () => job.spent,
        isBudgetSpent: () => false,
        finish: () => undefined,
        earlyEnd: () => undefined,
      },
      isBegun: false,
    });
    try {
      return await runSweep({
        store,
        reporter,
        job,
        sweep: SWEEP,
        machine: {
          limitBytes: deviceBytes,
          freeBytes: deviceBytes,
          deviceBytes,
          limitName: 'the machine',
          freeName: 'the machine',
        },
        earlyEnd: () => undefined,
        async train({ memory }, { trial, isOver }) {
          trained.push({ trial, memory, isOver });
          const end = ends[trial] ?? 1;
          if (end instanceof Error) throw end;
          const [validationLoss, balancedLoss] = typeof end === 'number' ? [end] : end;
          return {
            givenUp: trial === 1 ? GAVE_UP : { savings: NO_SAVINGS, taken: [] },
            resolved: RESOLVED,
            validationLoss,
            balancedLoss,
            validationAccuracy: 0.5,
            trial,
          };
        },
      });
    } finally {
      await reporter.stop();
      await releaseLease(jobs, id);
    }
  }

  const trials = () => trained.map(({ trial }) => trial);

  it.each(['training-diverged', 'out-of-memory'] as const)(
    'leaves out a trial that ends with %s',
    async (code) => {
      const { trial } = await attempt({ 1: 0.2, 2: failure(code), 3: 0.1 });
      expect(trial).toBe(3);
      expect(await jobs.get(id)).toMatchObject({
        trials: [{ trial: 1 }, { trial: 3 }],
        failedTrials: [{ trial: 2, error: { code }, deviceBytes: GB }],
      });
      expect((await jobs.events(id, { limit: 20 })).events.map(({ message }) => message)).toContain(
        `Trial 2/3: The trial failed. It ended with ${code}.`,
      );
      // The next attempt, for the winner alone.
      await attempt({});
      expect(trials()).toEqual([1, 2, 3, 3]);
      expect(trained.at(-1)?.isOver).toBe(true);
    },
  );

  it('compares trials with every class counted alike where classes are unequal', async () => {
    const { trial } = await attempt({ 1: [0.1, 0.9], 2: [0.2, 0.5], 3: [0.3, 0.6] });
    expect(trial).toBe(2);
    expect((await jobs.get(id))?.trials).toMatchObject([{ balancedLoss: 0.9 }, { balancedLoss: 0.5 }, {}]);
    const { events } = await jobs.events(id, { limit: 20 });
    const messages = events.map(({ message }) => message).join('\n');
    expect(messages).toContain('the lowest loss on pictures held out, every class counted alike,');
  });

  it('tries again on a larger machine what memory did not suffice for, and that alone', async () => {
    const ends = {
      1: failure('out-of-memory'),
      2: failure('training-diverged'),
      3: failure('out-of-memory'),
    };
    await expect(attempt(ends)).rejects.toMatchObject({ code: 'out-of-memory' });
    const { trial } = await attempt({ 1: 0.3, 3: 0.1 }, 4 * GB);
    expect(trial).toBe(3);
    expect(trials()).toEqual([1, 2, 3, 1, 3]);
  });

  it('fails as a trial did where all have failed', async () => {
    const ends = { 1: failure('training-diverged'), 2: failure('training-diverged') };
    await expect(attempt({ ...ends, 3: failure('training-diverged') })).rejects.toMatchObject({
      code: 'training-diverged',
    });
  });

  it('fails as a trial did whose record has a code of another version', async () => {
    const error = { code: 'of-another-version', message: 'It ended in a way of its own.' };
    const failedTrials = [1, 2, 3].map((trial) => ({ trial, error, deviceBytes: GB }));
    await jobs.update(id, (record) => ({ ...record, failedTrials }));
    await expect(attempt({})).rejects.toMatchObject({ code: 'trainer-error', message: error.message });
  });

  it.each([
    new FoveaError('job-cancelled', 'The job was cancelled.'),
    new FoveaError('storage-unavailable', 'No answer.'),
    new Error('a defect'),
  ])('ends with what is no fault of a trial: %s', async (error) => {
    await expect(attempt({ 1: 0.2, 2: error })).rejects.toBe(error);
    expect((await jobs.get(id))?.failedTrials).toEqual([]);
  });

  it('lets a trial give up nothing for what another one has to', async () => {
    await attempt({ 1: 0.2, 2: 0.3, 3: 0.4 });
    expect(trained.map(({ memory }) => memory)).toEqual(
      [1, 2, 3].map((trial) => ({ ...NO_MEMORY_RECORD, trial })),
    );
    // The winner is what it was, whatever the record says of the last trial.
    await jobs.update(id, (record) => ({ ...record, memory: { ...NO_MEMORY_RECORD, trial: 3 } }));
    await attempt({ 1: 0.2 }, 4 * GB);
    expect(trained.at(-1)).toEqual({
      trial: 1,
      isOver: true,
      memory: { ...NO_MEMORY_RECORD, ...GAVE_UP, trial: 1 },
    });
  });
});
