// What is trained in each precision: networks with their pictures, so small that float16, for which processors have no
// arithmetic, takes a minute.

import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { type ExampleSource, inMemoryExamples } from '../../batch-job/examples/example-source.ts';
import type { OptimizerOptions, TrainerOptions } from '../../batch-job/tensorflow/engine/engine.ts';
import { decodeToInput, inputLength } from '../../core/image/decode-to-input.ts';
import type { ModelInput } from '../../core/image/model-input.ts';
import { findArchitecture } from '../../core/network/architectures/architectures.ts';
import type { Network, NetworkWeights } from '../../core/network/description/network.ts';
import { createNetworkBuilder, type LayerName } from '../../core/network/description/network-builder.ts';
import { splitAt } from '../../core/network/surgery/split-at.ts';
import { initializeWeights } from '../../core/network/weights/initialize.ts';
import { loadPretrainedWeights } from '../../core/network/weights/load-pretrained-weights.ts';
import { createMemoryStore } from '../../core/storage/drivers/memory.ts';
import { readDigits } from '../mnist/read-idx.ts';

/** Folders of pictures and weights. */
export interface Folders {
  /** The four idx files of MNIST. */
  readonly mnist: string;
  /** Photographs in train/ and test/. */
  readonly photos: string;
  /** Pretrained weights of MobileNetV2 0.35. */
  readonly weights: string;
}

/** One training. */
export interface Case {
  readonly name: string;
  readonly network: Network;
  readonly weights: (seed: number) => NetworkWeights;
  readonly train: ExampleSource;
  readonly test: ExampleSource;
  readonly epochs: number;
  readonly batchSize: number;
  readonly optimizer: OptimizerOptions;
  readonly learningRate: number;
  /** As jobs do by default where layers are pretrained. */
  readonly batchNormalization?: TrainerOptions['batchNormalization'];
}

const CLASSES = 10;
const DIGITS = [28, 28, 1] as const;
const DIGIT_SIZE = 28 * 28;
const PHOTO_SIZE = 96;

async function digits(folder: string, name: 'train' | 't10k', count: number): Promise<ExampleSource> {
  const { images, labels } = await readDigits(folder, name);
  return inMemoryExamples(DIGITS, images.subarray(0, count * DIGIT_SIZE), labels.subarray(0, count));
}

async function photos(folder: string, split: string, input: ModelInput): Promise<ExampleSource> {
  const classes = (await readdir(path.join(folder, split))).sort();
  const files = await Promise.all(
    classes.map(async (name, label) =>
      (await readdir(path.join(folder, split, name)))
        .sort()
        .map((file) => ({ label, file: path.join(folder, split, name, file) })),
    ),
  );
  const all = files.flat();
  const values = new Float32Array(all.length * inputLength(input));
  for (const [i, { file }] of all.entries())
    await decodeToInput(await readFile(file), input, values.subarray(i * inputLength(input)));
  const shape = [input.height, input.width, input.channels] as const;
  return inMemoryExamples(
    shape,
    values,
    Int32Array.from(all, ({ label }) => label),
  );
}

/** A residual network of eight layers, after the one for CIFAR-10 in He, Zhang, Ren, Sun 2015 with one block a stage. */
function resnet8(): Network {
  const n = createNetworkBuilder('resnet8', { height: DIGITS[0], width: DIGITS[1], channels: DIGITS[2] });
  const convolve = (x: LayerName, filters: number, strides: number, kernelSize = 3) =>
    n.batchNormalization(n.conv2d(x, { filters, kernelSize, strides, padding: 'same', useBias: false }), {
      momentum: 0.9,
    });
  let x = n.relu(convolve(n.input(), 16, 1));
  for (const [filters, strides] of [
    [16, 1],
    [32, 2],
    [64, 2],
  ] as const) {
    const shortcut = strides === 1 ? x : convolve(x, filters, strides, 1);
    const inner = n.relu(convolve(x, filters, strides));
    x = n.relu(n.add([shortcut, convolve(inner, filters, 1)]));
  }
  n.dense(n.globalAveragePooling2d(x), { name: 'top', units: CLASSES, activation: 'softmax' });
  return n.build();
}

async function mobileNet(folders: Folders): Promise<Case> {
  const architecture = findArchitecture('mobilenet_v2_0.35');
  const inputSize = { height: PHOTO_SIZE, width: PHOTO_SIZE, channels: 3 } as const;
  const input: ModelInput = { ...inputSize, preprocessing: architecture.preprocessing, resize: 'stretch' };
  const network = architecture.build({ inputSize, classes: CLASSES });
  const { backbone } = splitAt(network, architecture.featureLayer);
  const { weights: pretrained } = await loadPretrainedWeights(backbone, architecture, {
    store: createMemoryStore(),
    weightsDir: path.resolve(folders.weights),
    signal: new AbortController().signal,
  });
  return {
    name: 'mobilenet_v2_0.35, pretrained, photographs',
    network,
    weights: (seed) => new Map([...initializeWeights(network, seed), ...pretrained]),
    train: await photos(folders.photos, 'train', input),
    test: await photos(folders.photos, 'test', input),
    epochs: 6,
    batchSize: 32,
    optimizer: { type: 'adam' },
    learningRate: 5e-4,
    batchNormalization: 'inference',
  };
}

/** The trainings by their short names, each read when it is asked for. */
export const CASES: Readonly<Record<string, (folders: Folders) => Promise<Case>>> = {
  mnist_cnn: async ({ mnist }) => {
    const [height, width, channels] = DIGITS;
    const network = findArchitecture('mnist_cnn').build({
      inputSize: { height, width, channels },
      classes: CLASSES,
    });
    return {
      name: 'mnist_cnn, digits',
      network,
      weights: (seed) => initializeWeights(network, seed),
      train: await digits(mnist, 'train', 3200),
      test: await digits(mnist, 't10k', 2000),
      epochs: 2,
      batchSize: 64,
      optimizer: { type: 'adam' },
      learningRate: 2e-3,
    };
  },
  resnet8: async ({ mnist }) => {
    const network = resnet8();
    return {
      name: 'resnet8, digits',
      network,
      weights: (seed) => initializeWeights(network, seed),
      train: await digits(mnist, 'train', 3200),
      test: await digits(mnist, 't10k', 2000),
      epochs: 2,
      batchSize: 64,
      optimizer: { type: 'sgd', momentum: 0.9 },
      learningRate: 0.05,
    };
  },
  'mobilenet_v2_0.35': mobileNet,
};
