// Towers: batches that several devices share come to what one device makes of them. All towers are on one processor here.

import { describe, expect, test } from 'vitest';
import { hasAddon, loadAddon } from '../../../batch-job/tensorflow/addon/addon.ts';
import type { Batch, TrainerOptions } from '../../../batch-job/tensorflow/engine/engine.ts';
import { withTowers } from '../../../batch-job/tensorflow/engine/towers.ts';
import { createTrainer } from '../../../batch-job/tensorflow/engine/trainer.ts';
import { buildTrainingPrograms } from '../../../batch-job/tensorflow/engine/training-programs.ts';
import { findDevices } from '../../../batch-job/tensorflow/graph/find-devices.ts';
import { createGraphExecutor } from '../../../batch-job/tensorflow/graph/graph-executor.ts';
import { createGraphWriter } from '../../../batch-job/tensorflow/graph/graph-writer.ts';
import { CPU_REWRITES } from '../../../batch-job/tensorflow/native/cpu-rewrites.ts';
import { createEagerExecutor } from '../../../batch-job/tensorflow/native/eager-executor.ts';
import { MIX_INPUTS } from '../../../batch-job/tensorflow/network/render-in-graph.ts';
import type { Shape } from '../../../batch-job/tensorflow/program/program.ts';
import { nativeDirectory } from '../../../batch-job/tensorflow/setup/native-directory.ts';
import { cacheDirectory } from '../../../core/cache-directory.ts';
import type { Network } from '../../../core/network/description/network.ts';
import { createNetworkBuilder } from '../../../core/network/description/network-builder.ts';
import { present } from '../../../core/present.ts';
import {
  LAYER_CLASSES,
  LAYER_INPUT,
  LAYER_NETWORKS,
  layerWeights,
  noise,
} from '../../support/layer-networks.ts';

const CLASSES = 3;
const BATCH_SIZE = 8;
const SIZE = 9;
const PICTURE = SIZE * SIZE * 3;
const STEPS = 3;

/** Every op of the forward and the backward pass that networks have, batch normalization that learns among them. */
function network(): Network {
  const n = createNetworkBuilder('shared', { height: SIZE, width: SIZE, channels: 3 });
  // A bias before a batch normalization has the gradient 0, of which Adam makes a step by rounding errors alone.
  const convolution = { kernelSize: 3, padding: 'same', useBias: false } as const;
  let x = n.conv2d(n.input(), { name: 'conv', filters: 8, ...convolution });
  x = n.relu(n.batchNormalization(x, { name: 'bn', momentum: 0.9 }), { maxValue: 6 });
  x = n.maxPooling2d(n.depthwiseConv2d(x, { name: 'depthwise', ...convolution }), { poolSize: 2 });
  x = n.relu(n.batchNormalization(x, { name: 'bn2', momentum: 0.9 }));
  x = n.dropout(n.flatten(x), { rate: 0.3 });
  n.dense(x, { name: 'top', units: CLASSES, activation: 'softmax' });
  return n.build();
}

const NETWORK = network();
const COMMON: TrainerOptions = {
  network: NETWORK,
  weights: layerWeights(NETWORK),
  optimizer: { type: 'sgd', momentum: 0.9 },
  seed: 7,
  batchSize: BATCH_SIZE,
};

const labelsOf = (step: number) =>
  Int32Array.from({ length: BATCH_SIZE }, (_, i) => (i * i + step) % CLASSES);

/** Samples differ in brightness, so that the statistics of parts differ from those of the batch. */
function values(step: number): Batch {
  const images = noise(BATCH_SIZE * PICTURE, step);
  images.forEach((value, i) => {
    images[i] = value + Math.floor(i / PICTURE) / 3;
  });
  return { images, labels: labelsOf(step) };
}

const pixels = (step: number): Batch => ({
  images: Uint8Array.from(
    noise(BATCH_SIZE * PICTURE, step),
    (value) => Math.floor(256 * Math.abs(value)) % 256,
  ),
  labels: labelsOf(step),
});

/** Every picture is mixed with one of another tower. */
const mixed = (step: number): Batch => ({
  ...pixels(step),
  drawn: new Map<string, Float32Array | Int32Array>([
    [MIX_INPUTS.partners, Int32Array.from({ length: BATCH_SIZE }, (_, i) => (i + step + 3) % BATCH_SIZE)],
    [MIX_INPUTS.rows, new Float32Array(SIZE).fill(0.7)],
    [MIX_INPUTS.columns, new Float32Array(SIZE).fill(1)],
  ]),
});

interface Case {
  readonly name: string;
  readonly options?: Partial<TrainerOptions>;
  readonly batch?: (step: number) => Batch;
}

const CASES: readonly Case[] = [
  { name: 'batch normalization that learns, dropout and momentum' },
  {
    name: 'AdamW with an average of the weights, class weights and label smoothing',
    options: {
      optimizer: { type: 'adamw', clipNorm: 1 },
      emaDecay: 0.9,
      classWeights: [0.5, 1, 2],
      labelSmoothing: 0.1,
    },
  },
  { name: 'micro-batches', options: { microBatchSize: 4, fixedBatches: true } },
  { name: 'frozen layers', options: { trainable: (layer) => !['conv', 'bn'].includes(layer) } },
  {
    name: 'pixels that the device mixes',
    options: { preprocessing: 'tf', mixes: true },
    batch: mixed,
  },
];

const CPU = '/device:CPU:0';
const directory = nativeDirectory(cacheDirectory(process.env), 'cpu');
const isThere = hasAddon(directory, 'cpu');
if (!isThere) console.warn(`Skipped: training with towers. The addon is not built (${directory}).`);

describe.skipIf(!isThere)('training with towers', () => {
  const executorOn = (...devices: readonly string[]) =>
    createGraphExecutor(loadAddon(directory, 'cpu'), {
      rewrites: CPU_REWRITES,
      overlaps: false,
      devices,
    });

  const train = async (options: TrainerOptions, batch: (step: number) => Batch) => {
    const executor = executorOn(CPU, CPU);
    const before = executor.numTensors();
    const trainer = await createTrainer(executor, options);
    const steps = [];
    for (let step = 0; step < STEPS; step++) steps.push(await trainer.step(batch(step), 0.01));
    const probabilities =
      options.preprocessing === undefined ? await trainer.predict(batch(9).images, options.batchSize) : [];
    const { variables } = await trainer.state();
    trainer.dispose();
    expect(executor.numTensors()).toBe(before);
    return { steps, probabilities, variables };
  };

  test.each(CASES)('comes to the same with $name', async ({ options = {}, batch = values }) => {
    const common = { ...COMMON, ...options };
    const expected = await train(common, batch);
    const found = await train({ ...common, towers: 2 }, batch);
    for (const [i, { loss, correct }] of expected.steps.entries()) {
      expect(Math.abs((found.steps[i]?.loss ?? Number.NaN) - loss)).toBeLessThan(1e-5);
      expect(found.steps[i]?.correct).toBe(correct);
    }
    expect(furthest(found.probabilities, expected.probabilities)).toBeLessThan(1e-5);
    expect([...found.variables.keys()]).toEqual([...expected.variables.keys()]);
    const differences = [...expected.variables].map(
      ([name, data]) => [name, furthest(found.variables.get(name) ?? [], data)] as const,
    );
    expect(differences.filter(([, difference]) => !(difference < 1e-5))).toEqual([]);
  });

  test('skips a step for all where a gradient of one is infinite in float16', async () => {
    const n = createNetworkBuilder('dense', { height: SIZE, width: SIZE, channels: 3 });
    n.dense(n.flatten(n.input()), { name: 'top', units: CLASSES, activation: 'softmax' });
    const dense = n.build();
    const weights = new Map(
      [...layerWeights(dense)].map(([name, { length }]) => [name, new Float32Array(length)]),
    );
    const options = { ...COMMON, network: dense, weights, precision: 'float16', towers: 2 } as const;
    const trainer = await createTrainer(executorOn(CPU, CPU), options);
    const { variables: before } = await trainer.state();
    const { images, labels } = values(1);
    images.fill(1000, 0, (BATCH_SIZE / 2) * PICTURE);
    await trainer.step({ images, labels }, 0.01);
    const { variables, updates } = await trainer.state();
    expect(updates).toBe(0);
    expect(variables).toEqual(new Map([...before, ['loss_scale', Float32Array.of(2 ** 14)]]));
    await trainer.step({ images: images.fill(0), labels }, 0.01);
    expect((await trainer.state()).updates).toBe(1);
    trainer.dispose();
  });

  test('comes to the same for every type of layer', async () => {
    const executor = createEagerExecutor(loadAddon(directory, 'cpu'), () => ({}));
    const { height, width, channels } = LAYER_INPUT;
    const samples = 4;
    const labels = Int32Array.from({ length: samples }, (_, i) => i % LAYER_CLASSES);
    const images = noise(samples * height * width * channels, 1);
    for (const [name, network] of LAYER_NETWORKS) {
      const step = async (towers: number) => {
        const weights = layerWeights(network);
        const trainer = await createTrainer(executor, {
          ...COMMON,
          network,
          weights,
          batchSize: samples,
          towers,
        });
        await trainer.step({ images, labels }, 0.1);
        const after = await trainer.weights();
        trainer.dispose();
        return [...after.values()].flatMap((data) => [...data]);
      };
      expect([name, furthest(await step(2), await step(1)) < 1e-5]).toEqual([name, true]);
    }
  });

  test.each([
    ['bfloat16', 2 ** -8],
    ['float16', 2 ** -11],
  ] as const)('in %s comes to the same within what rounding does', async (precision, unit) => {
    const common = { ...COMMON, precision };
    const [expected, found] = [await train(common, values), await train({ ...common, towers: 2 }, values)];
    // After the first update, rounding errors grow.
    for (const [i, { loss }] of expected.steps.slice(0, 2).entries())
      expect(Math.abs((found.steps[i]?.loss ?? Number.NaN) / loss - 1)).toBeLessThan(unit);
  });

  test('resumes what another number of devices has begun', async () => {
    const begun = await createTrainer(executorOn(CPU), COMMON);
    await begun.step(values(0), 0.01);
    const state = await begun.state();
    const expected = await begun.step(values(1), 0.01);
    const resumed = await createTrainer(executorOn(CPU, CPU), { ...COMMON, towers: 2 });
    await resumed.restore(state);
    expect((await resumed.step(values(1), 0.01)).loss).toBeCloseTo(expected.loss, 5);
    expect([...(await resumed.state()).variables.keys()]).toEqual([...state.variables.keys()]);
    begun.dispose();
    resumed.dispose();
  });

  test('leaves batches that the towers do not divide to one device', async () => {
    const odd = { ...COMMON, batchSize: BATCH_SIZE - 1 };
    const batch = (step: number) => {
      const { images, labels } = values(step);
      return { images: images.subarray(PICTURE), labels: labels.subarray(1) };
    };
    const [expected, found] = [await train(odd, batch), await train({ ...odd, towers: 2 }, batch)];
    expect(found).toEqual(expected);
  });

  test('finds the devices that TensorFlow has, and no more', async () => {
    const addon = loadAddon(directory, 'cpu');
    const before = addon.getNumOfTensors();
    expect(await findDevices(addon, 'CPU', 3)).toEqual([CPU]);
    expect(addon.getNumOfTensors()).toBe(before);
  });

  test('runs each tower on its own device', async () => {
    const trainer = createTrainer(executorOn(CPU, '/device:CPU:1'), { ...COMMON, towers: 2 });
    await expect(async () => (await trainer).step(values(1), 0.01)).rejects.toThrow('/device:CPU:1');
  });
});

describe('the towers of a machine', () => {
  test.each([
    [1, BATCH_SIZE, undefined],
    [2, BATCH_SIZE, 2],
    [3, BATCH_SIZE, 2],
    [4, 9, 3],
    [4, 7, 1],
  ])('of %i devices for batches of %i are %o', (devices, batchSize, towers) => {
    expect(withTowers({ ...COMMON, batchSize }, devices).towers).toBe(towers);
  });

  test('divide micro-batches, and follow what a caller asks for', () => {
    expect(withTowers({ ...COMMON, microBatchSize: 3 }, 4).towers).toBe(3);
    expect(withTowers({ ...COMMON, towers: 1 }, 4).towers).toBe(1);
  });

  test('are one for a head alone', () => {
    const n = createNetworkBuilder('head', { height: 1, width: 1, channels: 3 });
    n.dense(n.dropout(n.flatten(n.input()), { rate: 0.2 }), { units: CLASSES, activation: 'softmax' });
    expect(withTowers({ ...COMMON, network: n.build() }, 4).towers).toBeUndefined();
  });
});

describe('the graph of two towers', () => {
  const { programs } = buildTrainingPrograms({ ...COMMON, towers: 2 });
  const writer = createGraphWriter({ feedsInts: false, devices: ['/device:GPU:0', '/device:GPU:1'] });
  for (const spec of buildTrainingPrograms(COMMON).variables) writer.addVariable(spec);
  const update = present(programs['update'], 'an update')(BATCH_SIZE);
  writer.addProgram('update', update);
  const nodes = new Map(writer.nodes.map((node) => [node.name, node]));
  const on = (device: string | undefined) => [...nodes.values()].filter((node) => node.device === device);
  const opsOn = (device: string | undefined) =>
    on(device)
      .map(({ op }) => op)
      .sort();

  test('has the same ops on both devices, and the update without a device', () => {
    expect(opsOn('/device:GPU:1')).toEqual(opsOn('/device:GPU:0'));
    expect(opsOn('/device:GPU:1')).toEqual(
      expect.arrayContaining(['Conv2D', 'Conv2DBackpropFilter', 'FusedBatchNormGradV3', 'MatMul']),
    );
    expect(opsOn(undefined).filter((op) => op === 'ResourceApplyKerasMomentum')).toHaveLength(8);
    expect(opsOn('/device:GPU:1')).not.toContain('ReadVariableOp');
  });

  test('cuts and joins batches on the processor', () => {
    expect(new Set(opsOn('/device:CPU:0'))).toEqual(new Set(['Const', 'ConcatV2', 'Split']));
  });

  test('sends no samples from tower to tower', () => {
    const sizes = new Map<string, Shape>(
      update.ops.flatMap(({ type, outputs }, i) =>
        outputs.map(({ shape }, output) => [`update/${type}_${i}:${output}`, shape]),
      ),
    );
    const crossing = on('/device:GPU:1').flatMap(({ input }) =>
      input.filter((name) => {
        const source = present(nodes.get(name.split(':')[0] ?? ''), name);
        return source.device !== '/device:GPU:1' && source.op !== 'Split' && source.op !== 'ReadVariableOp';
      }),
    );
    expect(new Set(crossing.map((name) => sizes.get(name)?.join()))).toEqual(new Set(['8']));
  });
});

/** The largest difference of two lists of numbers. */
const furthest = (found: ArrayLike<number>, expected: ArrayLike<number>): number =>
  Array.from(expected).reduce(
    (most, value, i) => Math.max(most, Math.abs(value - (found[i] ?? Number.NaN))),
    0,
  );
