// Every architecture against Keras 3.15 (TensorFlow 2.21, CPU): shapes, weights and parameters exactly, probabilities of
// the ONNX model within ten times the rounding that Keras's own float32 shows, and at most 3e-5.

import { describe, expect, it } from 'vitest';
import { findArchitecture } from '../../../core/network/architectures/architectures.ts';
import type { Network } from '../../../core/network/description/network.ts';
import { layerShapes } from '../../../core/network/description/shapes.ts';
import { countParameters, weightSpecs } from '../../../core/network/description/weight-specs.ts';
import { toOnnx } from '../../../core/network/onnx/to-onnx.ts';
import { cutAfter } from '../../../core/network/surgery/split-at.ts';
import { toFullyConvolutional } from '../../../core/network/surgery/to-fully-convolutional.ts';
import {
  type Golden,
  goldenInput,
  goldenPath,
  goldenWeights,
  isMissing,
  keyOf,
  maxDifference,
  normOf,
  outputProblem,
  readGolden,
  ruleInput,
  sumOf,
} from '../../support/keras-golden.ts';
import { runOnnx } from '../../support/run-onnx.ts';

interface GoldenCase {
  readonly architecture: string;
  readonly golden: string;
  /** Where the golden is the network without what comes after this layer. */
  readonly cut?: string;
}

const CASES: readonly GoldenCase[] = [
  { architecture: 'lenet5', golden: 'lenet5' },
  { architecture: 'mnist_cnn', golden: 'mnist_cnn' },
  { architecture: 'three_conv_cnn', golden: 'three_conv_cnn', cut: 'conv3' },
  { architecture: 'alexnet', golden: 'alexnet' },
  { architecture: 'googlenet', golden: 'googlenet' },
  { architecture: 'vgg16', golden: 'vgg16' },
  { architecture: 'resnet50', golden: 'resnet50' },
  { architecture: 'resnet50_v2', golden: 'resnet50v2' },
  { architecture: 'se_resnet50', golden: 'se_resnet50' },
  { architecture: 'xception', golden: 'xception' },
  { architecture: 'inception_v3', golden: 'inceptionv3' },
  { architecture: 'densenet121', golden: 'densenet121' },
  { architecture: 'mobilenet', golden: 'mobilenet' },
  { architecture: 'mobilenet_v2_0.35', golden: 'mobilenetv2_0.35' },
  { architecture: 'mobilenet_v2_1.0', golden: 'mobilenetv2_1.0' },
  { architecture: 'mobilenet_v3_small', golden: 'mobilenetv3small' },
  { architecture: 'efficientnet_b0', golden: 'efficientnetb0' },
  { architecture: 'efficientnet_v2_b0', golden: 'efficientnetv2b0' },
  { architecture: 'convnext_tiny', golden: 'convnexttiny' },
];

function build(
  { architecture, cut }: GoldenCase,
  { inputShape: [, height, width, channels] }: Golden,
): Network {
  const network = findArchitecture(architecture).build({
    inputSize: { height, width, channels },
    classes: 10,
  });
  return cut === undefined ? network : cutAfter(network, cut);
}

/** Layers of a golden that a description has under the same name: no bare arithmetic, no container of sublayers. */
const comparable = ({ layers }: Golden) => layers.filter((layer) => !layer.bareOperation && !layer.sublayers);

/** First layer whose output is not the golden one, to say where an implementation goes wrong. */
async function firstDifference(network: Network, golden: Golden): Promise<string> {
  const names = comparable(golden)
    .slice(1)
    .map((layer) => layer.name);
  const model = toOnnx(network, goldenWeights(golden), { layerOutputs: names });
  const outputs = await runOnnx(model, goldenInput(golden), golden.inputShape);
  for (const layer of comparable(golden).slice(1)) {
    const problem = outputProblem(outputs.get(layer.name)?.values ?? new Float32Array(), layer.out, 1e-4);
    if (problem !== undefined) return `first different layer: ${layer.name} (${layer.type}), ${problem}`;
  }
  return 'every single layer agrees';
}

describe.each(CASES)('$architecture as Keras', (testCase) => {
  const file = goldenPath(testCase.golden);
  const missing = isMissing(file);

  it.skipIf(missing)('has the layers, shapes and weights of Keras', () => {
    const golden = readGolden(file);
    const network = build(testCase, golden);
    const shapes = layerShapes(network);
    const expectedShapes = comparable(golden).map((layer) => [layer.name, layer.outputShape.slice(1)]);
    // An automatic name of the input is Keras's own affair.
    const [, ...rest] = expectedShapes;
    expect(Object.fromEntries(shapes)).toMatchObject(Object.fromEntries(rest));

    const specs = weightSpecs(network);
    const expectedWeights = golden.layers.flatMap((layer) =>
      layer.weights.map((weight) => [keyOf(layer, weight), weight.shape] as const),
    );
    expect(new Map(specs.map((spec) => [spec.key, spec.shape]))).toEqual(new Map(expectedWeights));
    for (const layer of golden.layers) {
      const inOrder = specs.filter((spec) => spec.layer === layer.name).map((spec) => spec.key);
      if (!layer.sublayers) expect(inOrder).toEqual(layer.weights.map((weight) => keyOf(layer, weight)));
    }
    expect(countParameters(specs)).toEqual({ total: golden.totalParams, trainable: golden.trainableParams });
  });

  it.skipIf(missing)('gives the outputs of Keras as ONNX', async () => {
    const golden = readGolden(file);
    const network = build(testCase, golden);
    const outputs = await runOnnx(
      toOnnx(network, goldenWeights(golden)),
      goldenInput(golden),
      golden.inputShape,
    );
    const { values } = outputs.get('probabilities') ?? { values: new Float32Array() };
    const { softmax, softmaxFloat64 } = golden.outputs;
    if (softmax === null || softmaxFloat64 === null) {
      const last = golden.layers.at(-1);
      expect(last && outputProblem(values, last.out, 1e-5)).toBeUndefined();
      return;
    }
    const tolerance = Math.min(3e-5, 10 * golden.float32VersusFloat64.softmaxMaxAbsDiff);
    const difference = maxDifference(values, softmax.flat());
    console.info(
      `${testCase.architecture}: largest difference ${difference.toExponential(2)} from Keras in float32, ` +
        `${maxDifference(values, softmaxFloat64.flat()).toExponential(2)} from float64, tolerance ${tolerance.toExponential(1)}`,
    );
    if (!(difference <= tolerance)) {
      expect.fail(`probabilities differ by ${difference}; ${await firstDifference(network, golden)}`);
    }
  });

  if (testCase.cut !== undefined) return;
  it.skipIf(missing)(
    'fully convolutional, is the classifier at the original size and takes a larger picture',
    async () => {
      const golden = readGolden(file);
      const [, height, width, channels] = golden.inputShape;
      const model = toOnnx(toFullyConvolutional(build(testCase, golden)), goldenWeights(golden));
      const original = await runOnnx(model, goldenInput(golden), golden.inputShape);
      const { values, shape } = original.get('probabilities') ?? { values: new Float32Array(), shape: [] };
      expect(shape).toEqual([golden.inputShape[0], 1, 1, 10]);
      expect(maxDifference(values, golden.outputs.softmax?.flat() ?? [])).toBeLessThan(1e-5);

      const largerShape = [1, height + 32, width + 64, channels];
      const larger = await runOnnx(model, ruleInput(largerShape, golden.input.range), largerShape);
      const [, rows = 0, columns = 0, classes = 0] = larger.get('probabilities')?.shape ?? [];
      expect(rows > 1 && columns > rows && classes === 10).toBe(true);
      expect(sumOf(larger.get('probabilities')?.values ?? new Float32Array())).toBeCloseTo(rows * columns, 3);
    },
  );
});

describe.each(['alexnet', 'googlenet'])('local response normalization of %s', (name) => {
  it.skipIf(isMissing(goldenPath(name)))('does not divide alpha by the window', async () => {
    const golden = readGolden(goldenPath(name));
    const network = build({ architecture: name, golden: name }, golden);
    const model = toOnnx(network, goldenWeights(golden), { layerOutputs: ['norm1', 'norm2'] });
    const outputs = await runOnnx(model, goldenInput(golden), golden.inputShape);
    for (const layer of golden.layers.filter((candidate) => candidate.name.startsWith('norm'))) {
      const l2 = normOf(outputs.get(layer.name)?.values ?? new Float32Array());
      expect(Math.abs(l2 / layer.out.l2 - 1)).toBeLessThan(1e-6);
    }
  });
});
