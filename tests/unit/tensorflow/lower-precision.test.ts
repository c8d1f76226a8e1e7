// Mixed precision: which values of a program have 16 bits, and that training with them comes to what it comes to in float32.

import { describe, expect, test } from 'vitest';
import type { TrainerOptions } from '../../../batch-job/tensorflow/engine/engine.ts';
import { buildTrainingPrograms } from '../../../batch-job/tensorflow/engine/training-programs.ts';
import { lowerPrecision } from '../../../batch-job/tensorflow/program/lower-precision.ts';
import type { Attribute, Op, Program } from '../../../batch-job/tensorflow/program/program.ts';
import type { Network } from '../../../core/network/description/network.ts';
import { createNetworkBuilder } from '../../../core/network/description/network-builder.ts';
import { availableRunners, openRunner } from '../../support/engines.ts';
import { layerWeights, noise } from '../../support/layer-networks.ts';

const CLASSES = 3;
const BATCH_SIZE = 8;
const SIZE = 12;

function network(): Network {
  const n = createNetworkBuilder('mixed', { height: SIZE, width: SIZE, channels: 3 });
  let x = n.conv2d(n.input(), { name: 'conv', filters: 8, kernelSize: 3, padding: 'same' });
  x = n.relu(n.batchNormalization(x, { name: 'bn', momentum: 0.9 }));
  x = n.maxPooling2d(n.depthwiseConv2d(x, { name: 'depthwise', kernelSize: 3, padding: 'same' }), {
    poolSize: 2,
  });
  n.dense(n.globalAveragePooling2d(x), { name: 'top', units: CLASSES, activation: 'softmax' });
  return n.build();
}

const NETWORK = network();
const OPTIONS: TrainerOptions = {
  network: NETWORK,
  weights: layerWeights(NETWORK),
  optimizer: { type: 'adam', clipNorm: 1 },
  seed: 7,
  batchSize: BATCH_SIZE,
};

const updateOf = (options: TrainerOptions): Program => {
  const write = buildTrainingPrograms(options).programs['update'];
  if (write === undefined) throw new Error('There is no update.');
  return write(BATCH_SIZE);
};

function typeOf({ attributes }: Op): unknown {
  const type: Attribute | undefined = attributes['T'];
  return type?.value;
}
const FORWARD_AND_BACKWARD = /^(Conv2D|DepthwiseConv2dNative|MatMul)/;

describe('a program in mixed precision', () => {
  const program = updateOf({ ...OPTIONS, precision: 'bfloat16' });

  test('convolves and multiplies in 16 bits, forward and backward', () => {
    const heavy = program.ops.filter(({ type }) => FORWARD_AND_BACKWARD.test(type));
    expect(heavy.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['Conv2D', 'Conv2DBackpropFilter', 'DepthwiseConv2dNative', 'MatMul']),
    );
    expect(new Set(heavy.map(typeOf))).toEqual(new Set(['bfloat16']));
  });

  test('assigns float32 to variables, and gives float32', () => {
    const assigned = program.ops.filter(({ outputs }) => outputs.length === 0);
    expect(assigned.length).toBeGreaterThan(0);
    for (const { inputs } of assigned) {
      for (const { dtype } of inputs) expect(['float32', 'resource']).toContain(dtype);
    }
    for (const { dtype } of program.outputs.values()) expect(dtype).toBe('float32');
  });

  test('keeps the loss, reductions, and scales and statistics of batch normalization in float32', () => {
    const exact = program.ops.filter(({ type }) =>
      ['SoftmaxCrossEntropyWithLogits', 'Sum', 'Mean', 'Square', 'Sqrt'].includes(type),
    );
    expect(exact.length).toBeGreaterThan(3);
    expect(new Set(exact.map(typeOf))).toEqual(new Set(['float32']));
    const [normalization] = program.ops.filter(({ type }) => type === 'FusedBatchNormV3');
    expect(normalization?.inputs.map(({ dtype }) => dtype)).toEqual([
      'bfloat16',
      ...new Array(4).fill('float32'),
    ]);
    expect(normalization?.outputs.slice(1, 3).map(({ dtype }) => dtype)).toEqual(['float32', 'float32']);
  });

  test('gives every op inputs of the type that its attribute names', () => {
    const oddInputs = program.ops.filter((op) => {
      const first = op.inputs.find(({ dtype }) => dtype !== 'int32' && dtype !== 'resource');
      return typeOf(op) !== undefined && first !== undefined && first.dtype !== typeOf(op);
    });
    expect(oddInputs).toEqual([]);
  });

  test('is unchanged where no op gains by 16 bits', () => {
    const plain = updateOf(OPTIONS);
    const ops = plain.ops.filter(({ type }) => type === 'SoftmaxCrossEntropyWithLogits');
    const lowered = lowerPrecision(
      { ...plain, ops: [], outputs: new Map() },
      { type: 'float16', float32: new Set() },
    );
    expect(ops).toHaveLength(1);
    expect(lowered.ops).toEqual([]);
  });
});

const RUNNERS = (await availableRunners()).filter(({ backend }) => backend !== 'portable');

describe.skipIf(RUNNERS.length === 0).each(RUNNERS)('training on $name', (runner) => {
  const batch = (step: number) => {
    const labels = Int32Array.from({ length: BATCH_SIZE }, (_, i) => (i + step) % CLASSES);
    const images = noise(BATCH_SIZE * SIZE * SIZE * 3, step);
    // A class is a shade: something to learn.
    images.forEach((value, i) => {
      images[i] = 0.3 * value + (labels[Math.floor((i * BATCH_SIZE) / images.length)] ?? 0) - 1;
    });
    return { images, labels };
  };

  const lossesIn = async (precision: NonNullable<TrainerOptions['precision']>) => {
    const engine = await openRunner(runner);
    const before = engine.numTensors();
    const trainer = await engine.createTrainer({ ...OPTIONS, precision, executor: runner.executor });
    const losses: number[] = [];
    for (let step = 0; step < 60; step++) losses.push((await trainer.step(batch(step), 0.01)).loss);
    const probabilities = await trainer.predict(batch(99).images, BATCH_SIZE);
    trainer.dispose();
    expect(engine.numTensors()).toBe(before);
    return { losses, probabilities };
  };

  // oneDNN's pooling, which the eager executor is given, knows no float16.
  const types = runner.executor === 'graph' ? (['bfloat16', 'float16'] as const) : (['bfloat16'] as const);
  test.each(types)('follows the curve of float32: %s', async (precision) => {
    const exact = await lossesIn('float32');
    const mixed = await lossesIn(precision);
    expect(mixed.losses[0]).toBeCloseTo(exact.losses[0] ?? Number.NaN, 1);
    expect(mixed.losses[0]).not.toBe(exact.losses[0]);
    expect(mixed.losses.at(-1)).toBeLessThan((mixed.losses[0] ?? 0) / 4);
    const apart = mixed.losses.map((loss, i) => Math.abs(loss - (exact.losses[i] ?? Number.NaN)));
    expect(Math.max(...apart)).toBeLessThan(0.1);
    const differences = mixed.probabilities.map((p, i) =>
      Math.abs(p - (exact.probabilities[i] ?? Number.NaN)),
    );
    expect(Math.max(...differences)).toBeLessThan(0.05);
  });
});
