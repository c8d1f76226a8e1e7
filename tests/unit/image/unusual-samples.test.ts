// Pictures whose samples are no usual brightness: refused with what to do, or read as what they show.

import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeImage } from '../../../core/image/decode-image.ts';
import { brightnessOf } from '../../../core/image/thumbnail.ts';
import { verifyImage } from '../../../core/image/verify-image.ts';
import { makeTiff } from '../../support/make-tiff.ts';

const SIDE = 16;
const COUNT = SIDE * SIDE;
const fractions = Array.from({ length: COUNT }, (_, index) => index / (COUNT - 1));
const bytesOf = (values: { readonly buffer: ArrayBufferLike }) => new Uint8Array(values.buffer);
const tiff = (options: Omit<Parameters<typeof makeTiff>[0], 'width' | 'height'>) =>
  makeTiff({ width: SIDE, height: SIDE, ...options });

describe('TIFF pictures', () => {
  it.each([
    ['floating-point numbers of 32 bits', [32], 3, bytesOf(Float32Array.from(fractions))],
    ['floating-point numbers of 64 bits', [64], 3, bytesOf(Float64Array.from(fractions))],
    ['floating-point numbers of 16 bits', [16], 3, new Uint8Array(2 * COUNT)],
    ['signed integers of 32 bits', [32], 2, bytesOf(Int32Array.from(fractions, (f) => f * 2e9))],
    ['signed integers of 16 bits', [16], 2, bytesOf(Int16Array.from(fractions, (f) => f * 3e4))],
    ['signed integers of 8 bits', [8], 2, bytesOf(Int8Array.from(fractions, (f) => f * 100))],
    ['integers of 32 bits', [32], 1, bytesOf(Uint32Array.from(fractions, (f) => f * 4e9))],
    ['integers of 12 bits', [12], 1, new Uint8Array(1.5 * COUNT)],
  ] as const)('of %s are refused with what to do', async (kind, bits, sampleFormat, data) => {
    const picture = tiff({ bits, sampleFormat, data });
    const refusal = {
      code: 'image-unsupported',
      message: expect.stringContaining(`A TIFF picture of ${kind}`),
    };
    await expect(decodeImage(picture)).rejects.toMatchObject(refusal);
    await expect(verifyImage(picture)).rejects.toMatchObject(refusal);
    await expect(decodeImage(picture)).rejects.toThrow('save them as unsigned integers of 8 or 16 bits');
  });

  it('in YCbCr without JPEG are refused, in L*a*b* and of five samples too', async () => {
    const refused = (picture: Uint8Array) => expect(decodeImage(picture)).rejects;
    const three = new Uint8Array(3 * COUNT).fill(128);
    await refused(tiff({ bits: [8, 8, 8], photometric: 6, data: three })).toThrow(
      'A TIFF picture in YCbCr that is not compressed as JPEG cannot be read. Convert',
    );
    await refused(tiff({ bits: [8, 8, 8], photometric: 8, data: three })).toThrow('in L*a*b*');
    const five = new Uint8Array(5 * COUNT);
    await refused(tiff({ bits: [8, 8, 8, 8, 8], photometric: 2, data: five })).toThrow('5 samples a pixel');
  });

  it('of 8 bits and in JPEG are read as before', async () => {
    const data = Uint8Array.from({ length: COUNT }, (_, index) => index % 256);
    const { pixels } = await decodeImage(tiff({ bits: [8], data }));
    expect([...pixels.subarray(0, 6)]).toEqual([0, 0, 0, 1, 1, 1]);
    const red = sharp({ create: { width: SIDE, height: SIDE, channels: 3, background: '#ff0000' } });
    const jpeg = await decodeImage(await red.tiff({ compression: 'jpeg' }).toBuffer());
    expect([...jpeg.pixels.subarray(0, 3)]).toEqual([
      expect.closeTo(255, -1),
      expect.closeTo(0, -1),
      expect.closeTo(0, -1),
    ]);
  });
});

describe('pictures of 16 bits', () => {
  const SHARP_RAW = { width: SIDE, height: SIDE, channels: 1 } as const;
  const png = (values: readonly number[]) =>
    sharp(Uint16Array.from(values), { raw: SHARP_RAW }).toColourspace('grey16').png().toBuffer();
  const grays = async (picture: Uint8Array) =>
    (await decodeImage(picture, { channels: 1, size: { width: SIDE, height: SIDE, resize: 'stretch' } }))
      .pixels;

  it.each([
    ['near black', 0],
    ['about a bias, as of a thermal camera', 29_000],
  ])('that fill a hundredth of the range, %s, are stretched over all of it', async (_, bias) => {
    const picture = await png(fractions.map((fraction) => bias + Math.round(655 * fraction)));
    const values = await grays(picture);
    expect([values[0], values[COUNT - 1]]).toEqual([0, 255]);
    expect(values[COUNT / 2]).toBeCloseTo(128, -0.5);
    expect(brightnessOf((await verifyImage(picture)).thumbnail)).toBeCloseTo(0.5, 1);
  });

  it('are stretched in one way in all colors, whatever is transparent', async () => {
    const values = Uint16Array.from({ length: 4 * COUNT }, (_, at) =>
      at % 4 === 3 ? 65_535 : at % 4 === 0 ? (at < 4 ? 0 : 1000) : 500,
    );
    const picture = sharp(values, { raw: { ...SHARP_RAW, channels: 4 } })
      .toColourspace('rgb16')
      .png();
    const { pixels } = await decodeImage(await picture.toBuffer());
    expect([...pixels.subarray(0, 6)]).toEqual([0, 128, 128, 255, 128, 128]);
  });

  it('that fill more of the range keep their brightness', async () => {
    const values = await grays(await png(fractions.map((fraction) => Math.round(20_000 * fraction))));
    expect(values[COUNT - 1]).toBe(Math.floor(20_000 / 256));
  });

  it('of one value stay plain', async () => {
    expect(new Set(await grays(await png(fractions.map(() => 300))))).toEqual(new Set([1]));
  });
});

describe('the orientation', () => {
  const WIDTH = 40;
  const HEIGHT = 24;
  /** Four corners of different colors, which no two orientations leave in the same places. */
  const corners = Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, at) => {
    const [x, y] = [Math.floor(at / 3) % WIDTH, Math.floor(at / 3 / WIDTH)];
    return [x < WIDTH / 2 ? 240 : 20, y < HEIGHT / 2 ? 240 : 20, 128][at % 3] as number;
  });
  const picture = () => sharp(corners, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } });
  const xmpOf = (property: string) =>
    `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" ${property}</rdf:Description></rdf:RDF></x:xmpmeta>`;
  const byXmp = (orientation: number, format: 'jpeg' | 'png' | 'webp') =>
    picture()
      .withXmp(xmpOf(`tiff:Orientation="${orientation}">`))
      .toFormat(format, { lossless: true })
      .toBuffer();
  const byExif = (orientation: number) => picture().withMetadata({ orientation }).png().toBuffer();
  const size = { width: 10, height: 12, resize: 'cover' } as const;

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    '%i counts where only XMP gives it, as where EXIF does',
    async (orientation) => {
      const expected = await decodeImage(await byExif(orientation), { size });
      for (const format of ['png', 'webp'] as const) {
        const decoded = await decodeImage(await byXmp(orientation, format), { size });
        expect([decoded.originalWidth, decoded.originalHeight]).toEqual([
          expected.originalWidth,
          expected.originalHeight,
        ]);
        expect(Buffer.compare(decoded.pixels, expected.pixels)).toBe(0);
      }
      const thumbnails = [await byXmp(orientation, 'png'), await byExif(orientation)].map((bytes) =>
        verifyImage(bytes),
      );
      const [mine, other] = await Promise.all(thumbnails);
      expect(mine?.thumbnail).toEqual(other?.thumbnail);
    },
  );

  it('counts in a JPEG, and as an element', async () => {
    expect(await decodeImage(await byXmp(6, 'jpeg'))).toMatchObject({ width: HEIGHT, height: WIDTH });
    const element = picture().withXmp(xmpOf('><tiff:Orientation>6</tiff:Orientation>')).png();
    expect(await decodeImage(await element.toBuffer())).toMatchObject({ width: HEIGHT, height: WIDTH });
  });

  it.each([
    ['as an attribute', 'tiff:Orientation="6">'],
    ['as an element', '><tiff:Orientation>6</tiff:Orientation>'],
  ])('counts in a TIFF that only XMP turns, %s', async (_, property) => {
    const tiff = (orientation?: number) =>
      makeTiff({
        width: WIDTH,
        height: HEIGHT,
        bits: [8, 8, 8],
        photometric: 2,
        data: corners,
        xmp: xmpOf(property),
        ...(orientation === undefined ? {} : { orientation }),
      });
    expect(
      Buffer.compare((await decodeImage(tiff())).pixels, (await decodeImage(await byExif(6))).pixels),
    ).toBe(0);
    expect(await decodeImage(tiff(1))).toMatchObject({ width: WIDTH, height: HEIGHT });
  });

  it('of EXIF counts before that of XMP', async () => {
    const both = picture()
      .withXmp(xmpOf('tiff:Orientation="6">'))
      .withExif({ IFD0: { Orientation: '3' } });
    expect(await decodeImage(await both.png().toBuffer())).toMatchObject({ width: WIDTH, height: HEIGHT });
  });
});

describe('large pictures', () => {
  const jpeg = (options: { readonly progressive?: boolean }) =>
    sharp({ create: { width: 80, height: 60, channels: 3, background: '#336699' } })
      .jpeg(options)
      .toBuffer();
  const limits = { maxBytes: 1_000_000, maxPixels: 1200, maxFrames: 1 };
  const size = { width: 8, height: 8, resize: 'stretch' } as const;

  it('may have four times the pixels where they are baseline JPEG, which is scaled while it is decoded', async () => {
    const baseline = await jpeg({});
    expect(await decodeImage(baseline, { limits, size })).toMatchObject({ originalWidth: 80 });
    expect(await verifyImage(baseline, limits)).toMatchObject({ width: 80 });
    const tooLarge = { code: 'image-too-many-pixels' };
    await expect(decodeImage(baseline, { limits: { ...limits, maxPixels: 1199 } })).rejects.toMatchObject(
      tooLarge,
    );
    await expect(decodeImage(await jpeg({ progressive: true }), { limits, size })).rejects.toMatchObject(
      tooLarge,
    );
  });
});
