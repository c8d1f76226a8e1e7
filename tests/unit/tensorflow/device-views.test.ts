// Views that a device cuts, held to those that the host cuts: the same pixels to one step of 255.

import { describe, expect, test } from 'vitest';
import { toViewInputs } from '../../../batch-job/augmentation/device-views.ts';
import { drawView, type View } from '../../../batch-job/augmentation/draw-view.ts';
import { AUGMENTATIONS } from '../../../batch-job/augmentation/presets.ts';
import { renderView } from '../../../batch-job/augmentation/render-view.ts';
import { createBatchMixer, createDeviceMixer } from '../../../batch-job/examples/mix-batch.ts';
import type { Batch, TrainerOptions } from '../../../batch-job/tensorflow/engine/engine.ts';
import { preprocessPixels } from '../../../core/image/preprocess-pixels.ts';
import { AugmentationSchema } from '../../../core/job/recipe/recipe.ts';
import { createNetworkBuilder } from '../../../core/network/description/network-builder.ts';
import { availableRunners, openRunner } from '../../support/engines.ts';
import { layerWeights } from '../../support/layer-networks.ts';

const FROM = { height: 28, width: 37 };
const TO = { height: 24, width: 32 };
const PICTURES = 12;
const CLASSES = 3;

const RUNNERS = (await availableRunners()).filter(({ backend }) => backend !== 'portable');

/** Smooth, so that a pixel read a hair beside its place is nearly the same one. */
function picture(channels: number, seed: number): Uint8Array {
  const pixels = new Uint8Array(FROM.height * FROM.width * channels);
  for (let i = 0; i < pixels.length; i++) {
    const [c, x, y] = [
      i % channels,
      Math.floor(i / channels) % FROM.width,
      Math.floor(i / channels / FROM.width),
    ];
    pixels[i] = 127 + 120 * Math.sin(seed + c + x / (3 + c) + y / 5);
  }
  return pixels;
}

function classifier() {
  const n = createNetworkBuilder('classifier', { ...TO, channels: 3 });
  const x = n.averagePooling2d(n.input(), { poolSize: 8 });
  n.dense(n.flatten(x), { name: 'top', units: CLASSES, activation: 'softmax' });
  return n.build();
}

function passThrough(channels: 1 | 3) {
  const n = createNetworkBuilder('pass', { ...TO, channels });
  n.flatten(n.input());
  return n.build();
}

const augmentations = {
  ...AUGMENTATIONS,
  everything: AugmentationSchema.parse({
    crop: 0.3,
    aspect: 1.5,
    flip: 0.5,
    rotation: 45,
    color: 0.6,
    cutout: 0.6,
  }),
};

describe.skipIf(RUNNERS.length === 0).each(RUNNERS)('views on $name', (runner) => {
  describe.each([1, 3] as const)('of pictures with %i channels', (channels) => {
    test.each(Object.entries(augmentations))('are those of the host: %s', async (_, augmentation) => {
      const engine = await openRunner(runner);
      const views = Array.from({ length: PICTURES }, (_, i): View => drawView(augmentation, 5, 1, i));
      const pictures = views.map((_, i) => picture(channels, i));
      const expected = views.flatMap((view, i) => [
        ...renderView({ ...FROM, channels, pixels: pictures[i] as Uint8Array }, view, TO).pixels,
      ]);

      const before = engine.numTensors();
      const forward = await engine.createForward({
        network: passThrough(channels),
        weights: new Map(),
        batchSize: PICTURES,
        preprocessing: 'none',
        viewsFrom: FROM,
        executor: runner.executor,
      });
      const pixels = Uint8Array.from(pictures.flatMap((values) => [...values]));
      const values = await forward.run(pixels, PICTURES, toViewInputs(views, FROM, TO));
      forward.dispose();

      expect(engine.numTensors()).toBe(before);
      expect(values).toHaveLength(expected.length);
      const apart = values.map((value, i) => Math.abs(value - (expected[i] as number)));
      expect(Math.max(...apart)).toBeLessThanOrEqual(1);
      expect(apart.filter((difference) => difference > 0.01).length).toBeLessThan(0.01 * apart.length);
      expect(values.some((value) => value !== values[0])).toBe(true);
    });
  });

  test.each(['tf', 'torch', 'caffe', 'unit', 'none'] as const)(
    'are preprocessed as by the host: %s',
    async (mode) => {
      const engine = await openRunner(runner);
      const forward = await engine.createForward({
        network: passThrough(3),
        weights: new Map(),
        batchSize: 1,
        preprocessing: mode,
        executor: runner.executor,
      });
      const pixels = Uint8Array.from({ length: TO.height * TO.width * 3 }, (_, i) => (i * 7) & 255);
      const values = await forward.run(pixels, 1);
      forward.dispose();
      // TensorFlow multiplies by a constant's reciprocal where a division is asked for.
      const apart = preprocessPixels(pixels, 3, mode).map((value, i) =>
        Math.abs(value - (values[i] ?? Number.NaN)),
      );
      expect(Math.max(...apart)).toBeLessThan(mode === 'none' || mode === 'caffe' ? 1e-9 : 1e-6);
    },
  );

  test.each([
    ['blended', { mixup: 0.4 }],
    ['pasted', { cutmix: 1 }],
    ['only cut', {}],
  ] as const)('teach what the host’s pictures teach: %s', async (_, mixing) => {
    const augmentation = AugmentationSchema.parse({ crop: 0.5, flip: 0.5, color: 0.2, ...mixing });
    const engine = await openRunner(runner);
    const network = classifier();
    const views = Array.from({ length: PICTURES }, (_v, i): View => drawView(augmentation, 5, 1, i));
    const pictures = views.map((_v, i) => picture(3, i));
    const labels = Int32Array.from(views, (_v, i) => i % CLASSES);
    const mixture = { augmentation, seed: 5, classes: CLASSES, shape: [TO.height, TO.width, 3] } as const;
    const options: TrainerOptions = {
      network,
      weights: layerWeights(network),
      optimizer: { type: 'sgd' },
      seed: 1,
      batchSize: PICTURES,
      executor: runner.executor,
    };
    const learned = async (own: Partial<TrainerOptions>, batch: Batch) => {
      const trainer = await engine.createTrainer({ ...options, ...own });
      const { loss } = await trainer.step(batch, 0.1);
      const kernel = (await trainer.weights()).get('top/kernel');
      trainer.dispose();
      return { loss, kernel: kernel ?? new Float32Array() };
    };

    const rendered = views.flatMap((view, i) => [
      ...renderView({ ...FROM, channels: 3, pixels: pictures[i] as Uint8Array }, view, TO).pixels,
    ]);
    const values = { images: preprocessPixels(Uint8Array.from(rendered), 3, 'tf'), labels, count: PICTURES };
    const host = await learned({}, createBatchMixer(mixture)?.(values, 1, 0) ?? values);
    const pixels = {
      images: Uint8Array.from(pictures.flatMap((one) => [...one])),
      labels,
      count: PICTURES,
      drawn: toViewInputs(views, FROM, TO),
    };
    const mixer = createDeviceMixer(mixture);
    const device = await learned(
      { preprocessing: 'tf', viewsFrom: FROM, mixes: mixer !== undefined },
      mixer?.(pixels, 1, 0) ?? pixels,
    );

    expect(device.loss).toBeCloseTo(host.loss, 3);
    const apart = device.kernel.map((value, i) => Math.abs(value - (host.kernel[i] ?? Number.NaN)));
    expect(Math.max(...apart)).toBeLessThan(1e-3);
  });
});
