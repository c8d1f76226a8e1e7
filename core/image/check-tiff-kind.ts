// Decides which TIFF pictures are read: those with unsigned integers in color spaces that the decoder supports. It would decode
// others, too, but to blank pictures or wrong colors, without an error.

import { imageKindUnsupported, imageValuesUnsupported } from './image-errors.ts';
import { readTiffTags, type TiffTags } from './read-tiff-tags.ts';

const UNSIGNED = 1;
const SAMPLE_FORMAT_NAMES: Readonly<Record<number, string>> = {
  2: 'signed integers',
  3: 'floating-point numbers',
  5: 'complex integers',
  6: 'complex numbers',
};
const BITS: readonly number[] = [1, 2, 4, 8, 16];

const YCBCR = 6;
/** The numbers of JPEG within TIFF, old and new, which is decoded to RGB. */
const JPEG_COMPRESSIONS: readonly (number | undefined)[] = [6, 7];

/** The color spaces that are read, with the number of their samples without transparency. */
const COLOR_SPACES: Readonly<Record<number, { readonly name: string; readonly samples: number }>> = {
  0: { name: 'gray', samples: 1 },
  1: { name: 'gray', samples: 1 },
  2: { name: 'RGB', samples: 3 },
  3: { name: 'palette', samples: 1 },
  5: { name: 'CMYK', samples: 4 },
  [YCBCR]: { name: 'YCbCr', samples: 3 },
};
const OTHER_COLOR_SPACES: Readonly<Record<number, string>> = {
  4: 'a transparency mask',
  8: 'L*a*b*',
  9: 'L*a*b* of ICC',
  10: 'L*a*b* of ITU',
  32803: 'the raw samples of a sensor',
  32844: 'logarithmic luminance',
  32845: 'logarithmic luminance',
};

/**
 * Refuses TIFF pictures that the decoder would read wrongly.
 * @throws {FoveaError} `image-unsupported`, with what to do.
 */
export function checkTiffKind(bytes: Uint8Array): void {
  const tags = readTiffTags(bytes);
  if (tags === undefined) return;
  checkSamples(tags);
  checkColors(tags);
}

function checkSamples({ bits, sampleFormats }: TiffTags): void {
  const format = sampleFormats.find((value) => value in SAMPLE_FORMAT_NAMES && value !== UNSIGNED);
  const name = format === undefined ? undefined : SAMPLE_FORMAT_NAMES[format];
  const size = bits[0] ?? 1;
  if (name !== undefined) throw imageValuesUnsupported(`A TIFF picture of ${name} of ${size} bits`);
  if (bits.some((value) => !BITS.includes(value))) {
    throw imageValuesUnsupported(`A TIFF picture of integers of ${size} bits`);
  }
}

function checkColors({ photometric, compression, samplesPerPixel }: TiffTags): void {
  if (photometric === undefined) return;
  const space = COLOR_SPACES[photometric];
  if (space === undefined) {
    const name = OTHER_COLOR_SPACES[photometric] ?? `color space ${photometric}`;
    throw imageKindUnsupported(`A TIFF picture in ${name}`);
  }
  if (photometric === YCBCR && !JPEG_COMPRESSIONS.includes(compression)) {
    throw imageKindUnsupported('A TIFF picture in YCbCr that is not compressed as JPEG');
  }
  // One further sample may be transparency.
  if (samplesPerPixel !== undefined && samplesPerPixel > space.samples + 1) {
    throw imageKindUnsupported(`A TIFF picture of ${samplesPerPixel} samples a pixel (${space.name})`);
  }
}
