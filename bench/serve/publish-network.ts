// Publishes a pretrained network as a version of a model, so that a server and its peers answer with the same .onnx file.

import { readFile } from 'node:fs/promises';
import { decodeToInput } from '../../core/image/decode-to-input.ts';
import { DECODING_VERSION, inputFormatOf, type ModelInput } from '../../core/image/model-input.ts';
import { variantFile } from '../../core/job/recipe/precision.ts';
import { commitModel } from '../../core/model/commit-model.ts';
import { ONNX_FILE } from '../../core/model/manifest.ts';
import { companionFiles, describeOnnx } from '../../core/model/model-files.ts';
import { findArchitecture } from '../../core/network/architectures/architectures.ts';
import { quantizeModel } from '../../core/network/onnx/quantize.ts';
import { toOnnx } from '../../core/network/onnx/to-onnx.ts';
import { matchKerasWeights } from '../../core/network/weights/from-keras.ts';
import { initializeWeights } from '../../core/network/weights/initialize.ts';
import { readKerasWeights } from '../../core/network/weights/read-keras-weights.ts';
import { measureRanges } from '../../core/predict/measure-ranges.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';

const INT8_FILE = variantFile('int8');
/** Classes of ImageNet. */
const CLASSES = 1000;
/** Share of the short side that the network sees. */
export const CROP = 0.875;
/** The version that is published. */
export const VERSION = '1';

/** What is published, and under which name. */
export interface NetworkToPublish {
  readonly model: string;
  readonly architecture: string;
  /** A Keras weight file. Without it, weights are random: they take as long. */
  readonly weights?: string | undefined;
  /** Encoded pictures by which a file of 8-bit integers is made, too, which a server runs that is told to. Default: no such file. */
  readonly calibratedOn?: readonly Uint8Array[] | undefined;
}

/** Publishes the network. @throws {FoveaError} for a weight file of another network. */
export async function publishNetwork(
  store: ObjectStore,
  { model, architecture, weights: file, calibratedOn }: NetworkToPublish,
): Promise<void> {
  const { build, defaultInputSize, preprocessing } = findArchitecture(architecture);
  const network = build({ inputSize: defaultInputSize, classes: CLASSES });
  const weights =
    file === undefined
      ? initializeWeights(network, 1)
      : matchKerasWeights(network, await readKerasWeights(await readFile(file)));
  const onnx = toOnnx(network, weights);
  const { heatmap, files } = companionFiles(network, weights);
  const { height, width } = defaultInputSize;
  const input: ModelInput = {
    height,
    width,
    channels: 3,
    preprocessing,
    resize: 'cover',
    crop: CROP,
    decoding: DECODING_VERSION,
  };
  const int8 = calibratedOn && (await toIntegers(onnx, input, calibratedOn));
  await commitModel(
    store,
    {
      formatVersion: inputFormatOf(input),
      model,
      version: VERSION,
      createdAt: Math.floor(Date.now() / 1000),
      jobId: 'ftjob-bench',
      architecture,
      dataset: null,
      labels: Array.from({ length: CLASSES }, (_, index) => `class-${index}`),
      input,
      onnx: describeOnnx(ONNX_FILE, onnx),
      // Nobody has judged it, so a server that chooses by itself does not take it.
      ...(int8 && { int8: { ...describeOnnx(INT8_FILE, int8), isEquivalent: false } }),
      ...(heatmap === undefined ? {} : { heatmap }),
      metrics: { testAccuracy: null, testCount: 0 },
    },
    new Map([[ONNX_FILE, onnx], ...(int8 ? [[INT8_FILE, int8] as const] : []), ...files]),
  );
}

async function toIntegers(
  onnx: Uint8Array,
  input: ModelInput,
  pictures: readonly Uint8Array[],
): Promise<Uint8Array> {
  const inputs: Float32Array[] = [];
  for (const picture of pictures) inputs.push(await decodeToInput(picture, input));
  return quantizeModel(
    onnx,
    await measureRanges(onnx, inputs, [1, input.height, input.width, input.channels]),
  );
}
