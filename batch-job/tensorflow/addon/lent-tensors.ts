// Tensors that share JavaScript's memory, for buffers that are filled and fed again and again. TensorFlow neither copies them
// nor makes their pages anew. Other memory is copied, because TensorFlow would give it back on one of its threads (see
// unaligned.ts); these tensors stay until long after their last use.

import type { Addon } from './addon.ts';
import { DATA_TYPE } from './tensors.ts';
import { isForLending } from './unaligned.ts';

/** Most tensors that stay; the one that was used longest ago ends first. */
const LENT_LIMIT = 16;

/** Tensors by the memory that they share. */
export interface LentTensors {
  /** The tensor over these values; undefined where their memory is not for lending, or TensorFlow does not take it as it lies. */
  get(data: Float32Array | Int32Array | Uint8Array, shape: readonly number[]): number | undefined;
  /** Gives all memory back. */
  close(): void;
}

/** Lends nothing yet. */
export function createLentTensors(addon: Addon): LentTensors {
  const tensors = new Map<string, number>();
  /** Numbers of the buffers that TensorFlow takes as they lie. */
  const buffers = new WeakMap<ArrayBufferLike, number | undefined>();
  let count = 0;
  const numberOf = (data: Int32Array): number | undefined => {
    if (!isForLending(data.buffer)) return undefined;
    if (!buffers.has(data.buffer))
      buffers.set(data.buffer, isTakenAsItLies(addon, data) ? count++ : undefined);
    return buffers.get(data.buffer);
  };
  return {
    get(data, shape) {
      const number = data instanceof Int32Array ? numberOf(data) : undefined;
      if (number === undefined) return undefined;
      const key = `${number}/${data.byteOffset}/${shape.join()}`;
      const known = tensors.get(key);
      if (known !== undefined) {
        // At the end of the order.
        tensors.delete(key);
        tensors.set(key, known);
        return known;
      }
      const id = addon.lendTensor(shape, DATA_TYPE.int32, data as Int32Array);
      tensors.set(key, id);
      const [oldest] = tensors;
      if (tensors.size > LENT_LIMIT && oldest !== undefined) {
        tensors.delete(oldest[0]);
        addon.deleteTensor(oldest[1]);
      }
      return id;
    },
    close() {
      for (const id of tensors.values()) addon.deleteTensor(id);
      tensors.clear();
    },
  };
}

/** Whether a tensor over the beginning of these values changes with them. */
function isTakenAsItLies(addon: Addon, data: Int32Array): boolean {
  const probe = data.subarray(0, 1);
  const [value = 0] = probe;
  const id = addon.lendTensor([1], DATA_TYPE.int32, probe);
  try {
    probe[0] = ~value;
    return addon.tensorDataSync(id)[0] === ~value;
  } finally {
    probe[0] = value;
    addon.deleteTensor(id);
  }
}
