// Color profiles (ICC) for tests, and PNG files with them.

import { crc32, deflateSync } from 'node:zlib';

const SIGNATURE_BYTES = 8;
const IHDR_BYTES = 25;
const HEADER_BYTES = 128;
const ENTRY_BYTES = 12;
/** Of ICC's white, D50. */
const D50 = [0.9642, 1, 0.8249] as const;

const uint32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const xyz = (values: readonly number[]) =>
  Buffer.concat(values.map((value) => uint32(Math.round(value * 0x10000))));

/** A profile of gray of one gamma. @param gamma a whole number. */
export function grayProfile(gamma: number): Buffer {
  const tags = [
    ['wtpt', Buffer.concat([Buffer.from('XYZ \0\0\0\0'), xyz(D50)])],
    ['kTRC', Buffer.concat([Buffer.from('curv\0\0\0\0'), uint32(1), Buffer.from([gamma, 0, 0, 0])])],
  ] as const;
  let end = HEADER_BYTES + 4 + tags.length * ENTRY_BYTES;
  const entries = tags.map(([name, body]) => {
    const entry = Buffer.concat([Buffer.from(name), uint32(end), uint32(body.length)]);
    end += body.length;
    return entry;
  });
  const header = Buffer.alloc(HEADER_BYTES);
  uint32(end).copy(header);
  header.writeUInt32BE(0x02100000, 8);
  header.write('mntrGRAYXYZ ', 12);
  header.write('acsp', 36);
  xyz(D50).copy(header, 68);
  return Buffer.concat([header, uint32(tags.length), ...entries, ...tags.map(([, body]) => body)]);
}

/** The same PNG with a profile; its values stay as they are. @param png One without a profile. */
export function embedProfile(png: Buffer, profile: Buffer): Buffer {
  const data = Buffer.concat([Buffer.from('iCCPtest\0\0'), deflateSync(profile)]);
  const chunk = Buffer.concat([uint32(data.length - 4), data, uint32(crc32(data))]);
  const at = SIGNATURE_BYTES + IHDR_BYTES;
  return Buffer.concat([png.subarray(0, at), chunk, png.subarray(at)]);
}
