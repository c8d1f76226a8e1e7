// Reads the tags of the first picture of a TIFF file that the decoder does not tell. TIFF 6.0 and BigTIFF.

/** Values of tags; undefined or empty where a tag is absent. */
export interface TiffTags {
  /** Number of bits of each sample. */
  readonly bits: readonly number[];
  /** Number format of each sample. 1: unsigned, 2: signed, 3: floating point; 4 to 6: unknown and complex. */
  readonly sampleFormats: readonly number[];
  readonly photometric: number | undefined;
  readonly compression: number | undefined;
  readonly samplesPerPixel: number | undefined;
  /** Orientation, by the number that xmp-orientation.ts has for it. */
  readonly orientation: number | undefined;
}

const BITS_PER_SAMPLE = 258;
const COMPRESSION = 259;
const PHOTOMETRIC = 262;
const ORIENTATION = 274;
const SAMPLES_PER_PIXEL = 277;
const SAMPLE_FORMAT = 339;

const LITTLE_ENDIAN = 0x49;
const BIG_TIFF = 43;
const SHORT = 3;
const SHORT_BYTES = 2;
/** Number of samples that are looked at; real pictures have up to 5. */
const MAX_SAMPLES = 16;

/** Reads the tags of a file that begins as a TIFF does; `undefined` where its directory lies outside of the file. */
export function readTiffTags(bytes: Uint8Array): TiffTags | undefined {
  try {
    return readDirectory(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch (error) {
    // The file refers to a place outside of itself.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function readDirectory(view: DataView): TiffTags {
  const little = view.getUint8(0) === LITTLE_ENDIAN;
  const short = (at: number): number => view.getUint16(at, little);
  const isBig = short(2) === BIG_TIFF;
  const word = (at: number): number =>
    isBig ? Number(view.getBigUint64(at, little)) : view.getUint32(at, little);
  const wordBytes = isBig ? 8 : 4;
  const directory = word(isBig ? 8 : 4);
  const entries = isBig ? word(directory) : short(directory);
  const first = directory + (isBig ? 8 : 2);
  const entryBytes = 4 + 2 * wordBytes;

  /** Reads the values of an entry; all these tags are shorts. They are in the entry itself where they fit. */
  const shortsOf = (entry: number): number[] => {
    if (short(entry + 2) !== SHORT) return [];
    const count = Math.min(word(entry + 4), MAX_SAMPLES);
    const field = entry + 4 + wordBytes;
    const start = word(entry + 4) * SHORT_BYTES <= wordBytes ? field : word(field);
    return Array.from({ length: count }, (_, index) => short(start + index * SHORT_BYTES));
  };

  const found = new Map<number, number[]>();
  for (let index = 0; index < entries; index++) {
    const entry = first + index * entryBytes;
    const tag = short(entry);
    if (tag > SAMPLE_FORMAT) break;
    found.set(tag, shortsOf(entry));
  }
  const valuesOf = (tag: number): readonly number[] => found.get(tag) ?? [];
  return {
    bits: valuesOf(BITS_PER_SAMPLE),
    sampleFormats: valuesOf(SAMPLE_FORMAT),
    photometric: valuesOf(PHOTOMETRIC)[0],
    compression: valuesOf(COMPRESSION)[0],
    samplesPerPixel: valuesOf(SAMPLES_PER_PIXEL)[0],
    orientation: valuesOf(ORIENTATION)[0],
  };
}
