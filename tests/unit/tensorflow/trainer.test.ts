// What a trainer promises on every back end and executor: no leaks, the same bits for the same seed, resuming exactly.

import { describe, expect, test } from 'vitest';
import type { Trainer, TrainerOptions } from '../../../batch-job/tensorflow/engine/engine.ts';
import type { Network } from '../../../core/network/description/network.ts';
import { createNetworkBuilder } from '../../../core/network/description/network-builder.ts';
import { availableRunners, openRunner } from '../../support/engines.ts';
import { layerWeights, noise } from '../../support/layer-networks.ts';

const CLASSES = 3;
const BATCH_SIZE = 4;
const IMAGE = 8 * 8 * 3;

function network(): Network {
  const n = createNetworkBuilder('trained', { height: 8, width: 8, channels: 3 });
  let x = n.conv2d(n.input(), { name: 'conv', filters: 6, kernelSize: 3, strides: 2, padding: 'same' });
  x = n.relu(n.batchNormalization(x, { name: 'bn', momentum: 0.9 }), { maxValue: 6 });
  x = n.dropout(n.flatten(x), { rate: 0.3 });
  n.dense(x, { name: 'top', units: CLASSES, activation: 'softmax' });
  return n.build();
}

const NETWORK = network();
const COMMON: TrainerOptions = {
  network: NETWORK,
  weights: layerWeights(NETWORK),
  optimizer: { type: 'adam' },
  seed: 7,
  batchSize: BATCH_SIZE,
};

const batch = (step: number, count = BATCH_SIZE) => ({
  images: noise(count * IMAGE, step),
  labels: Int32Array.from({ length: count }, (_, i) => (i + step) % CLASSES),
});

async function train(trainer: Trainer, from: number, to: number): Promise<readonly number[]> {
  const losses: number[] = [];
  for (let step = from; step < to; step++) losses.push((await trainer.step(batch(step), 0.01)).loss);
  return losses;
}

const RUNNERS = await Promise.all(
  (await availableRunners()).map(async (runner) => ({ ...runner, engine: await openRunner(runner) })),
);

describe.each(RUNNERS)('a trainer, $name', ({ engine, executor }) => {
  const OPTIONS: TrainerOptions = { ...COMMON, executor };
  test('lowers the loss of a batch that it sees again', async () => {
    const trainer = await engine.createTrainer(OPTIONS);
    const first = await trainer.step(batch(0), 0.01);
    for (let i = 0; i < 30; i++) await trainer.step(batch(0), 0.01);
    const last = await trainer.step(batch(0), 0.01);
    expect(last.loss).toBeLessThan(first.loss / 4);
    expect(last.correct).toBe(BATCH_SIZE);
    trainer.dispose();
  });

  test('leaves no tensors behind after steps, smaller batches and predictions', async () => {
    const before = engine.numTensors();
    const trainer = await engine.createTrainer({ ...OPTIONS, microBatchSize: 2, emaDecay: 0.9 });
    const round = async () => {
      await train(trainer, 0, 2);
      await trainer.step(batch(2, 3), 0.01);
      await trainer.predict(batch(4).images, BATCH_SIZE);
    };
    await round();
    const warm = engine.numTensors();
    for (let i = 0; i < 5; i++) await round();
    expect(engine.numTensors()).toBe(warm);
    trainer.dispose();
    expect(engine.numTensors()).toBe(before);
  });

  test('gives the same bits for the same seed, and other bits for another seed', async () => {
    const run = async (seed: number) => {
      const trainer = await engine.createTrainer({ ...OPTIONS, seed });
      const losses = await train(trainer, 0, 4);
      const weights = await trainer.weights();
      trainer.dispose();
      return { losses, weights };
    };
    const [a, b, other] = [await run(7), await run(7), await run(8)];
    expect(b).toEqual(a);
    expect(other.losses).not.toEqual(a.losses);
  });

  test.each([
    { type: 'sgd', momentum: 0.9 },
    { type: 'nadam' },
    { type: 'rmsprop', momentum: 0.5 },
    { type: 'adamw' },
  ] as const)('resumes to the same bits with $type', async (optimizer) => {
    const options: TrainerOptions = { ...OPTIONS, optimizer, microBatchSize: 3, emaDecay: 0.95 };
    const whole = await engine.createTrainer(options);
    await train(whole, 0, 3);
    const state = structuredClone(await whole.state());
    const expected = await train(whole, 3, 6);
    const resumed = await engine.createTrainer(options);
    await resumed.restore(state);
    expect(await train(resumed, 3, 6)).toEqual(expected);
    expect(await resumed.state()).toEqual(await whole.state());
    whole.dispose();
    resumed.dispose();
  });

  test.each([1, 2, 3])(
    'micro-batches of %i make the same updates as whole batches, dropout included',
    async (microBatchSize) => {
      const n = createNetworkBuilder('plain', { height: 8, width: 8, channels: 3 });
      const x = n.flatten(n.conv2d(n.input(), { filters: 4, kernelSize: 3, activation: 'tanh' }));
      n.dense(n.dropout(x, { rate: 0.3 }), { units: CLASSES, activation: 'softmax' });
      const plain = n.build();
      const weights = layerWeights(plain);
      const options = {
        ...OPTIONS,
        network: plain,
        weights,
        optimizer: { type: 'sgd', momentum: 0.9 } as const,
      };
      const whole = await engine.createTrainer(options);
      const accumulating = await engine.createTrainer({ ...options, microBatchSize });
      for (const step of [1, 2]) {
        const expected = await whole.step(batch(step), 0.1);
        const found = await accumulating.step(batch(step), 0.1);
        expect(found.loss).toBeCloseTo(expected.loss, 5);
        expect(found.correct).toBe(expected.correct);
      }
      const expected = await whole.weights();
      for (const [name, values] of await accumulating.weights()) {
        values.forEach((value, i) => {
          expect(value).toBeCloseTo(expected.get(name)?.[i] ?? Number.NaN, 5);
        });
      }
      whole.dispose();
      accumulating.dispose();
    },
  );

  test.each([
    { type: 'sgd' },
    { type: 'sgd', momentum: 0.9, nesterov: true },
    { type: 'adamw', weightDecay: 0.1 },
    { type: 'nadam' },
    { type: 'rmsprop' },
  ] as const)('scales the change of a layer by its factor on the learning rate, %o', async (optimizer) => {
    const moved = async (rateFactor?: (layer: string) => number) => {
      const trainer = await engine.createTrainer({
        ...OPTIONS,
        optimizer,
        ...(rateFactor === undefined ? {} : { rateFactor }),
      });
      await trainer.step(batch(0), 0.01);
      const weights = await trainer.weights();
      trainer.dispose();
      return (name: string) =>
        (weights.get(name) ?? new Float32Array()).map(
          (value, i) => value - (COMMON.weights.get(name)?.[i] ?? Number.NaN),
        );
    };
    const whole = await moved();
    const scaled = await moved((layer) => (layer === 'conv' ? 0.25 : 1));
    expect(scaled('top/kernel')).toEqual(whole('top/kernel'));
    expect(Math.max(...whole('conv/kernel').map(Math.abs))).toBeGreaterThan(1e-4);
    scaled('conv/kernel').forEach((change, i) => {
      expect(change).toBeCloseTo(0.25 * (whole('conv/kernel')[i] ?? Number.NaN), 6);
    });
  });

  test('restores the state of a run with other micro-batches and more trainable layers', async () => {
    const whole = await engine.createTrainer(OPTIONS);
    await train(whole, 0, 2);
    const state = await whole.state();
    const accumulating = await engine.createTrainer({
      ...OPTIONS,
      microBatchSize: 1,
      trainable: (name) => name === 'top',
    });
    await accumulating.restore(state);
    expect(await accumulating.weights()).toEqual(await whole.weights());
    const left = await accumulating.state();
    expect([...left.variables.keys()].filter((name) => name.includes('conv'))).toEqual([
      'conv/kernel',
      'conv/bias',
    ]);
    await expect(whole.restore(left)).rejects.toMatchObject({ code: 'trainer-state-invalid' });
    whole.dispose();
    accumulating.dispose();
  });

  test('changes only trainable layers; frozen batch normalization uses its moving statistics', async () => {
    const trainer = await engine.createTrainer({ ...OPTIONS, trainable: (name) => name === 'top' });
    await train(trainer, 0, 2);
    const weights = await trainer.weights();
    for (const [name, before] of OPTIONS.weights) {
      if (name.startsWith('top/')) expect(weights.get(name)).not.toEqual(before);
      else expect(weights.get(name), name).toEqual(before);
    }
    trainer.dispose();
  });

  test('updates moving statistics by the biased variance, as Keras does', async () => {
    const n = createNetworkBuilder('normalized', { height: 1, width: 1, channels: 1 });
    n.dense(n.flatten(n.batchNormalization(n.input(), { name: 'bn', momentum: 0.75 })), {
      units: 2,
      activation: 'softmax',
    });
    const normalized = n.build();
    const trainer = await engine.createTrainer({
      ...OPTIONS,
      network: normalized,
      weights: new Map([
        ...layerWeights(normalized),
        ['bn/moving_mean', Float32Array.of(1)],
        ['bn/moving_variance', Float32Array.of(2)],
      ]),
    });
    await trainer.step({ images: Float32Array.of(1, 2, 3, 6), labels: Int32Array.of(0, 1, 0, 1) }, 0.1);
    const weights = await trainer.weights();
    // Mean 3, biased variance (4 + 1 + 0 + 9) / 4.
    expect(weights.get('bn/moving_mean')?.[0]).toBeCloseTo(1 * 0.75 + 3 * 0.25, 6);
    expect(weights.get('bn/moving_variance')?.[0]).toBeCloseTo(2 * 0.75 + 3.5 * 0.25, 6);
    trainer.dispose();
  });

  test('predicts with the EMA of the weights where there is one', async () => {
    const trainer = await engine.createTrainer({
      ...OPTIONS,
      optimizer: { type: 'sgd' },
      emaDecay: 0.75,
    });
    const biasAfter = async (step: number) => {
      await trainer.step(batch(step), 0.5);
      return (await trainer.state()).variables.get('top/bias')?.[0] ?? Number.NaN;
    };
    const [first, second] = [await biasAfter(0), await biasAfter(1)];
    const weights = await trainer.weights();
    expect(second).not.toBe(first);
    expect(weights.get('top/bias')?.[0]).toBeCloseTo(0.75 * first + 0.25 * second, 6);
    const plain = await engine.createTrainer({ ...OPTIONS, weights });
    expect(await trainer.predict(batch(1).images, 4)).toEqual(await plain.predict(batch(1).images, 4));
    trainer.dispose();
    plain.dispose();
  });

  test('takes soft labels, and one-hot labels are class indices', async () => {
    const { images, labels } = batch(0);
    const soft = new Float32Array(BATCH_SIZE * CLASSES);
    labels.forEach((label, i) => {
      soft[i * CLASSES + label] = 1;
    });
    const [a, b] = [await engine.createTrainer(OPTIONS), await engine.createTrainer(OPTIONS)];
    expect(await a.step({ images, labels }, 0.01)).toEqual(await b.step({ images, labels: soft }, 0.01));
    a.dispose();
    b.dispose();
  });

  test('predicts any number of pictures in batches, rows adding up to 1', async () => {
    const trainer = await engine.createTrainer(OPTIONS);
    const { images } = batch(0, 6);
    const all = await trainer.predict(images, 6);
    const alone = await trainer.predict(images.subarray(5 * IMAGE), 1);
    for (let row = 0; row < 6; row++) {
      const sum = all.subarray(row * CLASSES, (row + 1) * CLASSES).reduce((total, p) => total + p, 0);
      expect(sum).toBeCloseTo(1, 5);
    }
    alone.forEach((p, i) => {
      expect(p).toBeCloseTo(all[5 * CLASSES + i] ?? Number.NaN, 6);
    });
    trainer.dispose();
  });

  test('rejects invalid batches, weights and states, and networks without a softmax', async () => {
    const trainer = await engine.createTrainer(OPTIONS);
    const { images } = batch(0);
    const labels = Int32Array.of(0, 1, 2, 3);
    await expect(trainer.step({ images, labels }, 0.01)).rejects.toMatchObject({ code: 'batch-invalid' });
    const short = { images: images.subarray(1), labels: labels.subarray(1) };
    await expect(trainer.step(short, 0.01)).rejects.toMatchObject({ code: 'batch-invalid' });
    const two = { images, labels: labels.subarray(2) };
    await expect(trainer.step(two, 0.01)).rejects.toMatchObject({ code: 'batch-invalid' });
    const other = { ...(await trainer.state()), seed: 8 };
    await expect(trainer.restore(other)).rejects.toMatchObject({ code: 'trainer-state-invalid' });
    const stray = new Map([['stray/kernel', new Float32Array(1)]]);
    await expect(trainer.setWeights(stray)).rejects.toMatchObject({ code: 'weights-invalid' });
    trainer.dispose();
    const missing = engine.createTrainer({ ...OPTIONS, weights: new Map() });
    await expect(missing).rejects.toMatchObject({ code: 'weights-invalid' });
    const n = createNetworkBuilder('features', { height: 8, width: 8, channels: 3 });
    n.dense(n.flatten(n.input()), { units: 3 });
    const features = engine.createTrainer({ ...OPTIONS, network: n.build() });
    await expect(features).rejects.toMatchObject({ code: 'network-not-classifier' });
  });

  test('rejects a step whose loss is not a number', async () => {
    const trainer = await engine.createTrainer(OPTIONS);
    await trainer.setWeights(new Map([['top/bias', new Float32Array(CLASSES).fill(Number.NaN)]]));
    await expect(trainer.step(batch(0), 0.01)).rejects.toMatchObject({ code: 'loss-not-finite' });
    trainer.dispose();
  });
});
