// A model as Teachable Machine makes it in a browser: TensorFlow.js joins a backbone and a head, and saves them in three files.

import * as tf from '@tensorflow/tfjs-core';
import { input, type LayersModel, layers, model, type Sequential, sequential } from '@tensorflow/tfjs-layers';
import { FORMULA_PICTURES, formulaPixels } from './formula-pictures.ts';

export const BROWSER_LABELS = ['Ripe banana', 'Green banana', 'No banana'];

/** A model, and the files of its export. */
export interface BrowserExport {
  readonly model: LayersModel;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** Weights of any size, the same in each run. */
const init = (seed: number, scale: number) => ({
  kernelInitializer: { className: 'RandomNormal', config: { mean: 0, stddev: scale, seed } } as never,
});

/** A few blocks of MobileNetV2's kinds of layers. */
function backbone(side: number): LayersModel {
  const image = input({ shape: [side, side, 3], name: 'input_1' });
  const apply = (layer: { apply(x: never): unknown }, x: unknown) => layer.apply(x as never) as typeof image;
  let x = apply(
    layers.zeroPadding2d({
      padding: [
        [0, 1],
        [0, 1],
      ],
      name: 'Conv1_pad',
    }),
    image,
  );
  x = apply(
    layers.conv2d({ filters: 8, kernelSize: 3, strides: 2, useBias: false, name: 'Conv1', ...init(1, 0.3) }),
    x,
  );
  x = apply(layers.batchNormalization({ epsilon: 1e-3, name: 'bn_Conv1' }), x);
  const shortcut = apply(layers.reLU({ maxValue: 6, name: 'Conv1_relu' }), x);
  x = apply(
    layers.depthwiseConv2d({
      kernelSize: 3,
      padding: 'same',
      useBias: false,
      name: 'block_depthwise',
      depthwiseInitializer: { className: 'RandomNormal', config: { mean: 0, stddev: 0.4, seed: 2 } } as never,
    }),
    shortcut,
  );
  x = apply(layers.reLU({ maxValue: 6, name: 'block_relu' }), x);
  x = apply(
    layers.conv2d({ filters: 8, kernelSize: 1, useBias: false, name: 'block_project', ...init(3, 0.4) }),
    x,
  );
  x = apply(layers.add({ name: 'block_add' }), [shortcut, x]);
  return model({ inputs: image, outputs: x, name: 'model1' });
}

/** Makes the model, whose answers differ from picture to picture, and its files. */
export async function browserExport(side: number): Promise<BrowserExport> {
  const features = sequential({ name: 'sequential_1' });
  features.add(backbone(side) as never);
  features.add(layers.globalAveragePooling2d({ name: 'global_average_pooling2d_1' } as never));
  const head = sequential({ name: 'sequential_3' });
  head.add(
    layers.dense({ units: 10, inputShape: [8], activation: 'relu', name: 'dense_Dense1', ...init(4, 0.7) }),
  );
  head.add(
    layers.dense({ units: 3, activation: 'softmax', useBias: false, name: 'dense_Dense2', ...init(6, 0.5) }),
  );
  const joined: Sequential = sequential({ name: 'sequential_4' });
  joined.add(features);
  joined.add(head);
  const files = new Map<string, Uint8Array>();
  const json = (name: string, value: unknown) =>
    files.set(name, new TextEncoder().encode(JSON.stringify(value)));
  await joined.save(
    tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
      json('model.json', {
        modelTopology,
        weightsManifest: [{ paths: ['weights.bin'], weights: weightSpecs }],
      });
      files.set('weights.bin', new Uint8Array(weightData as ArrayBuffer));
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
  json('metadata.json', {
    tfjsVersion: '1.3.1',
    tmVersion: '2.4.7',
    packageVersion: '0.8.4-alpha2',
    packageName: '@teachablemachine/image',
    timeStamp: '2024-05-01T10:00:00.000Z',
    userMetadata: {},
    modelName: 'tm-my-image-model',
    labels: BROWSER_LABELS,
    imageSize: side,
  });
  return { model: joined, files };
}

/** What the model answers for the formula's pictures, each value of them as Teachable Machine scales it. */
export function browserAnswers(source: LayersModel, side: number): number[][] {
  return Array.from({ length: FORMULA_PICTURES }, (_, k) =>
    tf.tidy(() => {
      const pixels = tf.tensor4d(Float32Array.from(formulaPixels(k, side)), [1, side, side, 3]);
      return [...(source.predict(tf.sub(tf.div(pixels, 127.5), 1)) as tf.Tensor).dataSync()];
    }),
  );
}
