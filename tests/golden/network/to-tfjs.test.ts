// LayersModel files, loaded by TensorFlow.js's own loader and run on its WASM back end, against Keras 3.15.

import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { findArchitecture } from '../../../core/network/architectures/architectures.ts';
import { toTfjs } from '../../../core/network/tfjs/to-tfjs.ts';
import {
  goldenInput,
  goldenPath,
  goldenWeights,
  isMissing,
  maxDifference,
  readGolden,
} from '../../support/keras-golden.ts';
import { loadTfjs, startTfjs } from '../../support/run-tfjs.ts';

const CASES = [
  { architecture: 'lenet5', golden: 'lenet5' },
  { architecture: 'mnist_cnn', golden: 'mnist_cnn' },
  { architecture: 'mobilenet', golden: 'mobilenet' },
  { architecture: 'mobilenet_v2_0.35', golden: 'mobilenetv2_0.35' },
  { architecture: 'mobilenet_v3_small', golden: 'mobilenetv3small' },
  { architecture: 'efficientnet_b0', golden: 'efficientnetb0' },
  { architecture: 'efficientnet_v2_b0', golden: 'efficientnetv2b0' },
  { architecture: 'xception', golden: 'xception' },
  { architecture: 'resnet50_v2', golden: 'resnet50v2' },
  { architecture: 'se_resnet50', golden: 'se_resnet50' },
  { architecture: 'inception_v3', golden: 'inceptionv3' },
  { architecture: 'densenet121', golden: 'densenet121' },
  { architecture: 'convnext_tiny', golden: 'convnexttiny' },
];

beforeAll(startTfjs);

describe('toTfjs', () => {
  for (const { architecture, golden: name } of CASES) {
    const test = it.skipIf(isMissing(goldenPath(name)));
    test(`gives ${architecture} as TensorFlow.js loads and Keras computes it`, async () => {
      const golden = readGolden(goldenPath(name));
      const [, height, width, channels] = golden.inputShape;
      const network = findArchitecture(architecture).build({
        inputSize: { height, width, channels },
        classes: 10,
      });
      const before = tf.memory().numTensors;
      const model = await loadTfjs(toTfjs(network, goldenWeights(golden)));
      const output = tf.tidy(
        () => model.predict(tf.tensor4d(goldenInput(golden), [...golden.inputShape])) as tf.Tensor,
      );
      const difference = maxDifference(
        (await output.data()) as Float32Array,
        golden.outputs.softmax?.flat() ?? [],
      );
      output.dispose();
      model.dispose();
      console.info(`${architecture}: largest difference ${difference.toExponential(2)}`);
      expect(difference).toBeLessThan(3e-5);
      expect(tf.memory().numTensors).toBe(before);
    });
  }
});
