// Batches of one size: a program then always runs with the same number of samples, and gives what it gives without.

import { describe, expect, test } from 'vitest';
import type { TrainerOptions } from '../../../batch-job/tensorflow/engine/engine.ts';
import { createForward } from '../../../batch-job/tensorflow/engine/forward.ts';
import { createTrainer } from '../../../batch-job/tensorflow/engine/trainer.ts';
import { microBatchSizeOf } from '../../../batch-job/tensorflow/engine/training-programs.ts';
import type { Executor } from '../../../batch-job/tensorflow/executor/executor.ts';
import { openWasm } from '../../../batch-job/tensorflow/portable/open-wasm.ts';
import { createPortableExecutor } from '../../../batch-job/tensorflow/portable/portable-executor.ts';
import { createNetworkBuilder } from '../../../core/network/description/network-builder.ts';
import { layerWeights, noise } from '../../support/layer-networks.ts';

const CLASSES = 3;
const IMAGE = 4 * 4 * 3;

const n = createNetworkBuilder('small', { height: 4, width: 4, channels: 3 });
const x = n.globalAveragePooling2d(n.conv2d(n.input(), { filters: 4, kernelSize: 3 }));
n.dense(x, { units: CLASSES, activation: 'softmax' });
const NETWORK = n.build();

const OPTIONS: TrainerOptions = {
  network: NETWORK,
  weights: layerWeights(NETWORK),
  optimizer: { type: 'sgd' },
  seed: 1,
  batchSize: 6,
};

/** Executes for real, and notes the number of samples of each run. */
async function noting(): Promise<{ readonly executor: Executor; readonly sizes: number[] }> {
  const real = createPortableExecutor(await openWasm({ threads: 1 }));
  const sizes: number[] = [];
  return {
    sizes,
    executor: {
      ...real,
      async createSession(options) {
        const session = await real.createSession(options);
        return {
          ...session,
          run(name, batch, inputs) {
            sizes.push(batch);
            return session.run(name, batch, inputs);
          },
        };
      },
    },
  };
}

describe('with fixed batches', () => {
  test.each([1, 6, 8, 15])('%i predictions are made in whole batches, and are the same', async (count) => {
    const { executor, sizes } = await noting();
    const images = noise(count * IMAGE, 2);
    const plain = await createTrainer(executor, OPTIONS);
    const expected = await plain.predict(images, count);
    sizes.length = 0;
    const fixed = await createTrainer(executor, { ...OPTIONS, fixedBatches: true });
    const found = await fixed.predict(images, count);
    expect(new Set(sizes)).toEqual(new Set([6]));
    expect(found).toHaveLength(count * CLASSES);
    found.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i] ?? Number.NaN, 6);
    });
    plain.dispose();
    fixed.dispose();
  });

  test('a forward pass runs in whole batches, and its outputs are the same', async () => {
    const { executor, sizes } = await noting();
    const images = noise(8 * IMAGE, 2);
    const plain = await createForward(executor, OPTIONS);
    const fixed = await createForward(executor, { ...OPTIONS, fixedBatches: true });
    const expected = await plain.run(images, 8);
    expect(sizes).toEqual([6, 2]);
    const found = await fixed.run(images, 8);
    expect(sizes).toEqual([6, 2, 6, 6]);
    expect(found).toEqual(expected);
    plain.dispose();
    fixed.dispose();
  });

  test('micro-batches divide the batch evenly where they can', async () => {
    const { executor, sizes } = await noting();
    const trainer = await createTrainer(executor, { ...OPTIONS, microBatchSize: 5, fixedBatches: true });
    await trainer.step({ images: noise(6 * IMAGE, 1), labels: Int32Array.of(0, 1, 2, 0, 1, 2) }, 0.1);
    await trainer.predict(noise(4 * IMAGE, 1), 4);
    expect(sizes).toEqual([3, 3, 3, 3]);
    trainer.dispose();
    expect(microBatchSizeOf({ batchSize: 30, microBatchSize: 8, fixedBatches: true })).toBe(6);
    expect(microBatchSizeOf({ batchSize: 31, microBatchSize: 8, fixedBatches: true })).toBe(8);
    expect(microBatchSizeOf({ batchSize: 30, microBatchSize: 8 })).toBe(8);
  });
});
