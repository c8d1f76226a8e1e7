// The values of a stored tensor.

import type { TensorProto } from './onnx-schema.ts';

/** Of a float32 tensor, in row-major order; a copy, since stored bytes need not lie at a multiple of four. */
export const floatsOf = ({ rawData }: TensorProto): Float32Array =>
  new Float32Array(new Uint8Array(rawData).buffer);
