// TIFF files by hand, of kinds that no encoder at hand writes: one strip, little-endian, no compression unless named.

export interface TiffOptions {
  readonly width: number;
  readonly height: number;
  /** Of each sample. */
  readonly bits: readonly number[];
  /** 1: unsigned, 2: signed, 3: floating point. */
  readonly sampleFormat?: number;
  /** 1: gray, 2: RGB, 6: YCbCr. */
  readonly photometric?: number;
  readonly compression?: number;
  readonly data: Uint8Array;
  readonly xmp?: string;
  readonly orientation?: number;
}

const SHORT = 3;
const LONG = 4;
const BYTE = 1;
const BYTES = { [BYTE]: 1, [SHORT]: 2, [LONG]: 4 } as const;
const HEADER_BYTES = 8;
const ENTRY_BYTES = 12;

type Entry = readonly [tag: number, type: keyof typeof BYTES, values: readonly number[]];

export function makeTiff(options: TiffOptions): Uint8Array {
  const {
    width,
    height,
    bits,
    sampleFormat = 1,
    photometric = 1,
    compression = 1,
    data,
    xmp,
    orientation,
  } = options;
  const entries = (dataOffset: number): Entry[] => [
    [256, SHORT, [width]],
    [257, SHORT, [height]],
    [258, SHORT, bits],
    [259, SHORT, [compression]],
    [262, SHORT, [photometric]],
    [273, LONG, [dataOffset]],
    ...(orientation === undefined ? [] : [[274, SHORT, [orientation]] as const]),
    [277, SHORT, [bits.length]],
    [278, SHORT, [height]],
    [279, LONG, [data.length]],
    [339, SHORT, bits.map(() => sampleFormat)],
    ...(photometric === 6 ? [[530, SHORT, [1, 1]] as const] : []),
    ...(xmp === undefined ? [] : [[700, BYTE, [...Buffer.from(xmp)]] as const]),
  ];
  const count = entries(0).length;
  const valuesAt = HEADER_BYTES + 2 + count * ENTRY_BYTES + 4;
  const sizeOf = ([, type, values]: Entry) => values.length * BYTES[type];
  const dataOffset =
    valuesAt + entries(0).reduce((sum, entry) => sum + (sizeOf(entry) > 4 ? sizeOf(entry) : 0), 0);
  const file = Buffer.alloc(dataOffset + data.length);
  file.write('II*\0', 0, 'latin1');
  file.writeUInt32LE(HEADER_BYTES, 4);
  file.writeUInt16LE(count, HEADER_BYTES);
  let free = valuesAt;
  for (const [index, entry] of entries(dataOffset).entries()) {
    const [tag, type, values] = entry;
    const at = HEADER_BYTES + 2 + index * ENTRY_BYTES;
    file.writeUInt16LE(tag, at);
    file.writeUInt16LE(type, at + 2);
    file.writeUInt32LE(values.length, at + 4);
    const isInline = sizeOf(entry) <= 4;
    if (!isInline) file.writeUInt32LE(free, at + 8);
    for (const [position, value] of values.entries())
      file.writeUIntLE(value, (isInline ? at + 8 : free) + position * BYTES[type], BYTES[type]);
    if (!isInline) free += sizeOf(entry);
  }
  file.set(data, dataOffset);
  return new Uint8Array(file);
}
