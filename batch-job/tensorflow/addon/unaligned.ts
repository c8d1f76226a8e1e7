// Data for tensors that TensorFlow has to copy.
//
// The addon offers a typed array's own memory to TensorFlow, which takes it where it lies on a multiple of 64 bytes, and gives
// it back on the thread that used it last. Now and then (once in some 3,000 such feeds of a graph, as counted in the addon) that
// is not JavaScript's thread; the addon then changes Node's references from it, and the process dies sooner or later.

/** The alignment of every buffer's beginning, at least, in bytes: it comes from malloc. */
const BUFFER_ALIGNMENT = 16;
/** Bytes by which data are moved off every multiple of 16. */
const OFFSET = Float32Array.BYTES_PER_ELEMENT;
/** Copies up to this size share a buffer, so that a step leaves no garbage: 32 MiB. */
const MAX_SHARED_BYTES = 32 * 2 ** 20;

let shared = new ArrayBuffer(0);

/** A buffer of so many bytes at a place from which TensorFlow copies, so that {@link unaligned} need not. */
export const allocateToCopy = (sizeBytes: number): Uint8Array =>
  new Uint8Array(new ArrayBuffer(sizeBytes + OFFSET), OFFSET);

/**
 * The same values where TensorFlow copies them from: `data` itself, or a copy that is good until the next call.
 */
export function unaligned<T extends Float32Array | Int32Array | Uint8Array>(data: T): T {
  if (data.byteOffset % BUFFER_ALIGNMENT !== 0) return data;
  const bytes = data.byteLength + OFFSET;
  if (bytes <= MAX_SHARED_BYTES && shared.byteLength < bytes) shared = new ArrayBuffer(bytes);
  const buffer = bytes <= MAX_SHARED_BYTES ? shared : new ArrayBuffer(bytes);
  const copy = new (data.constructor as new (b: ArrayBuffer, o: number, n: number) => T)(
    buffer,
    OFFSET,
    data.length,
  );
  copy.set(data);
  return copy;
}
