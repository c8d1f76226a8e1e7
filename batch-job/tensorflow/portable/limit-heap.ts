// A limit on what the WebAssembly back end allocates, and an error where its heap is full: by itself it would go on and
// write to address 0.

import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { outOfMemory } from '../executor/out-of-memory.ts';

/** Addresses of WebAssembly have 32 bits. */
const HEAP_BYTES = 2 ** 32;
/** Bytes left to the kernels' own allocations, whose failures they do not report. */
const RESERVED_BYTES = 64 * 2 ** 20;

/**
 * Limits the heap of a started back end. Allocations beyond the limit throw `out-of-memory`.
 *
 * @param limitBytes Bytes of all tensors together; by default all that WebAssembly can address.
 */
export function limitHeap({ wasm }: BackendWasm, limitBytes = HEAP_BYTES): void {
  const limit = Math.min(limitBytes, HEAP_BYTES - RESERVED_BYTES);
  // At its first call, each function puts the module's own into its place.
  wasm._free(wasm._malloc(1));
  const allocate = wasm._malloc.bind(wasm);
  const release = wasm._free.bind(wasm);
  const sizes = new Map<number, number>();
  let used = 0;
  wasm._malloc = (size) => {
    // Beyond 2 GiB the module answers with negative numbers.
    const offset = used + size > limit ? 0 : allocate(size) >>> 0;
    if (offset === 0 && size > 0) {
      throw outOfMemory(
        `the WebAssembly heap has ${used} bytes in use, may have ${Math.round(limit)}, and was asked for ${size} more`,
      );
    }
    sizes.set(offset, size);
    used += size;
    return offset;
  };
  wasm._free = (offset) => {
    used -= sizes.get(offset) ?? 0;
    sizes.delete(offset);
    release(offset);
  };
}
