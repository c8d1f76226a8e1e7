import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeImage } from '../../../core/image/decode-image.ts';
import { DEFAULT_IMAGE_LIMITS } from '../../../core/image/image-limits.ts';
import { verifyImage } from '../../../core/image/verify-image.ts';
import { makeBmp } from '../../support/make-bmp.ts';

/** 3 × 2: red, green, blue above black, white, gray. */
const SIX = Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 128, 128, 128);
const six = () => sharp(SIX, { raw: { width: 3, height: 2, channels: 3 } });
const plain = (
  width: number,
  height: number,
  background: string | { r: number; g: number; b: number; alpha: number },
) => sharp({ create: { width, height, channels: typeof background === 'string' ? 3 : 4, background } });

describe('decodeImage', () => {
  it.each(['png', 'tiff'] as const)('gives the pixels of a lossless %s', async (format) => {
    const image = await decodeImage(
      await six()
        .toFormat(format, format === 'tiff' ? { compression: 'lzw' } : {})
        .toBuffer(),
    );
    expect(image).toMatchObject({
      width: 3,
      height: 2,
      channels: 3,
      format,
      originalWidth: 3,
      originalHeight: 2,
    });
    expect([...image.pixels]).toEqual([...SIX]);
  });

  it('applies the EXIF orientation', async () => {
    const image = await decodeImage(await six().withMetadata({ orientation: 6 }).png().toBuffer());
    expect([image.width, image.height, image.originalWidth, image.originalHeight]).toEqual([2, 3, 2, 3]);
    // A quarter turn clockwise: the lower left corner comes to the upper left.
    expect([...image.pixels.subarray(0, 6)]).toEqual([0, 0, 0, 255, 0, 0]);
  });

  it('lays transparency on white, also with 16 bits', async () => {
    const clear = plain(2, 2, { r: 0, g: 0, b: 0, alpha: 0 });
    expect([...(await decodeImage(await clear.png().toBuffer())).pixels]).toEqual(new Array(12).fill(255));
    const half = plain(2, 2, { r: 10, g: 200, b: 30, alpha: 0.5 }).toColourspace('rgb16');
    const { pixels } = await decodeImage(await half.png().toBuffer());
    expect([...pixels.subarray(0, 3)]).toEqual([132, 227, 142]);
  });

  it('turns gray, 16-bit gray and CMYK into RGB', async () => {
    const gray = await decodeImage(await plain(2, 2, '#808080').toColourspace('b-w').png().toBuffer());
    const deep = await decodeImage(await plain(2, 2, '#808080').toColourspace('grey16').png().toBuffer());
    const print = await decodeImage(await plain(2, 2, '#ff0000').toColourspace('cmyk').jpeg().toBuffer());
    expect([...gray.pixels.subarray(0, 3)]).toEqual([128, 128, 128]);
    expect([...deep.pixels.subarray(0, 3)]).toEqual([128, 128, 128]);
    expect(print.pixels[0]).toBeGreaterThan(200);
    expect(print.pixels[1]).toBeLessThan(60);
  });

  it('gives luma for one channel, and leaves gray values as they are', async () => {
    const { pixels, channels } = await decodeImage(await six().png().toBuffer(), { channels: 1 });
    expect(channels).toBe(1);
    expect([...pixels]).toEqual([76, 150, 29, 0, 255, 128]);
  });

  it('takes the first frame of an animation', async () => {
    const frames = [plain(4, 4, '#ff0000'), plain(4, 4, '#0000ff')].map((frame) => frame.png().toBuffer());
    const gif = await sharp(await Promise.all(frames), { join: { animated: true } })
      .gif()
      .toBuffer();
    const image = await decodeImage(gif);
    expect([image.width, image.height, ...image.pixels.subarray(0, 3)]).toEqual([4, 4, 255, 0, 0]);
  });

  it('reads a BMP through the same path', async () => {
    const rows = [[30, 20, 10, 30, 20, 10]];
    const bytes = makeBmp({ width: 2, height: 1, bitsPerPixel: 24, rows });
    const image = await decodeImage(bytes, { size: { height: 1, width: 1, resize: 'stretch' } });
    expect(image).toMatchObject({ width: 1, height: 1, originalWidth: 2, format: 'bmp' });
    expect([...image.pixels]).toEqual([10, 20, 30]);
  });

  it('stretches, cuts the edges off, or adds black ones', async () => {
    const wide = await sharp({ create: { width: 80, height: 40, channels: 3, background: '#ffffff' } })
      .composite([{ input: await plain(20, 40, '#ff0000').png().toBuffer(), left: 0, top: 0 }])
      .png()
      .toBuffer();
    const at = async (resize: 'stretch' | 'cover' | 'contain', row: number, column: number) => {
      const { pixels } = await decodeImage(wide, { size: { height: 20, width: 20, resize } });
      return [...pixels.subarray((row * 20 + column) * 3, (row * 20 + column) * 3 + 3)];
    };
    expect(await at('stretch', 10, 1)).toEqual([255, 0, 0]);
    expect(await at('cover', 10, 1)).toEqual([255, 255, 255]);
    expect(await at('contain', 1, 10)).toEqual([0, 0, 0]);
    expect(await at('contain', 10, 1)).toEqual([255, 0, 0]);
  });

  it('gives the same pixels twice', async () => {
    const bytes = await plain(300, 200, '#345678').composite([]).jpeg().toBuffer();
    const size = { height: 64, width: 64, resize: 'cover' } as const;
    expect((await decodeImage(bytes, { size })).pixels).toEqual((await decodeImage(bytes, { size })).pixels);
  });

  it('rejects with a code, the value and the limit', async () => {
    const png = await plain(30, 20, '#000000').png().toBuffer();
    const rejects = (bytes: Uint8Array, code: string, message: RegExp, limits = {}) =>
      expect(decodeImage(bytes, { limits: { ...DEFAULT_IMAGE_LIMITS, ...limits } })).rejects.toMatchObject({
        code,
        message: expect.stringMatching(message),
      });
    await rejects(new Uint8Array(), 'image-empty', /0 bytes/);
    await rejects(png, 'image-too-large', new RegExp(`has ${png.length} bytes; at most 50`), {
      maxBytes: 50,
    });
    await rejects(png, 'image-too-many-pixels', /30 × 20 = 600 pixels; a picture may have at most 599/, {
      maxPixels: 599,
    });
    await rejects(new TextEncoder().encode('<svg/>'), 'image-unsupported', /an SVG drawing/);
    await rejects(
      new TextEncoder().encode('GIF89a<svg xmlns="http://www.w3.org/2000/svg"/>'),
      'image-too-many-pixels',
      /./,
    );
    await rejects(png.subarray(0, 40), 'image-corrupt', /PNG picture is damaged/);
  });

  it('rejects a JPEG that is cut off, scaled down or not', async () => {
    const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
    const bytes = await sharp({
      create: { width: 900, height: 900, channels: 3, background: '#777777', noise },
    })
      .jpeg()
      .toBuffer();
    const size = { height: 32, width: 32, resize: 'stretch' } as const;
    // What libvips says is not of this picture alone, where others are decoded beside it.
    const message =
      'The JPEG picture is damaged or incomplete: its data cannot be read. Export it again from its source.';
    const corrupt = { code: 'image-corrupt', message };
    await expect(decodeImage(bytes.subarray(0, -200))).rejects.toMatchObject(corrupt);
    await expect(decodeImage(bytes.subarray(0, -20_000), { size })).rejects.toMatchObject(corrupt);
    expect((await decodeImage(bytes, { size })).width).toBe(32);
    // Verifying is stricter than decoding to this size, which does not use the last rows.
    await expect(verifyImage(bytes.subarray(0, -200))).rejects.toMatchObject(corrupt);
    expect(await verifyImage(bytes)).toMatchObject({ width: 900, height: 900, format: 'jpeg' });
  });

  it('counts frames, and weighs kinds that take much memory', async () => {
    const frames = ['#ff0000', '#00ff00', '#0000ff'].map((color) => plain(4, 4, color).png().toBuffer());
    const gif = await sharp(await Promise.all(frames), { join: { animated: true } })
      .gif()
      .toBuffer();
    const tight = (changes: object) => ({ limits: { ...DEFAULT_IMAGE_LIMITS, ...changes } });
    await expect(decodeImage(gif, tight({ maxFrames: 2 }))).rejects.toMatchObject({
      code: 'image-too-many-frames',
    });
    const avif = await plain(40, 40, '#123456').avif({ effort: 0 }).toBuffer();
    await expect(decodeImage(avif, tight({ maxPixels: 4799 }))).rejects.toThrow(
      /\(AVIF\).* may have at most 1599/,
    );
    expect((await decodeImage(avif, tight({ maxPixels: 4800 }))).width).toBe(40);
  });

  it('stops when it is told to', async () => {
    const bytes = await six().png().toBuffer();
    await expect(decodeImage(bytes, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow(
      'enough',
    );
  });
});
