// Windows bitmaps of every kind that is read, written here because the decoder's own code must not check itself.

export interface BmpSpec {
  readonly width: number;
  readonly height: number;
  readonly bitsPerPixel: number;
  readonly compression?: number;
  /** Rows as stored, from the bottom up unless `topDown`; each padded to 4 bytes here. */
  readonly rows: readonly (readonly number[])[];
  readonly topDown?: boolean;
  /** Blue, green, red, 0. */
  readonly palette?: readonly (readonly [number, number, number, number])[];
  /** Red, green, blue and perhaps alpha, after a 40-byte header (3) or within a 56-byte one (4). */
  readonly masks?: readonly number[];
}

const uint32 = (value: number): number[] => [
  value & 255,
  (value >>> 8) & 255,
  (value >>> 16) & 255,
  (value >>> 24) & 255,
];
const uint16 = (value: number): number[] => [value & 255, (value >>> 8) & 255];
const pad = (row: readonly number[]): number[] => [
  ...row,
  ...new Array<number>((4 - (row.length % 4)) % 4).fill(0),
];

export function makeBmp(spec: BmpSpec): Uint8Array {
  const masks = (spec.masks ?? []).flatMap(uint32);
  const palette = (spec.palette ?? []).flat();
  const pixels = spec.rows.flatMap(pad);
  const headerBytes = masks.length === 16 ? 56 : 40;
  const offset = 14 + 40 + masks.length + palette.length;
  return Uint8Array.from([
    ...[0x42, 0x4d, ...uint32(offset + pixels.length), 0, 0, 0, 0, ...uint32(offset)],
    ...[...uint32(headerBytes), ...uint32(spec.width), ...uint32(spec.topDown ? -spec.height : spec.height)],
    ...[
      ...uint16(1),
      ...uint16(spec.bitsPerPixel),
      ...uint32(spec.compression ?? 0),
      ...uint32(pixels.length),
    ],
    ...[...uint32(0), ...uint32(0), ...uint32(spec.palette?.length ?? 0), ...uint32(0)],
    ...masks,
    ...palette,
    ...pixels,
  ]);
}
