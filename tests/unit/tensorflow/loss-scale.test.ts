// Dynamic loss scaling in float16: an overflow changes nothing but the scale, which grows again after many good steps.

import { describe, expect, test } from 'vitest';
import type { Trainer, TrainerOptions, TrainerState } from '../../../batch-job/tensorflow/engine/engine.ts';
import { GROWTH_STEPS } from '../../../batch-job/tensorflow/engine/loss-scale.ts';
import { gpuMixedPrecision } from '../../../batch-job/tensorflow/native/mixed-precision.ts';
import { createNetworkBuilder } from '../../../core/network/description/network-builder.ts';
import { availableRunners, openRunner } from '../../support/engines.ts';
import { layerWeights, noise } from '../../support/layer-networks.ts';

const CLASSES = 3;
const BATCH_SIZE = 4;
const IMAGE = 4 * 4 * 3;
const FIRST_SCALE = 2 ** 15;

const n = createNetworkBuilder('scaled', { height: 4, width: 4, channels: 3 });
let x = n.conv2d(n.input(), { name: 'conv', filters: 4, kernelSize: 3 });
x = n.relu(n.batchNormalization(x, { name: 'bn', momentum: 0.9 }));
n.dense(n.globalAveragePooling2d(x), { name: 'top', units: CLASSES, activation: 'softmax' });
const NETWORK = n.build();

const d = createNetworkBuilder('dense', { height: 4, width: 4, channels: 3 });
d.dense(d.flatten(d.input()), { name: 'top', units: CLASSES, activation: 'softmax' });
const DENSE_NETWORK = d.build();
/** One layer of zeros. The loss is finite whatever the pictures are; the gradient is proportional to them. */
const DENSE = {
  network: DENSE_NETWORK,
  weights: new Map(
    [...layerWeights(DENSE_NETWORK)].map(([name, values]) => [name, new Float32Array(values.length)]),
  ),
};

const COMMON: TrainerOptions = {
  network: NETWORK,
  weights: layerWeights(NETWORK),
  optimizer: { type: 'adamw' },
  seed: 7,
  batchSize: BATCH_SIZE,
  emaDecay: 0.9,
  precision: 'float16',
};

const batch = (step: number) => ({
  images: noise(BATCH_SIZE * IMAGE, step),
  labels: Int32Array.from({ length: BATCH_SIZE }, (_, i) => (i + step) % CLASSES),
});

const RUNNERS = (await availableRunners()).filter(({ backend }) => backend !== 'portable');

/** The state with the scale as given, and as many steps since it has changed. */
const withScale = (state: TrainerState, scale: number, steps = 0): TrainerState => ({
  ...state,
  variables: new Map([
    ...state.variables,
    ['loss_scale', Float32Array.of(scale)],
    ['loss_scale_steps', Float32Array.of(steps)],
  ]),
});

async function scaleOf(trainer: Trainer): Promise<{ readonly scale: number; readonly steps: number }> {
  const { variables } = await trainer.state();
  return {
    scale: variables.get('loss_scale')?.[0] ?? Number.NaN,
    steps: variables.get('loss_scale_steps')?.[0] ?? Number.NaN,
  };
}

/** All variables but those of the scale. */
const others = ({ variables }: TrainerState) =>
  new Map([...variables].filter(([name]) => !name.startsWith('loss_scale')));

describe.skipIf(RUNNERS.length === 0).each(RUNNERS)('loss scaling on $name', (runner) => {
  const open = async (changes: Partial<TrainerOptions> = {}) =>
    (await openRunner(runner)).createTrainer({ ...COMMON, executor: runner.executor, ...changes });

  test.each([
    { type: 'sgd', momentum: 0.9 },
    { type: 'adamw' },
    { type: 'nadam' },
    { type: 'rmsprop' },
  ] as const)('an overflow changes nothing but the scale, which is halved: %o', async (optimizer) => {
    const trainer = await open({ optimizer });
    await trainer.step(batch(0), 0.01);
    // No gradient of this scale is finite in float16.
    await trainer.restore(withScale(await trainer.state(), 2 ** 24, 5));
    const before = await trainer.state();
    await trainer.step(batch(1), 0.01);
    const after = await trainer.state();
    expect(others(after)).toEqual(others(before));
    expect(after).toMatchObject({ updates: 1, batches: 2 });
    expect(await scaleOf(trainer)).toEqual({ scale: 2 ** 23, steps: 0 });
    // The next steps lower it further, until one changes the weights.
    for (let step = 2; step < 20; step++) await trainer.step(batch(step), 0.01);
    const later = await trainer.state();
    expect(later.updates).toBeGreaterThan(1);
    expect(later.variables.get('conv/kernel')).not.toEqual(after.variables.get('conv/kernel'));
    for (const values of later.variables.values()) expect(values.every(Number.isFinite)).toBe(true);
    trainer.dispose();
  });

  test('the scale is doubled after many steps without an overflow', async () => {
    const trainer = await open();
    expect(await scaleOf(trainer)).toEqual({ scale: FIRST_SCALE, steps: 0 });
    await trainer.restore(withScale(await trainer.state(), 64, GROWTH_STEPS - 2));
    await trainer.step(batch(0), 0.01);
    expect(await scaleOf(trainer)).toEqual({ scale: 64, steps: GROWTH_STEPS - 1 });
    await trainer.step(batch(1), 0.01);
    expect(await scaleOf(trainer)).toEqual({ scale: 128, steps: 0 });
    trainer.dispose();
  });

  test('the scale does not change an update', async () => {
    const updated = async (scale: number) => {
      const trainer = await open({ optimizer: { type: 'sgd', clipNorm: 0.1 } });
      await trainer.restore(withScale(await trainer.state(), scale));
      await trainer.step(batch(0), 0.1);
      const { variables, updates } = await trainer.state();
      trainer.dispose();
      expect(updates).toBe(1);
      return variables.get('conv/kernel') ?? new Float32Array();
    };
    const plain = await updated(1);
    (await updated(1024)).forEach((value, i) => {
      expect(Math.abs(value - (plain[i] ?? Number.NaN))).toBeLessThan(1e-5);
    });
  });

  test('with micro-batches, an overflow in the first one skips the update of all, and leaves nothing behind', async () => {
    const trainer = await open({ ...DENSE, microBatchSize: 2 });
    const overflowing = batch(0);
    overflowing.images.fill(100, 0, 2 * IMAGE);
    const before = await trainer.state();
    await trainer.step(overflowing, 0.01);
    const skipped = await trainer.state();
    expect(skipped).toMatchObject({ updates: 0, batches: 1 });
    expect(others(skipped)).toEqual(others(before));
    expect((await scaleOf(trainer)).scale).toBe(FIRST_SCALE / 2);
    await trainer.step(batch(1), 0.01);
    const clean = await open({ ...DENSE, microBatchSize: 2 });
    await clean.restore(skipped);
    await clean.step(batch(1), 0.01);
    expect((await clean.state()).updates).toBe(1);
    expect(await trainer.state()).toEqual(await clean.state());
    trainer.dispose();
    clean.dispose();
  });

  test('resumes to the same bits in the middle of overflows', async () => {
    const whole = await open();
    const step = async (trainer: Trainer, from: number, to: number) => {
      for (let i = from; i < to; i++) await trainer.step(batch(i), 0.01);
    };
    await whole.restore(withScale(await whole.state(), 2 ** 24));
    await step(whole, 0, 3);
    const state = structuredClone(await whole.state());
    await step(whole, 3, 20);
    const resumed = await open();
    await resumed.restore(state);
    await step(resumed, 3, 20);
    expect(await resumed.state()).toEqual(await whole.state());
    expect((await whole.state()).updates).toBeGreaterThan(0);
    whole.dispose();
    resumed.dispose();
  });

  test('a state of a run without scaling is restored, and one with scaling by a run without', async () => {
    const [scaled, plain] = [await open(), await open({ precision: 'bfloat16' })];
    await plain.step(batch(0), 0.01);
    await scaled.restore(await plain.state());
    expect(others(await scaled.state())).toEqual((await plain.state()).variables);
    expect(await scaleOf(scaled)).toEqual({ scale: FIRST_SCALE, steps: 0 });
    await plain.restore(await scaled.state());
    await expect(plain.step(batch(1), 0.01)).resolves.toBeDefined();
    scaled.dispose();
    plain.dispose();
  });

  test('throws where a gradient is infinite at every scale, and names float32', async () => {
    const trainer = await open({ ...DENSE, classWeights: [10, 1, 1] });
    await trainer.restore(withScale(await trainer.state(), 1));
    const images = new Float32Array(BATCH_SIZE * IMAGE).fill(6e4);
    await expect(trainer.step({ images, labels: new Int32Array(BATCH_SIZE) }, 0.01)).rejects.toMatchObject({
      code: 'loss-not-finite',
      message: expect.stringMatching(/^The gradients of batch 1 are not finite.*float32/) as string,
    });
    trainer.dispose();
  });
});

describe('the type of mixed precision on a GPU', () => {
  test.each([
    ['7.5\n', 'float16'],
    ['8.6\n', 'bfloat16'],
    ['9.0\n9.0\n', 'bfloat16'],
    ['8.0\n7.5\n', 'float16'],
    ['[N/A]\n', 'bfloat16'],
  ])('for %j it is %s', (answer, type) => {
    expect(gpuMixedPrecision(() => answer)).toBe(type);
  });

  test('is bfloat16, which is right on all, where nvidia-smi is missing', () => {
    const missing = () => {
      throw new Error('spawn nvidia-smi ENOENT');
    };
    expect(gpuMixedPrecision(missing)).toBe('bfloat16');
  });
});
