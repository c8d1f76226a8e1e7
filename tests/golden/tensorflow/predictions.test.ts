// Probabilities of every architecture against Keras 3.15 on TensorFlow 2.21 (float64 evaluation), source and filling rule
// in the shared goldens; tolerance 1e-5, which EfficientNet's own float32 in Keras reaches to a third.

import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ARCHITECTURES } from '../../../core/network/architectures/architectures.ts';
import { availableRunners, openRunner } from '../../support/engines.ts';
import {
  goldenInput,
  goldenPath,
  goldenWeights,
  isMissing,
  maxDifference,
  readGolden,
} from '../../support/keras-golden.ts';

const TOLERANCE = 1e-5;

/** Golden files are named after Keras's functions: `mobilenet_v2_0.35` is `mobilenetv2_0.35`. */
const fileOf = (name: string): string =>
  [name, name.replaceAll(/_(?=v\d|b\d|tiny|small)/g, '')].map(goldenPath).find((file) => existsSync(file)) ??
  goldenPath(name);

/** Without a golden: a network of the project's own, and one that is no classifier. */
const WITHOUT_GOLDEN = ['small_cnn', 'three_conv_cnn'];

for (const runner of await availableRunners()) {
  if (runner.name === 'native graph') continue; // Its ops are the eager executor's.
  const engine = await openRunner(runner);
  describe(`predictions on ${runner.name}`, () => {
    for (const { name, build } of ARCHITECTURES.filter((row) => !WITHOUT_GOLDEN.includes(row.name))) {
      const file = fileOf(name);
      test.skipIf(isMissing(file))(`of ${name} are Keras's`, async () => {
        const golden = readGolden(file);
        const [count, height, width, channels] = golden.inputShape;
        const trainer = await engine.createTrainer({
          network: build({ inputSize: { height, width, channels }, classes: 10 }),
          weights: goldenWeights(golden),
          optimizer: { type: 'sgd' },
          seed: 0,
          batchSize: count,
          executor: runner.executor,
        });
        const probabilities = await trainer.predict(goldenInput(golden), count);
        trainer.dispose();
        const expected = golden.outputs.softmaxFloat64?.flat() ?? [];
        expect(maxDifference(probabilities, expected)).toBeLessThan(TOLERANCE);
      });
    }
  });
}
