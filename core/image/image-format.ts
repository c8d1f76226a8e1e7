// Recognizes the format of a picture by its first bytes: file names and content types are not trusted. Knows nothing of decoding.

/** The formats that can be decoded. */
export const IMAGE_FORMATS = ['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif', 'heic', 'bmp'] as const;
/** One of {@link IMAGE_FORMATS}. */
export type ImageFormat = (typeof IMAGE_FORMATS)[number];

/** The formats that can be decoded, as a list for messages. */
export const SUPPORTED_FORMATS = 'JPEG, PNG (APNG), WebP, GIF, TIFF, AVIF, HEIC and BMP';

const TEXT_START_BYTES = 256;
const BRANDS_END = 64;

const ascii = (bytes: Uint8Array, start: number, end: number): string =>
  String.fromCharCode(...bytes.subarray(start, end));

const startsWith = (bytes: Uint8Array, ...prefix: readonly number[]): boolean =>
  bytes.length >= prefix.length && prefix.every((value, index) => bytes[index] === value);

/** Brands of an ISO base media file (`ftyp` box): the major brand first, then the compatible ones. */
function mediaBrands(bytes: Uint8Array): readonly string[] {
  if (ascii(bytes, 4, 8) !== 'ftyp') return [];
  const boxBytes =
    ((bytes[0] ?? 0) << 24) | ((bytes[1] ?? 0) << 16) | ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0);
  const brands = [ascii(bytes, 8, 12)];
  for (let at = 16; at + 4 <= Math.min(boxBytes, bytes.length, BRANDS_END); at += 4) {
    brands.push(ascii(bytes, at, at + 4));
  }
  return brands;
}

const isAvif = (bytes: Uint8Array): boolean => {
  const brands = mediaBrands(bytes);
  // An `avis` file is a video of AV1 frames; the decoder reads still pictures only.
  return brands[0] !== 'avis' && brands.includes('avif');
};

/** Brands of HEVC in HEIF, and those of HEIF alone, which do not name a codec (ISO/IEC 23008-12). */
const HEIC_BRANDS = /^(hei[cxms]|hev[cxms]|mif[12]|msf1)$/;

const isHeic = (bytes: Uint8Array): boolean => {
  const brands = mediaBrands(bytes);
  return brands[0] !== 'avis' && !brands.includes('avif') && brands.some((brand) => HEIC_BRANDS.test(brand));
};

const textStart = (bytes: Uint8Array): string =>
  new TextDecoder().decode(bytes.subarray(0, TEXT_START_BYTES)).trimStart().toLowerCase();

const isWebp = (bytes: Uint8Array): boolean =>
  ascii(bytes, 0, 4) === 'RIFF' && ascii(bytes, 8, 12) === 'WEBP';

const DECODED: readonly (readonly [ImageFormat, (bytes: Uint8Array) => boolean])[] = [
  ['jpeg', (bytes) => startsWith(bytes, 0xff, 0xd8)],
  ['png', (bytes) => startsWith(bytes, 0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)],
  ['webp', isWebp],
  ['gif', (bytes) => /^GIF8[79]a$/.test(ascii(bytes, 0, 6))],
  ['tiff', (bytes) => startsWith(bytes, 0x49, 0x49, 0x2a, 0) || startsWith(bytes, 0x4d, 0x4d, 0, 0x2a)],
  ['tiff', (bytes) => startsWith(bytes, 0x49, 0x49, 0x2b, 0) || startsWith(bytes, 0x4d, 0x4d, 0, 0x2b)],
  ['avif', isAvif],
  ['heic', isHeic],
  ['bmp', (bytes) => startsWith(bytes, 0x42, 0x4d)],
];

/** Other formats that people send, which the error names. */
const NAMED: readonly (readonly [string, (bytes: Uint8Array) => boolean])[] = [
  ['an SVG drawing', (bytes) => /^\s*<(\?xml|svg|!doctype svg|!--)/.test(textStart(bytes))],
  ['an HTML page', (bytes) => /^<(!doctype html|html|head|body)/.test(textStart(bytes))],
  ['an AVIF image sequence', (bytes) => mediaBrands(bytes)[0] === 'avis'],
  ['a video', (bytes) => mediaBrands(bytes).length > 0],
  ['a JPEG 2000 picture', (bytes) => startsWith(bytes, 0, 0, 0, 0x0c, 0x6a, 0x50, 0x20, 0x20)],
  ['a JPEG 2000 picture', (bytes) => startsWith(bytes, 0xff, 0x4f, 0xff, 0x51)],
  ['a JPEG XL picture', (bytes) => startsWith(bytes, 0xff, 0x0a) || ascii(bytes, 4, 8) === 'JXL '],
  ['an icon file', (bytes) => startsWith(bytes, 0, 0, 1, 0)],
  ['a PDF document', (bytes) => ascii(bytes, 0, 5) === '%PDF-'],
  ['a ZIP archive', (bytes) => startsWith(bytes, 0x50, 0x4b, 3, 4)],
  ['gzip data', (bytes) => startsWith(bytes, 0x1f, 0x8b)],
  ['base64 text of a picture', (bytes) => /^(data:image|\/9j\/|ivborw0kggo)/.test(textStart(bytes))],
];

/** The format of a picture, by its first bytes; `undefined` where it cannot be decoded. */
export function sniffFormat(bytes: Uint8Array): ImageFormat | undefined {
  return DECODED.find(([, matches]) => matches(bytes))?.[0];
}

/** Describes bytes of no supported format for people: e.g. `an SVG drawing`, or the first bytes in hexadecimal. */
export function describeBytes(bytes: Uint8Array): string {
  const named = NAMED.find(([, matches]) => matches(bytes))?.[0];
  return named ?? `data starting with the bytes ${Buffer.from(bytes.subarray(0, 8)).toString('hex')}`;
}
