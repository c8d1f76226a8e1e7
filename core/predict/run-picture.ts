// Reads one picture and computes its output, on the thread of the session. Knows neither labels nor calibration.

import { factsOf } from '../errors/error-facts.ts';
import { isFoveaError } from '../errors/errors.ts';
import { decodeForInput, inputLength, toNetworkInput } from '../image/decode-to-input.ts';
import type { OnnxOutput, OnnxRun, PictureOutput, PictureRun } from './onnx-session.ts';

/** Inputs that no run uses. A new one for each picture would keep the garbage collector busy. */
const unused: Float32Array<ArrayBuffer>[] = [];
const MAX_UNUSED = 4;

function takeInput(length: number): Float32Array<ArrayBuffer> {
  const at = unused.findIndex((one) => one.length === length);
  return unused.splice(at, at < 0 ? 0 : 1)[0] ?? new Float32Array(length);
}

function keepInput(values: Float32Array<ArrayBuffer>): void {
  // One that was transferred to another thread has no length.
  if (values.length > 0) unused.unshift(values);
  unused.length = Math.min(unused.length, MAX_UNUSED);
}

/**
 * Decodes a picture to the network's input, and runs the network.
 * @param run Computes one output.
 * @throws {Error} of ONNX Runtime, and of the decoder where a file of the program is missing.
 */
export async function runPicture(
  { bytes, input, inputName, outputName }: PictureRun,
  run: (run: OnnxRun) => Promise<OnnxOutput>,
): Promise<PictureOutput> {
  const started = performance.now();
  const decoded = await decodeForInput(bytes, input).catch((error: unknown) => {
    if (isFoveaError(error)) return factsOf(error);
    throw error;
  });
  const decodedAt = performance.now();
  const decode = decodedAt - started;
  if ('code' in decoded) return { refusal: decoded, timing: { decode, preprocess: 0, infer: 0 } };
  const values = takeInput(inputLength(input));
  toNetworkInput(decoded, input, values);
  const preprocessedAt = performance.now();
  const dims = [1, input.height, input.width, input.channels];
  const output = await run({ inputName, outputName, input: values, dims });
  keepInput(values);
  const timing = {
    decode,
    preprocess: preprocessedAt - decodedAt,
    infer: performance.now() - preprocessedAt,
  };
  return { output, timing };
}
