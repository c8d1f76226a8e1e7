// Reads the values of a constant.

import type { TensorProto } from './onnx-schema.ts';

/**
 * The values of a float32 constant, in row-major order. They are a copy, since the stored bytes need not lie at a
 * multiple of four.
 */
export const floatsOf = ({ rawData }: TensorProto): Float32Array =>
  new Float32Array(new Uint8Array(rawData).buffer);
