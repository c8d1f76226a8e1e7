// The second stage of a job whose memory runs out, or that a larger machine takes over, after some of its epochs: other
// layers learn from there on, and what the stage has come to is kept.

import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { AttemptOutcome } from '../../../batch-job/attempt/run-attempt.ts';
import { fromCheckpointFile, toCheckpointFile } from '../../../batch-job/training/fit-checkpoint.ts';
import { SAMPLE_CLASSES } from '../../../cli/sample-dataset/draw-sample-dataset.ts';
import { createCheckpoints } from '../../../core/job/checkpoints/checkpoints.ts';
import { type MemoryRecord, NO_SAVINGS } from '../../../core/job/recipe/memory-record.ts';
import { type Recipe, RecipeSchema } from '../../../core/job/recipe/recipe.ts';
import type { JobRecord } from '../../../core/job/record/job.ts';
import { createJobStore, type JobStore } from '../../../core/job/record/job-store.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { newJob } from '../../support/new-job.ts';
import { runAttempt } from '../../support/run-attempt.ts';
import { hasSharedData, SHARED_DATA } from '../../support/shared-data.ts';
import { drawPictures } from '../../support/store-with-pictures.ts';

const WEIGHTS = 'mobilenet_v2_0.35_224_no_top.h5';
const DATASET = 'shapes';
const weightsDir = path.join(SHARED_DATA, 'weights');
/** Of the network's last stage, where the second stage begins unless memory runs out. */
const BELOW_REMEDY = 'block_13_expand/kernel';
const TIMEOUT_MS = 180_000;

type Change = (job: JobRecord) => JobRecord;

const withMemory =
  (change: Partial<MemoryRecord>): Change =>
  (job) => ({ ...job, memory: { ...job.memory, ...change } });

/** As an attempt leaves the record that is ended for want of memory, and that counts. */
const killed: Change = (job) => ({
  ...withMemory({ trying: { stage: 'full', boot: null, oomKills: null }, wasKilled: true })(job),
  attempts: 1,
});
/** The next attempt is on a larger machine. */
const onLargerMachine = withMemory({ deviceBytes: 1 });

describe.skipIf(!hasSharedData('weights', WEIGHTS))('a second stage that goes on with other layers', () => {
  async function openJob({ epochs, ...recipe }: Partial<Recipe> & { readonly epochs: number }) {
    const store = createMemoryStore();
    await drawPictures(store, DATASET, { classes: SAMPLE_CLASSES.slice(0, 3), imagesPerClass: 8, seed: 3 });
    const jobs = createJobStore({ store, now: Date.now });
    const { id } = await jobs.create(
      newJob({
        dataset: DATASET,
        architecture: 'mobilenet_v2_0.35',
        backend: 'portable',
        hyperparameters: { n_epochs: epochs, batch_size: 8, learning_rate_multiplier: 'auto' },
        recipe: RecipeSchema.parse({
          stages: 'full',
          variants: [],
          out_of_memory: ['fewer_layers', 'larger_machine'],
          ...recipe,
        }),
      }),
    );
    const checkpoints = createCheckpoints({ store, jobId: id });
    const newest = () =>
      checkpoints.newest(
        (file, key) =>
          fromCheckpointFile(file, String((file.header as { fingerprint: string }).fingerprint), key),
        async (_, error) => {
          throw error;
        },
      );
    const eventsOf = async () => (await jobs.events(id, { limit: 1000 })).events.toReversed();
    return {
      checkpoints,
      newest,
      /** An attempt that is told to go when an epoch of the second stage is over. */
      async runTo(epoch: number): Promise<AttemptOutcome> {
        const terminated = new AbortController();
        const watched: JobStore = {
          ...jobs,
          async appendEvent(jobId, event) {
            const appended = await jobs.appendEvent(jobId, event);
            if (event.type === 'metrics' && event.data?.['stage'] === 'full' && event.data['epoch'] === epoch)
              terminated.abort();
            return appended;
          },
        };
        return runAttempt({ store, jobs: watched, weightsDir, terminated: terminated.signal }, id);
      },
      run: () => runAttempt({ store, jobs, weightsDir }, id),
      update: (change: Change) => jobs.update(id, change),
      savings: async () => (await jobs.get(id))?.memory.savings,
      async stateOf() {
        const checkpoint = await newest();
        expect(checkpoint?.stage).toBe('full');
        const { state } = checkpoint as NonNullable<typeof checkpoint>;
        const { first, best } = state;
        if (first === undefined || best === undefined)
          throw new Error('The stage has no first or best weights.');
        return { ...state, first, best, variables: state.trainer.variables };
      },
      epochs: async () =>
        (await eventsOf()).flatMap(({ type, data }) =>
          type === 'metrics' && data?.['stage'] === 'full' ? [data['epoch']] : [],
        ),
      messages: async () => (await eventsOf()).map(({ message }) => message),
    };
  }

  it(
    'keeps its epochs, first and best weights where fewer layers become trainable, and later more',
    async () => {
      const job = await openJob({ epochs: 4 });
      expect(await job.runTo(2)).toBe('released');
      const before = await job.stateOf();

      await job.update(killed);
      expect(await job.runTo(3)).toBe('released');
      const start = (await job.savings())?.unfreezeFrom;
      expect(start).not.toBeNull();
      const risen = await job.stateOf();
      expect(risen.history.slice(0, 2)).toEqual(before.history);
      expect(risen.first).toEqual(before.first);
      if (risen.best.epoch < 3) expect(risen.best).toEqual(before.best);
      // It has stopped to learn, at the average that the last epoch was judged by.
      expect(risen.variables.get(BELOW_REMEDY)).toEqual(before.variables.get(`${BELOW_REMEDY}/average`));
      expect([...risen.variables.keys()].filter((name) => name.startsWith(`${BELOW_REMEDY}/`))).toEqual([]);
      expect(risen.trainer.updates).toBe(before.trainer.updates * 1.5);

      await job.update(onLargerMachine);
      expect(await job.runTo(4)).toBe('released');
      expect((await job.savings())?.unfreezeFrom).toBeNull();
      const lowered = await job.stateOf();
      expect(lowered.history.slice(0, 3)).toEqual(risen.history);
      expect(lowered.first).toEqual(before.first);
      expect(lowered.isFinished).toBe(true);
      expect(lowered.variables.get(BELOW_REMEDY)).not.toEqual(risen.variables.get(BELOW_REMEDY));
      expect(lowered.trainer.batches).toBe(before.trainer.batches * 2);

      expect(await job.run()).toBe('succeeded');
      expect(await job.epochs()).toEqual([1, 2, 3, 4]);
      const messages = (await job.messages()).join('\n');
      expect(messages).not.toContain('starts anew');
      // Those of the head, and of the frozen layers as they were before the start moved.
      expect(messages.match(/ 0 of them from the cache/g)).toHaveLength(2);
    },
    TIMEOUT_MS,
  );

  it(
    'takes layers that were never trainable from the stage before',
    async () => {
      // Within a residual block: nothing is kept, and the whole network is in training.
      const job = await openJob({ epochs: 2, unfreeze_from: 'block_15_depthwise' });
      await job.update(withMemory({ savings: { ...NO_SAVINGS, unfreezeFrom: 'block_16_expand' } }));
      expect(await job.runTo(1)).toBe('released');
      const before = await job.stateOf();
      expect(before.variables.has(BELOW_REMEDY)).toBe(false);

      await job.update(onLargerMachine);
      expect(await job.runTo(2)).toBe('released');
      const whole = await job.stateOf();
      expect(whole.history.slice(0, 1)).toEqual(before.history);
      for (const [name, values] of before.first.weights)
        expect(whole.first.weights.get(name)).toEqual(values);
      expect(whole.variables.get(BELOW_REMEDY)).toEqual(whole.first.weights.get(BELOW_REMEDY));
      expect(whole.variables.get('block_15_depthwise/kernel')).not.toEqual(
        whole.first.weights.get('block_15_depthwise/kernel'),
      );
    },
    TIMEOUT_MS,
  );

  it(
    'starts again from the stage before where its checkpoint does not fit',
    async () => {
      const job = await openJob({ epochs: 2 });
      expect(await job.runTo(1)).toBe('released');
      const before = await job.stateOf();
      const checkpoint = (await job.newest()) as NonNullable<Awaited<ReturnType<typeof job.newest>>>;
      const { trainer } = checkpoint.state;
      const variables = new Map([...trainer.variables, ['other/kernel', new Float32Array(1)]]);
      await job.checkpoints.save(
        toCheckpointFile({
          ...checkpoint,
          state: { ...checkpoint.state, trainer: { ...trainer, variables } },
        }),
      );
      expect(await job.runTo(1)).toBe('released');
      const again = await job.stateOf();
      expect((await job.messages()).join('\n')).toContain('The stage starts anew');
      expect(again.history.map(({ trainLoss }) => trainLoss)).toEqual(
        before.history.map(({ trainLoss }) => trainLoss),
      );
      expect(again.first).toEqual(before.first);
      expect(again.best).toEqual(before.best);
    },
    TIMEOUT_MS,
  );
});
