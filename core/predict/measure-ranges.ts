// Measures the ranges of a model's inner values on real pictures, for which its quantized variant is made.

import { InferenceSession, Tensor } from 'onnxruntime-node';
import { exposeValues, type ValueRange } from '../network/onnx/quantize.ts';
import { present } from '../present.ts';

/**
 * Measures the range of every value that quantizeModel needs: smallest and largest value of each picture, averaged over the pictures, so
 * that a single outlier does not make the steps coarse.
 * @param inputs inputs of pictures, float32 of the shape `dims`; at least one.
 * @param dims `[1, height, width, channels]`.
 */
export async function measureRanges(
  onnx: Uint8Array,
  inputs: readonly Float32Array[],
  dims: readonly number[],
): Promise<ReadonlyMap<string, ValueRange>> {
  const { onnx: exposed, names } = exposeValues(onnx);
  const session = await InferenceSession.create(exposed, { logSeverityLevel: 3 });
  const inputName = present(session.inputNames[0], 'an input of the model');
  const sums = new Map(names.map((name) => [name, { min: 0, max: 0 }]));
  try {
    for (const input of inputs) {
      const results = await session.run({ [inputName]: new Tensor('float32', input, dims) }, names);
      for (const [name, sum] of sums) {
        const { min, max } = rangeOf(results[name]?.data as Float32Array);
        sum.min += min / inputs.length;
        sum.max += max / inputs.length;
      }
    }
  } finally {
    await session.release();
  }
  return sums;
}

function rangeOf(values: Float32Array): ValueRange {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { min, max };
}
