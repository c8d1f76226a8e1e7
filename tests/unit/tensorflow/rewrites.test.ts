// Which ops a network becomes on a CPU; that they compute the same is parity.test.ts's.

import { describe, expect, test } from 'vitest';
import { buildTrainingPrograms } from '../../../batch-job/tensorflow/engine/training-programs.ts';
import { CPU_REWRITES } from '../../../batch-job/tensorflow/native/cpu-rewrites.ts';
import { createPoolingRewrites } from '../../../batch-job/tensorflow/native/onednn-pooling.ts';
import { openEngine } from '../../../batch-job/tensorflow/open-engine.ts';
import { rewriteProgram } from '../../../batch-job/tensorflow/program/rewrite-program.ts';
import type { Network } from '../../../core/network/description/network.ts';
import {
  createNetworkBuilder,
  type NetworkBuilder,
} from '../../../core/network/description/network-builder.ts';
import { availableRunners, openRunner } from '../../support/engines.ts';
import { layerWeights, noise } from '../../support/layer-networks.ts';

const BATCH = 4;

type Write = (n: NetworkBuilder) => string;

function networkOf(write: Write): Network {
  const n = createNetworkBuilder('rewritten', { height: 8, width: 8, channels: 3 });
  n.dense(n.flatten(write(n)), { units: 3, activation: 'softmax' });
  return n.build();
}

function trainingOps(write: Write) {
  const network = networkOf(write);
  const options = { network, weights: layerWeights(network), optimizer: { type: 'sgd' }, seed: 1 } as const;
  const { update } = buildTrainingPrograms({ ...options, batchSize: BATCH }).programs;
  if (update === undefined) throw new Error('There is no program for an update.');
  const before = update(BATCH);
  const rules = { ...CPU_REWRITES, ...createPoolingRewrites() };
  const types = (program: typeof before) => program.ops.map(({ type }) => type);
  return { before: types(before), after: types(rewriteProgram(before, rules)) };
}

const denseOf =
  (units: number): Write =>
  (n) =>
    n.dense(n.dense(n.flatten(n.input()), { name: 'below', units }), { units: 512, activation: 'tanh' });

describe('rewrites for a CPU', () => {
  test('turn convolutions of one pixel and their gradients into matrix products', () => {
    const { before, after } = trainingOps((n) =>
      n.conv2d(n.conv2d(n.input(), { filters: 4, kernelSize: 1 }), { filters: 4, kernelSize: 1, strides: 2 }),
    );
    expect(before).toEqual(expect.arrayContaining(['Conv2D', 'Conv2DBackpropInput', 'Conv2DBackpropFilter']));
    expect(after.filter((type) => type.startsWith('Conv2D'))).toEqual([]);
    // Three products a convolution but the first, which needs no gradient by the pictures, and three of the top.
    expect(after.filter((type) => type === 'MatMul')).toHaveLength(2 + 3 + 3);
    expect(after).toContain('AvgPoolGrad');
  });

  test('keep larger convolutions', () => {
    const { before, after } = trainingOps((n) => n.conv2d(n.input(), { filters: 4, kernelSize: [1, 3] }));
    expect(after).toEqual(before);
  });

  test('compute a strided depthwise gradient in float32 where all else is bfloat16', () => {
    const typesOf = (strides: 1 | 2, precision: 'float32' | 'bfloat16') => {
      const network = networkOf((n) =>
        n.depthwiseConv2d(n.conv2d(n.input(), { filters: 4, kernelSize: 3 }), { kernelSize: 3, strides }),
      );
      const options = {
        network,
        weights: layerWeights(network),
        optimizer: { type: 'sgd' },
        seed: 1,
      } as const;
      const { update } = buildTrainingPrograms({ ...options, batchSize: BATCH, precision }).programs;
      if (update === undefined) throw new Error('There is no program for an update.');
      return rewriteProgram(update(BATCH), CPU_REWRITES)
        .ops.filter(({ type }) => type === 'DepthwiseConv2dNativeBackpropInput')
        .map(({ attributes, outputs }) => [attributes['T']?.value, outputs[0]?.dtype]);
    };
    expect(typesOf(2, 'bfloat16')).toEqual([['float32', 'float32']]);
    expect(typesOf(1, 'bfloat16')).toEqual([['bfloat16', 'bfloat16']]);
    expect(typesOf(2, 'float32')).toEqual([['float32', 'float32']]);
  });

  test('do not multiply few rows by a large transposed matrix', () => {
    expect(trainingOps(denseOf(512)).after).toContain('Transpose');
    expect(trainingOps(denseOf(511)).after).not.toContain('Transpose');
  });

  test('give the gradient of max pooling the places of the maxima', () => {
    const { after } = trainingOps((n) =>
      n.maxPooling2d(n.conv2d(n.input(), { filters: 4, kernelSize: 3 }), { poolSize: 2 }),
    );
    expect(after).toEqual(expect.arrayContaining(['_MklNativeMaxPool', '_MklNativeMaxPoolGrad']));
    expect(after).not.toContain('MaxPoolGrad');
  });
});

test('max pooling comes before the bias and the activation that keep its order, and after others', () => {
  const order = (activation: 'relu' | 'silu') =>
    trainingOps((n) =>
      n.maxPooling2d(n.conv2d(n.input(), { filters: 4, kernelSize: 3, activation }), { poolSize: 2 }),
    ).before.filter((type) => ['Relu', 'Sigmoid', 'MaxPool', 'BiasAdd'].includes(type));
  expect(order('relu').slice(0, 3)).toEqual(['MaxPool', 'BiasAdd', 'Relu']);
  expect(order('silu').slice(0, 3)).toEqual(['BiasAdd', 'Sigmoid', 'MaxPool']);
});

for (const runner of await availableRunners()) {
  if (runner.backend === 'portable') continue;
  test(`the gradient of a large dense layer is the same with rewrites, ${runner.name}`, async () => {
    const [expected, actual] = await Promise.all(
      [
        { engine: await openEngine({ backend: 'portable' }), executor: 'eager' as const },
        { engine: await openRunner(runner), executor: runner.executor },
      ].map(async ({ engine, executor }) => {
        const network = networkOf(denseOf(512));
        const trainer = await engine.createTrainer({
          network,
          weights: layerWeights(network),
          optimizer: { type: 'sgd' },
          seed: 1,
          batchSize: BATCH,
          executor,
        });
        await trainer.step({ images: noise(BATCH * 8 * 8 * 3, 1), labels: Int32Array.of(0, 1, 2, 0) }, 1);
        const weights = await trainer.weights();
        trainer.dispose();
        return weights.get('below/kernel') ?? new Float32Array();
      }),
    );
    const worst = expected?.reduce((max, value, i) => Math.max(max, Math.abs(value - (actual?.[i] ?? 0))), 0);
    expect(worst).toBeLessThan(1e-4);
  });
}
