// Probabilities of the portable back end against Keras 3.15 on TensorFlow 2.21 (float64 evaluation), source and filling rule
// in the shared goldens; tolerance 1e-5, which EfficientNet's own float32 in Keras reaches to a third.

import { beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../../batch-job/tensorflow/engine.ts';
import { openEngine } from '../../../batch-job/tensorflow/open-engine.ts';
import { ARCHITECTURES } from '../../../core/network/architectures.ts';
import {
  goldenInput,
  goldenPath,
  goldenWeights,
  isMissing,
  maxDifference,
  readGolden,
} from '../../support/keras-golden.ts';

const TOLERANCE = 1e-5;

/** Golden files are named after Keras's functions. */
const fileOf = (name: string): string => goldenPath(name.replace('mobilenet_v2', 'mobilenetv2'));

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ backend: 'portable' });
});

describe('predictions', () => {
  for (const architecture of ARCHITECTURES) {
    const file = fileOf(architecture.name);
    if (isMissing(file)) continue;
    test(`of ${architecture.name} are Keras's`, async () => {
      const golden = readGolden(file);
      const [count, height, width, channels] = golden.inputShape;
      const network = architecture.build({ inputSize: { height, width, channels }, classes: 10 });
      const trainer = await engine.createTrainer({
        network,
        weights: goldenWeights(golden),
        optimizer: { type: 'sgd' },
        seed: 0,
        batchSize: count,
      });
      const probabilities = await trainer.predict(goldenInput(golden), count);
      trainer.dispose();
      const expected = golden.outputs.softmaxFloat64?.flat() ?? [];
      expect(maxDifference(probabilities, expected)).toBeLessThan(TOLERANCE);
    });
  }
});
