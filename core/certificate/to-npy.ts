// Writes an array as a file of NumPy, version 1.0: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html

const MAGIC = '\x93NUMPY\x01\x00';
/** Values begin at a multiple of it. */
const ALIGNMENT = 64;
const LENGTH_BYTES = 2;

/** A `.npy` file of float32 values, little-endian, in the order of C. */
export function toNpy(values: Float32Array, shape: readonly number[]): Uint8Array {
  const described = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`;
  const start = MAGIC.length + LENGTH_BYTES;
  const end = Math.ceil((start + described.length + 1) / ALIGNMENT) * ALIGNMENT;
  const file = Buffer.alloc(end + values.byteLength, ' ');
  file.write(MAGIC, 'latin1');
  file.writeUInt16LE(end - start, MAGIC.length);
  file.write(described, start, 'latin1');
  file.write('\n', end - 1, 'latin1');
  for (const [index, value] of values.entries())
    file.writeFloatLE(value, end + index * values.BYTES_PER_ELEMENT);
  return new Uint8Array(file);
}
