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

/** The alignment of memory that TensorFlow takes as it lies. */
const LENT_ALIGNMENT = 64;
const lendable = new WeakSet<ArrayBufferLike>();
/** Most bytes that are kept to be filled again: three large batches for training, and three for validation. */
const KEPT_BYTES = 320 * 2 ** 20;
const kept: Uint8Array[] = [];

/**
 * A buffer of so many bytes, with any values, that is filled and fed many times: TensorFlow may share it, see lent-tensors.ts. Buffers of more
 * than 32 MiB have pages of their own, which begin with 16 bytes of the allocator's; where smaller ones lie is chance, and
 * they are copied if it is no multiple of 64.
 */
export function allocateToLend(sizeBytes: number): Uint8Array {
  const found = kept.findIndex((one) => one.byteLength === sizeBytes);
  const [known] = found < 0 ? [] : kept.splice(found, 1);
  if (known !== undefined) return known;
  const buffer = new ArrayBuffer(sizeBytes + LENT_ALIGNMENT);
  lendable.add(buffer);
  return new Uint8Array(buffer, LENT_ALIGNMENT - BUFFER_ALIGNMENT, sizeBytes);
}

/** Takes a buffer of {@link allocateToLend} back, which nobody uses any more. */
export function giveBack(memory: Uint8Array): void {
  kept.push(memory);
  let bytes = kept.reduce((sum, one) => sum + one.byteLength, 0);
  for (; bytes > KEPT_BYTES; bytes -= kept.shift()?.byteLength ?? bytes);
}

/** Whether a buffer is of {@link allocateToLend}. */
export const isForLending = (buffer: ArrayBufferLike): boolean => lendable.has(buffer);

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
