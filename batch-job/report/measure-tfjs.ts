// Compares the files for TensorFlow.js with the served model: TensorFlow.js's own loader reads them, and runs the golden
// pictures on WebAssembly.

import { io, tensor4d, tidy } from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import { largestDifference } from '../../core/evaluation/largest-difference.ts';
import { decodePreparedToInput, inputLength } from '../../core/image/decode-to-input.ts';
import type { ModelInput } from '../../core/image/model-input.ts';
import type { GoldenPicture } from '../../core/model/parity.ts';
import type { TfjsModel } from '../../core/network/tfjs/to-tfjs.ts';
import { openWasm } from '../tensorflow/portable/open-wasm.ts';

/** Larger models are not loaded a second time beside the trainer: no browser is served by them either. */
const MAX_WEIGHTS_BYTES = 128 * 2 ** 20;

interface ModelJson {
  readonly modelTopology: object;
  readonly weightsManifest: readonly { readonly weights: io.WeightsManifestEntry[] }[];
}

/**
 * The largest difference of a probability from the served model's on the golden pictures; Infinity where one is no number.
 * null where there are no golden pictures, or the model is too large to be loaded.
 */
export async function measureTfjs(
  { modelJson, weightsBin }: TfjsModel,
  golden: readonly GoldenPicture[],
  input: ModelInput,
): Promise<number | null> {
  if (golden.length === 0 || weightsBin.byteLength > MAX_WEIGHTS_BYTES) return null;
  await openWasm();
  const { modelTopology, weightsManifest } = JSON.parse(new TextDecoder().decode(modelJson)) as ModelJson;
  const model = await loadLayersModel(
    io.fromMemory({
      modelTopology,
      weightSpecs: weightsManifest.flatMap((group) => group.weights),
      weightData: weightsBin.slice().buffer,
    }),
  );
  try {
    let largest = 0;
    for (const { png, probabilities } of golden) {
      const image = new Float32Array(inputLength(input));
      await decodePreparedToInput(Buffer.from(png, 'base64'), input, image);
      const output = tidy(() => {
        const batch = tensor4d(image, [1, input.height, input.width, input.channels]);
        const predicted = model.predict(batch);
        return Array.isArray(predicted) ? predicted[0] : predicted;
      });
      const found = (await output?.data()) ?? [];
      output?.dispose();
      largest = Math.max(largest, largestDifference(probabilities, found));
    }
    return largest;
  } finally {
    model.dispose();
  }
}
