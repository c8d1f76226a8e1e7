// Whether pictures are uploaded with the step before or with their own, and results fetched at once or later, a trainer gives the
// same bits. Shown on a processor, whose TensorFlow has the same ops.

import { beforeAll, describe, expect, test } from 'vitest';
import type { ExampleSource } from '../../../batch-job/examples/example-source.ts';
import { hasAddon, loadAddon } from '../../../batch-job/tensorflow/addon/addon.ts';
import { allocateToLend } from '../../../batch-job/tensorflow/addon/unaligned.ts';
import type { TrainerOptions } from '../../../batch-job/tensorflow/engine/engine.ts';
import { createTrainer } from '../../../batch-job/tensorflow/engine/trainer.ts';
import type { Executor } from '../../../batch-job/tensorflow/executor/executor.ts';
import { createGraphExecutor } from '../../../batch-job/tensorflow/graph/graph-executor.ts';
import { nativeDirectory } from '../../../batch-job/tensorflow/setup/native-directory.ts';
import { fit as fitTrainer } from '../../../batch-job/training/fit.ts';
import { cacheDirectory } from '../../../core/cache-directory.ts';
import type { Network } from '../../../core/network/description/network.ts';
import { createNetworkBuilder } from '../../../core/network/description/network-builder.ts';
import { layerWeights } from '../../support/layer-networks.ts';

const CLASSES = 3;
const BATCH_SIZE = 4;

function network(size: number): Network {
  const n = createNetworkBuilder('trained', { height: size, width: size, channels: 3 });
  let x = n.conv2d(n.input(), { name: 'conv', filters: 6, kernelSize: 3, strides: 2, padding: 'same' });
  x = n.relu(n.batchNormalization(x, { name: 'bn', momentum: 0.9 }));
  n.dense(n.dropout(n.flatten(x), { rate: 0.3 }), { name: 'top', units: CLASSES, activation: 'softmax' });
  return n.build();
}

function optionsOf(size: number): TrainerOptions {
  const built = network(size);
  return {
    network: built,
    weights: layerWeights(built),
    optimizer: { type: 'adam' },
    seed: 7,
    batchSize: BATCH_SIZE,
    preprocessing: 'tf',
  };
}

const batchOf = (size: number, step: number, count = BATCH_SIZE) => {
  const images = new Uint8Array(count * size * size * 3);
  images.forEach((_, i) => {
    images[i] = (i * 7 + step * 31 + (i >> 5)) & 255;
  });
  return { images, labels: Int32Array.from({ length: count }, (_, i) => (i + step) % CLASSES) };
};

type Batches = readonly ReturnType<typeof batchOf>[];

/** Losses, predictions and the state after steps on all batches. @param hint Which batch is told as the next at a step. */
async function train(
  executor: Executor,
  options: TrainerOptions,
  batches: Batches,
  hint: (step: number) => number | undefined = () => undefined,
) {
  const trainer = await createTrainer(executor, options);
  const losses: number[] = [];
  for (const [step, batch] of batches.entries()) {
    const told = hint(step);
    losses.push(
      (await trainer.step(batch, 0.01, told === undefined ? undefined : batches[told]?.images)).loss,
    );
  }
  const probabilities = await trainer.predict(batches[0]?.images ?? new Uint8Array(), BATCH_SIZE);
  const { variables } = await trainer.state();
  trainer.dispose();
  return { losses, probabilities, variables };
}

const directory = nativeDirectory(cacheDirectory(process.env), 'cpu');
const isBuilt = hasAddon(directory, 'cpu');
if (!isBuilt) console.warn(`Skipped: uploads ahead. The addon is not built (${directory}).`);

describe.runIf(isBuilt)('pictures that are uploaded ahead', () => {
  const addon = isBuilt ? loadAddon(directory, 'cpu') : (undefined as never);
  const plain = createGraphExecutor(addon, { rewrites: {}, overlaps: false });
  const overlapping = createGraphExecutor(addon, { rewrites: {}, overlaps: true });
  const batches = Array.from({ length: 5 }, (_, step) => batchOf(8, step));
  let plainly: ReturnType<typeof train>;

  beforeAll(() => {
    plainly = train(plain, optionsOf(8), batches);
  });

  test.each([
    ['at every step', (step: number) => step + 1],
    ['never', () => undefined],
    ['now and then', (step: number) => (step % 2 === 0 ? step + 1 : undefined)],
    ['wrongly', (step: number) => (step + 3) % 5],
    ['as the same again', (step: number) => step],
  ])('give the same bits where they are told %s', async (_, hint) => {
    expect(await train(overlapping, optionsOf(8), batches, hint)).toEqual(await plainly);
  });

  test.each([
    { microBatchSize: 2, fixedBatches: true },
    { microBatchSize: 3, fixedBatches: false },
  ])('give the same bits in micro-batches, %o', async ({ microBatchSize, fixedBatches }) => {
    const options = { ...optionsOf(8), microBatchSize, fixedBatches };
    const expected = await train(plain, options, batches);
    expect(await train(overlapping, options, batches, (step) => step + 1)).toEqual(expected);
  });

  test('may be of smaller batches, and of sizes that fill no int32', async () => {
    const sizes = [4, 3, 4, 1, 2];
    for (const size of [8, 5]) {
      const uneven = sizes.map((count, step) => batchOf(size, step, count));
      const expected = await train(plain, optionsOf(size), uneven);
      expect(await train(overlapping, optionsOf(size), uneven, (step) => step + 1)).toEqual(expected);
    }
  });

  let runs = 0;
  const counted = Object.create(isBuilt ? addon : {}, {
    runSavedModel: {
      value: (...args: Parameters<typeof addon.runSavedModel>) => {
        runs++;
        return addon.runSavedModel(...args);
      },
    },
  }) as typeof addon;

  test('are told by the training loop, which gives the same bits', async () => {
    const labels = Int32Array.from({ length: 11 }, (_, i) => i % CLASSES);
    const shape = [8, 8, 3] as const;
    const examples: ExampleSource = {
      shape,
      labels,
      fill: () => Promise.reject(new Error('The device preprocesses.')),
      pixels: {
        shape,
        async fill(indices, pixels) {
          for (const [i, index] of indices.entries()) pixels.set(batchOf(8, index, 1).images, i * 8 * 8 * 3);
          return new Map();
        },
      },
    };
    const run = async (executor: Executor) => {
      const trainer = await createTrainer(executor, optionsOf(8));
      runs = 0;
      const result = await fitTrainer(trainer, {
        train: examples,
        validation: examples,
        epochs: 2,
        batchSize: BATCH_SIZE,
        learningRate: () => 0.01,
        seed: 3,
        signal: new AbortController().signal,
        clock: () => 0,
        onStep: () => {},
        onEpoch: async () => {},
        asPixels: true,
        fillsBatches: true,
      });
      const taken = runs;
      trainer.dispose();
      return { history: result.history, weights: result.best.weights, taken };
    };
    const expected = await run(createGraphExecutor(counted, { rewrites: {}, overlaps: false }));
    const found = await run(createGraphExecutor(counted, { rewrites: {}, overlaps: true }));
    expect({ ...found, taken: 0 }).toEqual({ ...expected, taken: 0 });
    // For each of the 6 steps and 4 whole batches of validation a run for its results; for each epoch an upload of its own.
    expect(found.taken - expected.taken).toBe(6 + 4 + 2);
  });

  test('are uploaded with the step before, and by themselves only at the first step', async () => {
    const executor = createGraphExecutor(counted, { rewrites: {}, overlaps: true });
    const trainer = await createTrainer(executor, optionsOf(8));
    runs = 0;
    const perStep: number[] = [];
    for (const [step, batch] of batches.entries()) {
      await trainer.step(batch, 0.01, batches[step + 1]?.images);
      perStep.push(runs);
      runs = 0;
    }
    trainer.dispose();
    // The step, and its results; at first also the upload.
    expect(perStep).toEqual([3, 2, 2, 2, 2]);
  });

  test('are fed as they lie from buffers that are filled again and again, and leave no tensors', async () => {
    const size = 3400;
    const n = createNetworkBuilder('mean', { height: size, width: size, channels: 3 });
    const pooled = n.globalAveragePooling2d(n.input());
    n.dense(pooled, { name: 'top', units: CLASSES, activation: 'softmax' });
    const built = n.build();
    const options = { ...optionsOf(8), network: built, weights: layerWeights(built), batchSize: 1 };
    const images = allocateToLend(size * size * 3);
    const run = async (executor: Executor) => {
      const trainer = await createTrainer(executor, options);
      const losses: number[] = [];
      for (const shade of [10, 200]) {
        images.fill(shade);
        losses.push((await trainer.step({ images, labels: Int32Array.of(1) }, 0.1)).loss);
      }
      const alive = addon.getNumOfTensors();
      trainer.dispose();
      return { losses, alive };
    };
    const before = addon.getNumOfTensors();
    const found = await run(overlapping);
    expect(found).toEqual({ losses: (await run(plain)).losses, alive: before + 1 });
    expect(addon.getNumOfTensors()).toBe(before);
  });
});
