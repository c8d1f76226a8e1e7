// What a stage gives its trainer: each setting of a job that bears on it, and its batches. The trainer computes nothing.

import { describe, expect, it } from 'vitest';
import { AUGMENTATIONS } from '../../../batch-job/augmentation/presets.ts';
import { resolveStage, STAGE_DEFAULTS } from '../../../batch-job/decide/stage-settings.ts';
import { inMemoryExamples } from '../../../batch-job/examples/example-source.ts';
import { runStage, type StageDeps } from '../../../batch-job/stages/run-stage.ts';
import type { Batch, Trainer, TrainerOptions } from '../../../batch-job/tensorflow/engine/engine.ts';
import { HyperparametersSchema } from '../../../core/job/recipe/hyperparameters.ts';
import { NO_SAVINGS } from '../../../core/job/recipe/memory-record.ts';
import { RecipeSchema, type TrainingPrecision } from '../../../core/job/recipe/recipe.ts';
import { denseHead } from '../../../core/network/surgery/dense-head.ts';

const FEATURES = 4;
/** Three pictures of the first class, one of the second. */
const LABELS = Int32Array.of(0, 0, 0, 1);

interface Asked {
  readonly recipe?: Record<string, unknown>;
  readonly hyperparameters?: Record<string, unknown>;
  readonly precision?: TrainingPrecision;
  readonly resolved?: Partial<StageDeps['decision']['resolved']>;
  readonly savings?: Partial<StageDeps['savings']>;
  readonly engine?: Partial<StageDeps['engine']>;
  readonly trainer?: Parameters<typeof runStage>[1]['trainer'];
}

const ENOUGH = new Error('The stage has come far enough.');

/** Begins a stage, which ends with {@link ENOUGH}. */
async function begin(asked: Asked, stage: 'head' | 'full' = 'head'): Promise<void> {
  const hyperparameters = HyperparametersSchema.parse(asked.hyperparameters ?? {});
  const settings = resolveStage(STAGE_DEFAULTS.default[stage], hyperparameters, {
    examples: LABELS.length,
    precision: asked.precision ?? 'float32',
  });
  const source = inMemoryExamples([1, 1, FEATURES], new Float32Array(FEATURES * LABELS.length), LABELS);
  const deps = {
    job: { recipe: RecipeSchema.parse(asked.recipe ?? {}), maxCostUsd: null },
    seed: 7,
    classes: 2,
    input: { height: 1, width: 1, channels: 3, preprocessing: 'unit', resize: 'stretch' },
    decision: {
      stages: new Map([[stage, settings]]),
      resolved: {
        stages: {},
        augmentation: AUGMENTATIONS.none,
        imbalance: 'none',
        unfreezeFrom: null,
        featureViews: 0,
        reasons: [],
        ...asked.resolved,
      },
    },
    savings: { ...NO_SAVINGS, ...asked.savings },
    memory: { enter: async () => undefined, check: () => undefined },
    engine: {
      takesPixels: false,
      prefersFixedBatches: false,
      ...asked.engine,
    },
    checkpoints: { resume: () => undefined },
    meter: { earlyEnd: () => undefined },
    reporter: { signal: new AbortController().signal, startStage: () => undefined, update: () => undefined },
  } as unknown as StageDeps;
  const network = denseHead('head', FEATURES, 2);
  await expect(
    runStage(deps, {
      stage,
      network,
      weights: new Map(),
      train: source,
      validation: source,
      ...(asked.trainer === undefined ? {} : { trainer: asked.trainer }),
    }),
  ).rejects.toBe(ENOUGH);
}

/** What a stage asks for a trainer. */
async function optionsFor(asked: Asked, stage: 'head' | 'full' = 'head'): Promise<TrainerOptions> {
  let options: TrainerOptions | undefined;
  const createTrainer = async (given: TrainerOptions) => {
    options = given;
    throw ENOUGH;
  };
  await begin({ ...asked, engine: { ...asked.engine, createTrainer } }, stage);
  if (options === undefined) throw ENOUGH;
  return options;
}

describe('a stage gives its trainer', () => {
  it('seed, optimizer and batch size', async () => {
    expect(await optionsFor({ hyperparameters: { batch_size: 2 } })).toMatchObject({
      seed: 7,
      batchSize: 2,
      optimizer: { type: 'adam' },
    });
  });

  it.each([
    [true, [3, 3]],
    [false, [3, 1]],
  ])(
    'full batches alone, where the engine prefers batches of one size: %s',
    async (prefersFixedBatches, counts) => {
      const seen: number[] = [];
      const trainer = {
        async step({ labels }: Batch) {
          seen.push(labels.length);
          return { loss: 1, correct: 0 };
        },
        async predict(): Promise<Float32Array> {
          throw ENOUGH;
        },
        dispose: () => undefined,
      } as unknown as Trainer;
      const hyperparameters = { batch_size: 3 };
      const createTrainer = async () => trainer;
      await begin({ hyperparameters, engine: { prefersFixedBatches, createTrainer } });
      expect(seen).toEqual(counts);
    },
  );

  it('the precision that was decided, in the 16-bit type of the device', async () => {
    for (const precision of ['bfloat16', 'float16'] as const) {
      const engine = { mixedPrecision: () => precision };
      expect(await optionsFor({ precision: 'mixed', engine })).toMatchObject({ precision });
    }
    expect(await optionsFor({})).not.toHaveProperty('precision');
  });

  it('class weights, where the decision is to weight the classes', async () => {
    const { classWeights = [] } = await optionsFor({ resolved: { imbalance: 'class_weights' } });
    const [first = 0, second = 0] = classWeights;
    expect(second / first).toBeCloseTo(3, 6);
    expect(await optionsFor({})).not.toHaveProperty('classWeights');
  });

  it('the micro-batch size of the out-of-memory remedies', async () => {
    expect(await optionsFor({ savings: { partSizes: { head: 1 } } })).toMatchObject({ microBatchSize: 1 });
    expect(await optionsFor({ savings: { partSizes: { full: 1 } } })).not.toHaveProperty('microBatchSize');
  });

  it('the decay of the EMA, in the stage that has one', async () => {
    expect(await optionsFor({}, 'full')).toMatchObject({ emaDecay: 0.98 });
    expect(await optionsFor({})).not.toHaveProperty('emaDecay');
  });

  it('label smoothing, in the stage that has it', async () => {
    expect(await optionsFor({}, 'full')).toMatchObject({ labelSmoothing: 0.1 });
    expect(await optionsFor({})).not.toHaveProperty('labelSmoothing');
  });

  it('which layers learn, how fast, and how batch normalization goes', async () => {
    const trainable = (name: string) => name === 'dense';
    const rateFactor = () => 0.5;
    const trainer = { trainable, rateFactor, batchNormalization: 'inference' } as const;
    expect(await optionsFor({ trainer })).toMatchObject(trainer);
  });
});
