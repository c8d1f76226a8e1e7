// Encodes a checkpoint: a JSON header, float32 arrays by name, and a hash over both, by which a truncated or changed file is
// noticed. Knows nothing of what the numbers mean.
//
//   "FOVEACP1" · header length (uint32) · header (JSON, padded with spaces) · float32 values · SHA-256 of all before
//
// Numbers are little-endian; the values begin at a multiple of four bytes.

import { createHash } from 'node:crypto';
import os from 'node:os';
import { z } from 'zod';
import { FoveaError } from '../../errors/errors.ts';

/** The content of a checkpoint. */
export interface CheckpointFile {
  /** Plain JSON. */
  readonly header: unknown;
  readonly tensors: ReadonlyMap<string, Float32Array>;
}

const MAGIC = Buffer.from('FOVEACP1', 'latin1');
const LENGTH_BYTES = 4;
const HASH_BYTES = 32;
const VALUE_BYTES = Float32Array.BYTES_PER_ELEMENT;
const DATA_START = MAGIC.length + LENGTH_BYTES;

const EnvelopeSchema = z.object({
  header: z.unknown(),
  /** Names and lengths of the arrays, in the order of their values. */
  tensors: z.array(z.object({ name: z.string(), length: z.number().int().min(0) })),
});

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();

/**
 * Encodes a checkpoint as a file.
 * @throws {Error} on a big-endian machine.
 */
export function encodeCheckpoint({ header, tensors }: CheckpointFile): Uint8Array {
  assertLittleEndian();
  const entries = [...tensors].map(([name, { length }]) => ({ name, length }));
  const json = JSON.stringify({ header, tensors: entries });
  const jsonBytes = Buffer.byteLength(json);
  const paddedBytes = Math.ceil((DATA_START + jsonBytes) / VALUE_BYTES) * VALUE_BYTES - DATA_START;
  const valueBytes = VALUE_BYTES * entries.reduce((sum, { length }) => sum + length, 0);
  const file = Buffer.alloc(DATA_START + paddedBytes + valueBytes + HASH_BYTES);
  MAGIC.copy(file);
  file.writeUInt32LE(paddedBytes, MAGIC.length);
  file.fill(' ', DATA_START, DATA_START + paddedBytes);
  file.write(json, DATA_START);
  let at = DATA_START + paddedBytes;
  for (const values of tensors.values()) {
    file.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    at += values.byteLength;
  }
  sha256(file.subarray(0, at)).copy(file, at);
  return new Uint8Array(file.buffer, file.byteOffset, file.byteLength);
}

/**
 * Decodes the file of a checkpoint. Its arrays are copies.
 * @throws {FoveaError} `checkpoint-corrupt`.
 */
export function decodeCheckpoint(bytes: Uint8Array): CheckpointFile {
  assertLittleEndian();
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.length < DATA_START + HASH_BYTES || !file.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw corrupt(`its ${file.length} bytes do not begin like those of a checkpoint`);
  }
  const end = file.length - HASH_BYTES;
  if (!sha256(file.subarray(0, end)).equals(file.subarray(end))) {
    throw corrupt(`the hash of its ${file.length} bytes is not the stored one`);
  }
  const headerBytes = file.readUInt32LE(MAGIC.length);
  const { header, tensors: entries } = parseEnvelope(
    file.toString('utf8', DATA_START, DATA_START + headerBytes),
  );
  const tensors = new Map<string, Float32Array>();
  let at = DATA_START + headerBytes;
  for (const { name, length } of entries) {
    const next = at + VALUE_BYTES * length;
    if (next > end) throw corrupt(`the array "${name}" reaches past its end`);
    tensors.set(name, new Float32Array(Uint8Array.from(file.subarray(at, next)).buffer));
    at = next;
  }
  return { header, tensors };
}

/**
 * Reads the header of a checkpoint without its arrays; the hash over both is not checked.
 * @param read gives the bytes from `start` to `end`, both inclusive; undefined where there is no such file.
 * @throws {FoveaError} `checkpoint-corrupt`.
 */
export async function readCheckpointHeader(
  read: (start: number, end: number) => Promise<Uint8Array | undefined>,
): Promise<unknown> {
  const start = await read(0, DATA_START - 1);
  if (start === undefined) return undefined;
  const fixed = Buffer.from(start);
  if (fixed.length < DATA_START || !fixed.subarray(0, MAGIC.length).equals(MAGIC))
    throw corrupt(`its ${fixed.length} bytes do not begin like those of a checkpoint`);
  const headerBytes = fixed.readUInt32LE(MAGIC.length);
  const json = await read(DATA_START, DATA_START + headerBytes - 1);
  return json === undefined ? undefined : parseEnvelope(Buffer.from(json).toString('utf8')).header;
}

function parseEnvelope(json: string): z.infer<typeof EnvelopeSchema> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw corrupt('its header is not JSON', cause);
  }
  const parsed = EnvelopeSchema.safeParse(value);
  if (!parsed.success) throw corrupt('its header lacks the list of arrays', parsed.error);
  return parsed.data;
}

const corrupt = (problem: string, cause?: unknown) =>
  new FoveaError('checkpoint-corrupt', `The checkpoint cannot be used: ${problem}.`, { cause });

function assertLittleEndian(): void {
  if (os.endianness() !== 'LE') throw new Error('Checkpoints need a little-endian machine.');
}
