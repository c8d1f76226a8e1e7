// Twenty training steps against Keras 3.15.1 on TensorFlow 2.21.0 (keras-training.json, made by generate-training.py beside
// it): losses, and weights to 1e-4 of the largest value of each, for every optimizer and setting, on every back end.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { TrainerOptions } from '../../../batch-job/tensorflow/engine/engine.ts';
import type { Network } from '../../../core/network/description/network.ts';
import { createNetworkBuilder } from '../../../core/network/description/network-builder.ts';
import { availableRunners, openRunner } from '../../support/engines.ts';
import { type Golden, goldenWeights, normOf, ruleInput } from '../../support/keras-golden.ts';

const TOLERANCE = 1e-4;

interface Run {
  readonly options: Pick<TrainerOptions, 'optimizer' | 'labelSmoothing' | 'emaDecay'> & {
    readonly learningRate: number;
    /** Keras's `gradient_accumulation_steps`: that many of its batches are the micro-batches of one here. */
    readonly gradientAccumulation?: number;
  };
  readonly losses: readonly number[];
  readonly weights: Readonly<
    Record<
      string,
      { readonly l2: number; readonly maxAbs: number; readonly at: readonly (readonly [number, number])[] }
    >
  >;
}

interface TrainingGolden extends Golden {
  readonly steps: number;
  readonly batch: number;
  readonly size: number;
  readonly classes: number;
  readonly runs: Readonly<Record<string, Run>>;
}

const golden = JSON.parse(
  readFileSync(path.join(import.meta.dirname, 'keras-training.json'), 'utf8'),
) as TrainingGolden;
const { steps, batch, size, classes } = golden;

function network(): Network {
  const n = createNetworkBuilder('trained', { height: size, width: size, channels: 3 });
  let x = n.conv2d(n.input(), { name: 'conv', filters: 8, kernelSize: 3, padding: 'same', useBias: false });
  x = n.relu(n.batchNormalization(x, { name: 'conv_bn', momentum: 0.9 }));
  x = n.depthwiseConv2d(x, { name: 'depthwise', kernelSize: 3, strides: 2, padding: 'same', useBias: false });
  x = n.relu(n.batchNormalization(x, { name: 'depthwise_bn', momentum: 0.9 }), { maxValue: 6 });
  x = n.maxPooling2d(n.conv2d(x, { name: 'project', filters: 12, kernelSize: 1, activation: 'silu' }), {
    poolSize: 2,
  });
  n.dense(n.flatten(x), { name: 'top', units: classes, activation: 'softmax' });
  return n.build();
}

const NETWORK = network();
const IMAGES = ruleInput([steps * batch, size, size, 3], '-1..1');
const LABELS = Int32Array.from({ length: steps * batch }, (_, i) => (7 * i + Math.floor(i / 3)) % classes);
const IMAGE_SIZE = size * size * 3;

for (const runner of await availableRunners()) {
  const engine = await openRunner(runner);
  describe(`training on ${runner.name}`, () => {
    test.each(Object.entries(golden.runs))('%s: twenty steps end where Keras ends', async (_, run) => {
      const { learningRate, gradientAccumulation: microBatches = 1, ...options } = run.options;
      const trainer = await engine.createTrainer({
        ...options,
        network: NETWORK,
        weights: goldenWeights(golden),
        seed: 0,
        batchSize: microBatches * batch,
        microBatchSize: batch,
        executor: runner.executor,
      });
      for (let step = 0; step < steps; step += microBatches) {
        const [from, to] = [step * batch, (step + microBatches) * batch];
        const images = IMAGES.subarray(from * IMAGE_SIZE, to * IMAGE_SIZE);
        const { loss } = await trainer.step({ images, labels: LABELS.subarray(from, to) }, learningRate);
        const losses = run.losses.slice(step, step + microBatches);
        const expected = losses.reduce((sum, each) => sum + each, 0) / microBatches;
        expect(Math.abs(loss - expected) / expected, `loss of step ${step}`).toBeLessThan(TOLERANCE);
      }
      for (const [name, values] of await trainer.weights()) {
        const expected = run.weights[name];
        if (expected === undefined) throw new Error(`Keras has no weight "${name}".`);
        expect(Math.abs(normOf(values) - expected.l2) / expected.l2, `norm of ${name}`).toBeLessThan(
          TOLERANCE,
        );
        for (const [i, value] of expected.at) {
          expect(Math.abs((values[i] ?? Number.NaN) - value), `${name}[${i}]`).toBeLessThan(
            TOLERANCE * expected.maxAbs,
          );
        }
      }
      trainer.dispose();
    });
  });
}
