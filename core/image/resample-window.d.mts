import type { ResampleTask } from './resample-pixels.ts';

/**
 * Computes a window of the scaled picture, on the calling thread.
 * @param module The compiled kernel; see resample.wat.
 * @returns `[height, width, 3]`, or `[height, width, 1]` for gray.
 */
export function resampleWindow(module: WebAssembly.Module, task: ResampleTask): Uint8Array<ArrayBuffer>;
