// The metrics of a training as an event file, which TensorBoard reads: records framed as TFRecord, each an Event of
// tensorflow/core/util/event.proto. Knows no storage.

import protobuf from 'protobufjs/light.js';
import type { Epoch } from '../../core/model/report.ts';
import { many, one } from '../../core/protobuf-fields.ts';

/** Name of the event file. TensorBoard recognizes files by `tfevents` in the name. */
export const EVENT_FILE = 'events.out.tfevents.fovea';

/** Field numbers: event.proto and summary.proto of TensorFlow 2. */
const ROOT = protobuf.Root.fromJSON({
  nested: {
    Event: {
      fields: {
        wallTime: one('double', 1),
        step: one('int64', 2),
        fileVersion: one('string', 3),
        summary: one('Summary', 5),
      },
    },
    Summary: {
      fields: { value: many('Value', 1) },
      nested: { Value: { fields: { tag: one('string', 1), simpleValue: one('float', 2) } } },
    },
  },
});
const EVENT = ROOT.lookupType('Event');

/** Castagnoli's polynomial, its bits reversed. */
const CRC32C_POLYNOMIAL = 0x82f63b78;
const CRC32C_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ CRC32C_POLYNOMIAL : value >>> 1;
  return value;
});

/** CRC-32C (RFC 3720, B.4). */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (CRC32C_TABLE[(crc ^ byte) & 0xff] as number);
  return (crc ^ 0xffffffff) >>> 0;
}

/** As TFRecord stores it: turned by 15 bits and shifted, so that a CRC over CRCs is worth something. */
function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

const LENGTH_BYTES = 8;
const CRC_BYTES = 4;

/** length (uint64) · its CRC · bytes · their CRC, little-endian. */
function frame(bytes: Uint8Array): Buffer {
  const record = Buffer.alloc(LENGTH_BYTES + CRC_BYTES + bytes.length + CRC_BYTES);
  record.writeBigUInt64LE(BigInt(bytes.length));
  record.writeUInt32LE(maskedCrc(record.subarray(0, LENGTH_BYTES)), LENGTH_BYTES);
  record.set(bytes, LENGTH_BYTES + CRC_BYTES);
  record.writeUInt32LE(maskedCrc(bytes), LENGTH_BYTES + CRC_BYTES + bytes.length);
  return record;
}

/** The scalars of an epoch, by the end of their tags. */
const SCALARS: Readonly<Record<string, (epoch: Epoch) => number | null>> = {
  'loss/train': (epoch) => epoch.trainLoss,
  'loss/validation': (epoch) => epoch.validationLoss,
  'accuracy/train': (epoch) => epoch.trainAccuracy,
  'accuracy/validation': (epoch) => epoch.validationAccuracy,
  learning_rate: (epoch) => epoch.learningRate,
  pictures_per_second: (epoch) => epoch.picturesPerSecond,
};

/**
 * An event file with the scalars of every epoch: tags `<stage>/loss/train` and so on, steps are epochs of the stage.
 *
 * @param startedAt Unix seconds, for epochs whose own time is not known.
 */
export function toEventFile(history: readonly Epoch[], startedAt: number): Uint8Array {
  const events: object[] = [{ wallTime: startedAt, fileVersion: 'brain.Event:2' }];
  for (const epoch of history) {
    const value = Object.entries(SCALARS).flatMap(([name, read]) => {
      const simpleValue = read(epoch);
      return simpleValue === null ? [] : [{ tag: `${epoch.stage ?? 'training'}/${name}`, simpleValue }];
    });
    events.push({ wallTime: epoch.endedAt ?? startedAt, step: epoch.epoch, summary: { value } });
  }
  return Buffer.concat(events.map((event) => frame(EVENT.encode(event).finish())));
}
