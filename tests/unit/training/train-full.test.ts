// The second stage as a whole on a network of a few weights, by the portable back end: folds decide, and the layers are trained again on
// all pictures.

import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { JobReporter } from '../../../batch-job/attempt/job-reporter.ts';
import { AUGMENTATIONS } from '../../../batch-job/augmentation/presets.ts';
import type { StageSettings } from '../../../batch-job/decide/stage-settings.ts';
import type { Trained } from '../../../batch-job/stages/run-stage.ts';
import { resumeRetraining, trainFull } from '../../../batch-job/stages/train-full.ts';
import type { TrainFullDeps } from '../../../batch-job/stages/tuned-layers.ts';
import type { Trainer } from '../../../batch-job/tensorflow/engine/engine.ts';
import { openEngine } from '../../../batch-job/tensorflow/open-engine.ts';
import { fromCheckpointFile, toCheckpointFile } from '../../../batch-job/training/fit-checkpoint.ts';
import type { RunCheckpoints } from '../../../batch-job/training/run-checkpoints.ts';
import type { DatasetItem } from '../../../core/dataset/inspect-dataset.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../../core/job/checkpoints/checkpoint-file.ts';
import { NO_SAVINGS } from '../../../core/job/recipe/memory-record.ts';
import { RecipeSchema } from '../../../core/job/recipe/recipe.ts';
import { createNetworkBuilder } from '../../../core/network/description/network-builder.ts';
import { initializeWeights } from '../../../core/network/weights/initialize.ts';
import { present } from '../../../core/present.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';

const SIDE = 4;
const EPOCHS = 3;
const FINGERPRINT = 'f';
const engine = await openEngine({ backend: 'portable', threads: 1 });
const store = createMemoryStore();

function build() {
  const n = createNetworkBuilder('small', { height: SIDE, width: SIDE, channels: 3 });
  const hidden = n.dense(n.flatten(n.input()), { name: 'hidden', units: 6, activation: 'relu' });
  n.dense(hidden, { name: 'top', units: 2, activation: 'softmax' });
  return n.build();
}

/** Reddish and bluish pictures in turn. */
async function pictures(count: number, split: 'train' | 'validation'): Promise<DatasetItem[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const key = `${split}-${i}.png`;
      const [own, other] = [200 - 3 * i, 40 + 5 * i];
      const background = i % 2 === 0 ? { r: own, g: 90, b: other } : { r: other, g: 90, b: own };
      const create = { width: SIDE, height: SIDE, channels: 3, background } as const;
      await store.put(key, await sharp({ create }).png().toBuffer());
      return { key, split, classIndex: i % 2, contentHash: `${i}`.padStart(64, '0') } as DatasetItem;
    }),
  );
}

const splits = { train: await pictures(11, 'train'), validation: await pictures(5, 'validation'), test: [] };
const all = [...splits.train, ...splits.validation];
const weights = initializeWeights(build(), 2);

/** A head that knows nothing yet; every third picture is in the fold that it has not seen. */
const head: Trained = {
  weights,
  validationLoss: null,
  validationAccuracy: null,
  outOfFold: {
    items: all,
    predictions: {
      probabilities: new Float32Array(2 * all.length).fill(0.5),
      labels: Int32Array.from(all, ({ classIndex }) => classIndex),
      classes: 2,
    },
    groups: Int32Array.from(all, (_, i) => i),
    folds: Int32Array.from(all, (_, i) => i % 3),
    foldCount: 3,
  },
  withoutFolds: [1, 0, 2].map((fold) => ({ fold, weights })),
};

interface Asked {
  readonly retrains?: boolean;
  readonly folds?: number;
  /** Asked after every step. */
  readonly isSpent?: (steps: number) => boolean;
}

/** Everything that the stage needs, and what it does with it. */
function open({ retrains = true, folds = 1, isSpent = () => false }: Asked = {}) {
  const epochs: string[] = [];
  const messages: string[] = [];
  const files: { readonly run: string; readonly bytes: Uint8Array }[] = [];
  const trained: number[] = [];
  const left: number[] = [];
  let steps = 0;
  const settings = {
    epochs: EPOCHS,
    batchSize: 4,
    learningRate: () => 0.02,
    optimizer: { type: 'adam' },
    firstLayerRate: 1,
    patience: 1,
    emaDecay: undefined,
    labelSmoothing: undefined,
    precision: 'float32',
    retrains,
    folds,
  } as unknown as StageSettings;
  const deps = {
    job: { recipe: RecipeSchema.parse({ stages: 'full' }), maxCostUsd: 1, sweep: null },
    seed: 3,
    classes: 2,
    store,
    input: { height: SIDE, width: SIDE, channels: 3, preprocessing: 'unit', resize: 'stretch' },
    base: { featureLayer: 'hidden', hasLinearHead: () => true },
    network: build(),
    splits,
    decision: {
      stages: new Map([['full', settings]]),
      exactHead: { usesValidation: true, balance: 'none' },
      resolved: {
        augmentation: AUGMENTATIONS.none,
        imbalance: 'none',
        unfreezeFrom: null,
        featureViews: 0,
      },
    },
    savings: NO_SAVINGS,
    memory: { enter: async () => undefined, check: () => undefined },
    meter: { earlyEnd: () => (isSpent(steps) ? { reason: 'Training ends here.', data: {} } : undefined) },
    engine: {
      ...engine,
      createTrainer: async (options: Parameters<typeof engine.createTrainer>[0]): Promise<Trainer> => {
        const trainer = await engine.createTrainer(options);
        return {
          ...trainer,
          step: (...step) => {
            steps++;
            trained.push(step[0].labels.length);
            return trainer.step(...step);
          },
        };
      },
    },
    checkpoints: {
      resume: () => undefined,
      carried: {},
      save: async (run, state, carried = {}) => {
        const file = toCheckpointFile({ fingerprint: FINGERPRINT, stage: run, state, carried });
        files.push({ run, bytes: encodeCheckpoint(file) });
      },
    } satisfies Pick<RunCheckpoints, 'resume' | 'save' | 'carried'>,
    reporter: {
      signal: new AbortController().signal,
      startStage: () => undefined,
      update: ({ secondsLeft }: Parameters<JobReporter['update']>[0]) =>
        void (secondsLeft == null || left.push(secondsLeft)),
      warn: async () => undefined,
      message: async (message: string) => void messages.push(message),
      event: async ({ data }: Parameters<JobReporter['event']>[0]) =>
        void epochs.push(`${data?.['stage']} ${data?.['epoch']}`),
    },
  } as unknown as TrainFullDeps;
  return { deps, epochs, messages, files, trained, left };
}

const numbers = ({ weights: own }: Trained) => [...own].map(([name, values]) => [name, [...values]]);

describe('trainFull', () => {
  it('trains as long on all pictures as without the fold, once the fold has decided for it', async () => {
    const { deps, epochs, messages, trained } = open();
    const result = await trainFull(deps, head);
    const lasts = epochs.length - EPOCHS;
    expect([2, EPOCHS]).toContain(lasts);
    expect(epochs).toEqual(
      ['full 1', 'full 2', 'full 3', 'retrain 1', 'retrain 2', 'retrain 3'].slice(0, EPOCHS + lasts),
    );
    const seen = trained.reduce((sum, count) => sum + count, 0);
    const held = all.filter((_, i) => i % 3 === 1).length;
    expect(seen).toBe(EPOCHS * (all.length - held) + lasts * all.length);
    expect(messages.at(-1)).toContain(`trained again on all ${all.length} pictures, for ${lasts} epochs`);
    // What the fold says is of the network that has not seen it.
    expect(result.outOfFold?.items).toEqual(all.filter((_, i) => i % 3 === 1));
    expect(result.headOutOfFold).toBe(head.outOfFold);
    const without = await trainFull(open({ retrains: false }).deps, head);
    expect(without.outOfFold).toEqual(result.outOfFold);
    expect(numbers(without)).not.toEqual(numbers(result));
  });

  it('resumes training on all pictures to the same bits', async () => {
    const { deps, files } = open();
    const expected = await trainFull(deps, head);
    const { bytes } = present(
      files.find(({ run }) => run === 'retrain'),
      'a checkpoint after one epoch',
    );
    const { state, carried } = fromCheckpointFile(decodeCheckpoint(bytes), FINGERPRINT, 'key');
    const again = open();
    const resumed = await resumeRetraining(
      { ...again.deps, checkpoints: { ...again.deps.checkpoints, resume: () => state } },
      state,
      present(carried?.verdict, 'a verdict'),
      head,
    );
    expect(again.epochs[0]).toBe('retrain 2');
    expect(numbers(resumed)).toEqual(numbers(expected));
    expect(resumed.outOfFold).toEqual(expected.outOfFold);
    expect(resumed.validationLoss).toBe(expected.validationLoss);
  });

  it('ends with the network that the fold has judged where the budget ends training on all pictures', async () => {
    const { deps, messages, epochs } = open({ isSpent: (steps) => steps > 11 });
    const result = await trainFull(deps, head);
    expect(epochs.at(-1)).toBe('retrain 1');
    expect(messages.at(-1)).toContain('epochs on all pictures, 1 are done. The network that has not seen');
    expect(numbers(result)).toEqual(numbers(await trainFull(open({ retrains: false }).deps, head)));
  });

  it('lets all folds decide together, and trains again on all pictures until the epoch that they choose', async () => {
    const { deps, epochs, messages, trained } = open({ folds: 3 });
    const result = await trainFull(deps, head);
    const runs = ['fold-1', 'fold-2', 'fold-3'].flatMap((run) => [1, 2, 3].map((epoch) => `${run} ${epoch}`));
    expect(epochs.slice(0, runs.length)).toEqual(runs);
    const lasts = epochs.length - runs.length;
    expect([2, EPOCHS]).toContain(lasts);
    const seen = trained.reduce((sum, count) => sum + count, 0);
    expect(seen).toBe(EPOCHS * 2 * all.length + lasts * all.length);
    expect(messages.at(-2)).toContain(`The weights of epoch ${lasts}`);
    expect(messages.at(-2)).toContain('the surest gain on all 3 folds');
    expect(messages.at(-1)).toContain(`trained again on all ${all.length} pictures, for ${lasts} epochs`);
    // Every picture is judged by a network that has not seen it, so that those of the head are not needed.
    expect(new Set(result.outOfFold?.items)).toEqual(new Set(all));
    expect(result.outOfFold?.foldCount).toBe(3);
    expect(result.headOutOfFold).toBeUndefined();
  });

  it('tells the time that all folds take, not of the running one', async () => {
    const { deps, left } = open({ folds: 3 });
    await trainFull(deps, head);
    const atEndOf = (fold: number) => left[fold * 3 * EPOCHS - 1] ?? Number.NaN;
    expect(atEndOf(1)).toBeGreaterThan(0);
    expect(atEndOf(2)).toBeGreaterThan(0);
    const single = open();
    await trainFull(single.deps, head);
    expect(single.left[3 * EPOCHS - 1]).toBe(0);
  });

  it('resumes without the second of three folds to the same bits, and repeats no fold', async () => {
    const { deps, files } = open({ folds: 3 });
    const expected = await trainFull(deps, head);
    const { bytes } = present(
      files.filter(({ run }) => run === 'fold').at(4),
      'a checkpoint of the second fold',
    );
    const { state, carried = {} } = fromCheckpointFile(decodeCheckpoint(bytes), FINGERPRINT, 'key');
    expect(carried.folds?.map(({ fold }) => fold)).toEqual([1]);
    const again = open({ folds: 3 });
    const resume = (run: string) => (run === 'fold' ? state : undefined);
    const resumed = await trainFull(
      { ...again.deps, checkpoints: { ...again.deps.checkpoints, carried, resume } },
      head,
    );
    expect(again.epochs.slice(0, 2)).toEqual(['fold-2 3', 'fold-3 1']);
    expect(numbers(resumed)).toEqual(numbers(expected));
    expect(resumed.outOfFold).toEqual(expected.outOfFold);
  });

  it('resumes training on all pictures as several folds have decided', async () => {
    const { deps, files } = open({ folds: 3 });
    const expected = await trainFull(deps, head);
    const { bytes } = present(
      files.find(({ run }) => run === 'retrain'),
      'a checkpoint after one epoch',
    );
    const { state, carried } = fromCheckpointFile(decodeCheckpoint(bytes), FINGERPRINT, 'key');
    const again = open({ folds: 3 });
    const resumed = await resumeRetraining(
      { ...again.deps, checkpoints: { ...again.deps.checkpoints, resume: () => state } },
      state,
      present(carried?.verdict, 'a verdict'),
      head,
    );
    expect(numbers(resumed)).toEqual(numbers(expected));
    expect(resumed.outOfFold).toEqual(expected.outOfFold);
  });

  it('ends with the head where the budget ends before several folds have decided, or training on all pictures after them', async () => {
    const early = open({ folds: 3, isSpent: (steps) => steps > 11 });
    expect(await trainFull(early.deps, head)).toBe(head);
    expect(early.epochs.at(-1)).toMatch(/^fold-2/);
    // Three folds of three epochs with three steps each, and one of training on all pictures.
    const late = open({ folds: 3, isSpent: (steps) => steps > 28 });
    expect(await trainFull(late.deps, head)).toBe(head);
    expect(late.messages.at(-1)).toContain('The network as it was before the stage becomes the model');
  });
});
