// Byte ranges as the object-store port defines them. Knows nothing of drivers.

import { FoveaError } from '../errors/errors.ts';
import type { GetOptions } from './object-store.ts';

/** First and last byte of a range, both included. */
export type ByteRange = NonNullable<GetOptions['range']>;

/**
 * The error `range-not-satisfiable`, for a range that lies outside of the object.
 *
 * @param sizeBytes size of the object, where it is known.
 */
export function rangeError(key: string, range: ByteRange, sizeBytes?: number): FoveaError {
  const size = sizeBytes === undefined ? '' : `, which has ${sizeBytes} bytes`;
  return new FoveaError(
    'range-not-satisfiable',
    `Bytes ${range.start} to ${range.end} cannot be read from the object "${key}"${size}. ` +
      'A range needs whole numbers with 0 <= start <= end and a start before the end of the object.',
    { param: key, details: { range, ...(sizeBytes === undefined ? {} : { sizeBytes }) } },
  );
}

/**
 * Refuses a range that no object can have, whatever its size.
 * @throws {FoveaError} `range-not-satisfiable`.
 */
export function assertRange(key: string, range: ByteRange): void {
  const { start, end } = range;
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start) {
    throw rangeError(key, range);
  }
}

/**
 * First byte and length of a range, cut to an object of `sizeBytes`. Without a range it is the whole object.
 *
 * @throws {FoveaError} `range-not-satisfiable`
 */
export function resolveRange(
  key: string,
  range: ByteRange | undefined,
  sizeBytes: number,
): { readonly offset: number; readonly length: number } {
  if (range === undefined) return { offset: 0, length: sizeBytes };
  assertRange(key, range);
  if (range.start >= sizeBytes) throw rangeError(key, range, sizeBytes);
  return { offset: range.start, length: Math.min(range.end + 1, sizeBytes) - range.start };
}
