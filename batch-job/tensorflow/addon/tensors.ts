// Tensors on TensorFlow's side by the addon's ids: how values get there and back.

import type { DataType } from '../program/program.ts';
import type { Addon } from './addon.ts';

/** TensorFlow's numbers of types (`DataType` in types.proto). */
export const DATA_TYPE = {
  float32: 1,
  int32: 3,
  uint8: 4,
  bool: 10,
  bfloat16: 14,
  float16: 19,
  resource: 20,
} as const satisfies Record<DataType, number>;

/** Copies values to a tensor of their type, which the caller deletes. @returns The tensor's id. */
export function uploadTensor(
  addon: Addon,
  data: Float32Array | Int32Array | Uint8Array,
  shape: readonly number[],
): number {
  if (data instanceof Uint8Array) return addon.createTensor(shape, DATA_TYPE.uint8, data);
  return addon.createTensor(shape, data instanceof Int32Array ? DATA_TYPE.int32 : DATA_TYPE.float32, data);
}

/** The values of a float32 tensor, which stays. */
export const downloadTensor = (addon: Addon, id: number): Float32Array =>
  addon.tensorDataSync(id) as Float32Array;
