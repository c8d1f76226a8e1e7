// TensorFlow.js with its layers, for tests: the reader of LayersModel files that a browser has.

import path from 'node:path';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, loadLayersModel } from '@tensorflow/tfjs-layers';
import type { TfjsModel } from '../../core/network/tfjs/to-tfjs.ts';

const WASM_DIR = path.resolve(import.meta.dirname, '../../node_modules/@tensorflow/tfjs-backend-wasm/dist');

export async function startTfjs(): Promise<void> {
  setWasmPaths(`${WASM_DIR}/`);
  await tf.setBackend('wasm');
}

/** The model of two files in memory; the caller disposes it. */
export function loadTfjs({ modelJson, weightsBin }: TfjsModel): Promise<LayersModel> {
  const { modelTopology, weightsManifest } = JSON.parse(new TextDecoder().decode(modelJson)) as {
    modelTopology: object;
    weightsManifest: { weights: tf.io.WeightsManifestEntry[] }[];
  };
  return loadLayersModel(
    tf.io.fromMemory({
      modelTopology,
      weightSpecs: weightsManifest.flatMap((group) => group.weights),
      weightData: weightsBin.buffer as ArrayBuffer,
    }),
  );
}
