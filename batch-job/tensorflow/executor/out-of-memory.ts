// Tells out-of-memory failures of all libraries from others, and gives them one error code.

import { FoveaError, isFoveaError } from '../../../core/errors/errors.ts';

const CODE = 'out-of-memory';

/**
 * What TensorFlow (allocators of the CPU and of CUDA), C++'s standard library, ONNX Runtime, V8 and Emscripten say where an
 * allocation fails.
 */
const SIGNS =
  /OOM when allocating|RESOURCE_EXHAUSTED|Resource ?exhausted|CUDA_ERROR_OUT_OF_MEMORY|\bout of memory\b|bad_alloc|bad allocation|failed to allocate memory|array buffer allocation failed|could not allocate memory|Aborted\(OOM\)/i;

/**
 * The error `out-of-memory`.
 *
 * @param problem A clause, e.g. `the heap is full`.
 */
export const outOfMemory = (problem: string, cause?: unknown): FoveaError =>
  new FoveaError(CODE, `Memory ran out: ${problem}.`, { cause });

/** The failure as an error `out-of-memory`; undefined where it is of another kind. */
export function toOutOfMemory(error: unknown): FoveaError | undefined {
  if (isFoveaError(error)) return error.code === CODE ? error : undefined;
  const message = error instanceof Error ? error.message : String(error);
  const line = message.split('\n').find((candidate) => SIGNS.test(candidate));
  if (line === undefined) return undefined;
  return outOfMemory(line.replace(/[.\s]+$/, ''), error);
}
