// Compares the outputs of TensorFlow and ONNX Runtime with Keras's, or with each other where Keras has none.

import type { Engine } from '../../batch-job/tensorflow/engine/engine.ts';
import type { Architecture, Network, NetworkWeights } from '../../core/network/description/network.ts';
import { toOnnx } from '../../core/network/onnx/to-onnx.ts';
import {
  type Golden,
  goldenInput,
  goldenWeights,
  maxDifference,
  outputProblem,
  ruleInput,
} from '../../tests/support/keras-golden.ts';
import { livelyWeights } from '../../tests/support/lively-weights.ts';
import { runOnnx } from '../../tests/support/run-onnx.ts';
import { networkOf } from './goldens.ts';

/** Largest allowed difference in outputs that are no probabilities, relative to the largest value of the layer. */
const LAYER_TOLERANCE = 1e-5;
const OWN_BATCH = 2;
const OWN_CLASSES = 10;
const SEED = 1;

/** Largest absolute differences of probabilities. */
export interface OutputDifferences {
  readonly tensorflow: number;
  readonly onnx: number;
  /** What both were compared with. */
  readonly reference: 'Keras' | 'each other';
  /** How an output that is not a probability differs from Keras's; undefined where none does. */
  readonly problem?: string;
}

interface Case {
  readonly network: Network;
  readonly weights: NetworkWeights;
  readonly images: Float32Array;
  readonly shape: readonly [count: number, height: number, width: number, channels: number];
}

async function predictWithTensorflow(engine: Engine, { network, weights, images, shape }: Case) {
  const trainer = await engine.createTrainer({
    network,
    weights,
    optimizer: { type: 'sgd' },
    seed: 0,
    batchSize: shape[0],
  });
  const probabilities = await trainer.predict(images, shape[0]);
  trainer.dispose();
  return probabilities;
}

async function predictWithOnnx({ network, weights, images, shape }: Case): Promise<Float32Array> {
  const outputs = await runOnnx(toOnnx(network, weights), images, shape);
  return outputs.get('probabilities')?.values ?? new Float32Array();
}

/** Runs both engines on one input, and compares them with `expected` where Keras computed it. */
async function compare(
  engine: Engine,
  testCase: Case,
  expected?: readonly number[],
): Promise<OutputDifferences> {
  const tensorflow = await predictWithTensorflow(engine, testCase);
  const onnx = await predictWithOnnx(testCase);
  if (expected === undefined) {
    const difference = maxDifference(onnx, [...tensorflow]);
    return { tensorflow: difference, onnx: difference, reference: 'each other' };
  }
  return {
    tensorflow: maxDifference(tensorflow, expected),
    onnx: maxDifference(onnx, expected),
    reference: 'Keras',
  };
}

/** Random weights with which answers differ: initial ones give every class nearly the same probability. */
async function ownCase({ build, defaultInputSize }: Architecture): Promise<Case> {
  const { height, width, channels } = defaultInputSize;
  const network = build({ inputSize: defaultInputSize, classes: OWN_CLASSES });
  const shape = [OWN_BATCH, height, width, channels] as const;
  const images = ruleInput(shape, '-1..1');
  const first = images.subarray(0, height * width * channels);
  const weights = await livelyWeights(network, SEED, first, [1, height, width, channels]);
  return { network, weights, images, shape };
}

/** Runs an architecture on both engines, with the weights and input of its golden where it has one. */
export async function compareOutputs(
  engine: Engine,
  architecture: Architecture,
  golden: Golden | undefined,
): Promise<OutputDifferences> {
  if (golden === undefined) return compare(engine, await ownCase(architecture));
  const testCase = {
    network: networkOf(architecture, golden),
    weights: goldenWeights(golden),
    images: goldenInput(golden),
    shape: golden.inputShape,
  };
  const { softmax, softmaxFloat64 } = golden.outputs;
  if (softmax !== null && softmaxFloat64 !== null) return compare(engine, testCase, softmaxFloat64.flat());
  // Without a classifier on top there are no probabilities: the last layer is compared by its checksums.
  const last = golden.layers.at(-1);
  const problem = last && outputProblem(await predictWithOnnx(testCase), last.out, LAYER_TOLERANCE);
  const differences = await compare(engine, await ownCase(architecture));
  return problem === undefined ? differences : { ...differences, problem: `${last?.name}: ${problem}` };
}
