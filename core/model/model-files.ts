// Makes the files of a version from a network and its weights: the served ONNX file, the one for heatmaps, and those for a browser.
// Knows no storage.

import { contentHashOf } from '../content-hash.ts';
import type { ErrorCode } from '../errors/error-codes.ts';
import { isFoveaError } from '../errors/errors.ts';
import type { Network, NetworkWeights } from '../network/description/network.ts';
import { ONNX_INPUT_NAME, ONNX_OUTPUT_NAME, toOnnx } from '../network/onnx/to-onnx.ts';
import { toFullyConvolutional } from '../network/surgery/to-fully-convolutional.ts';
import { type TfjsModel, toTfjs } from '../network/tfjs/to-tfjs.ts';
import type { OnnxFile } from './manifest.ts';

const HEATMAP_FILE = 'heatmap.onnx';
const TFJS_MODEL_FILE = 'tfjs-model.json';
const TFJS_WEIGHTS_FILE = 'tfjs-weights.bin';

/**
 * Describes an ONNX file for the manifest.
 * @param names of input and output. Default: those that {@link toOnnx} gives.
 */
export const describeOnnx = (
  file: string,
  onnx: Uint8Array,
  names: Pick<OnnxFile, 'inputName' | 'outputName'> = {
    inputName: ONNX_INPUT_NAME,
    outputName: ONNX_OUTPUT_NAME,
  },
): OnnxFile => ({
  file,
  sizeBytes: onnx.byteLength,
  sha256: contentHashOf(onnx),
  inputName: names.inputName,
  outputName: names.outputName,
});

/** The files of a version besides the served one, as far as the network can be exported so. */
export interface CompanionFiles {
  readonly heatmap: OnnxFile | undefined;
  readonly tfjs: TfjsModel | undefined;
  /** The files: name to content. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** Computes a value; undefined where it fails with this code, because the network has no such form. */
function unless<T>(code: ErrorCode, value: () => T): T | undefined {
  try {
    return value();
  } catch (error) {
    if (isFoveaError(error, code)) return undefined;
    throw error;
  }
}

/**
 * Makes the fully convolutional form for heatmaps, and the LayersModel for browsers.
 * @throws {FoveaError} `weights-mismatch`.
 */
export function companionFiles(network: Network, weights: NetworkWeights): CompanionFiles {
  const files = new Map<string, Uint8Array>();
  const map = unless('network-not-convertible', () => toOnnx(toFullyConvolutional(network), weights));
  if (map !== undefined) files.set(HEATMAP_FILE, map);
  const tfjs = unless('layer-not-exportable', () => toTfjs(network, weights, TFJS_WEIGHTS_FILE));
  if (tfjs !== undefined) {
    files.set(TFJS_MODEL_FILE, tfjs.modelJson);
    files.set(TFJS_WEIGHTS_FILE, tfjs.weightsBin);
  }
  return { heatmap: map && describeOnnx(HEATMAP_FILE, map), tfjs, files };
}
