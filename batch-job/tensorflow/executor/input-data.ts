// The values that a session is given: typed arrays, checked before a device sees them.

import { elementCount } from '../program/program.ts';

/** float32 values, pixels (uint8), or indices (int32). */
export type InputData = Float32Array | Uint8Array | Int32Array;

/**
 * The data as float32, for executors that know no other type.
 *
 * @throws {TypeError} For pixels and indices: a defect of the caller.
 */
export function asFloat32(data: InputData): Float32Array {
  if (data instanceof Float32Array) return data;
  throw new TypeError(`This executor takes a Float32Array, not a ${data.constructor.name}.`);
}

/**
 * The data, which must fill the shape.
 *
 * @param what Names them in the error, e.g. `the input "images"`.
 * @throws {RangeError} Where they have another number of values.
 */
export function sized<T extends InputData>(data: T, shape: readonly number[], what: string): T {
  if (data.length === elementCount(shape)) return data;
  throw new RangeError(
    `${what} has ${data.length} values; its shape [${shape.join(', ')}] takes ${elementCount(shape)}.`,
  );
}
