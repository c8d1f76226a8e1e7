// Tensors in the bodies of the Open Inference Protocol: as JSON, or as raw bytes after the JSON (its binary extension).

import { FoveaError } from '../../core/errors/errors.ts';

const LENGTH_BYTES = 4;

/** Parses elements of the datatype BYTES: each a length (uint32, little-endian) and so many bytes. @throws {FoveaError} `request-invalid`. */
export function parseBytesElements(raw: Uint8Array, param: string): Uint8Array[] {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const elements: Uint8Array[] = [];
  for (let at = 0; at < raw.byteLength; ) {
    const length = at + LENGTH_BYTES <= raw.byteLength ? view.getUint32(at, true) : Number.POSITIVE_INFINITY;
    const start = at + LENGTH_BYTES;
    if (start + length > raw.byteLength)
      throw new FoveaError(
        'request-invalid',
        `The raw bytes of ${param} end within an element, at ${at} of ${raw.byteLength}. Each element is its length as a little-endian uint32, then so many bytes.`,
        { param },
      );
    elements.push(raw.subarray(start, start + length));
    at = start + length;
  }
  return elements;
}

/** Elements of the datatype BYTES as {@link parseBytesElements} takes them. */
export function toBytesElements(elements: readonly (string | Uint8Array)[]): Uint8Array {
  return Buffer.concat(
    elements.flatMap((element) => {
      const bytes = typeof element === 'string' ? Buffer.from(element) : element;
      const length = Buffer.alloc(LENGTH_BYTES);
      length.writeUInt32LE(bytes.byteLength);
      return [length, bytes];
    }),
  );
}

/** Values of the datatype FP32, little-endian. */
export function toFloatBytes(values: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(values.length * Float32Array.BYTES_PER_ELEMENT);
  for (const [index, value] of values.entries())
    bytes.writeFloatLE(value, index * Float32Array.BYTES_PER_ELEMENT);
  return bytes;
}
