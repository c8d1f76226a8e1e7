import fc from 'fast-check';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { isFoveaError } from '../../../core/errors/errors.ts';
import { decodeImage } from '../../../core/image/decode-image.ts';
import { IMAGE_ERROR_CODES } from '../../../core/image/image-errors.ts';
import { makeBmp } from '../../support/make-bmp.ts';

const FORMATS = ['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif', 'bmp'] as const;
const SEED = 20240601;

async function codeOf(bytes: Uint8Array): Promise<string | null> {
  try {
    const { pixels, width, height } = await decodeImage(bytes, {
      size: { height: 8, width: 8, resize: 'cover' },
    });
    expect([pixels.length, width, height]).toEqual([192, 8, 8]);
    return null;
  } catch (error) {
    if (!isFoveaError(error)) throw error;
    return error.code;
  }
}

describe('decodeImage on bytes that nobody meant', () => {
  const originals = new Map<string, Uint8Array>();
  beforeAll(async () => {
    const noise = { type: 'gaussian', mean: 128, sigma: 50 } as const;
    const picture = () =>
      sharp({ create: { width: 40, height: 30, channels: 3, background: '#888888', noise } });
    for (const format of FORMATS.slice(0, -1))
      originals.set(
        format,
        await picture()
          .toFormat(format as 'png')
          .toBuffer(),
      );
    const rows = Array.from({ length: 5 }, (_, row) => [row, 1, 2]);
    const palette = Array.from(
      { length: 8 },
      (_, i) => [i, 2 * i, 3 * i, 0] as [number, number, number, number],
    );
    originals.set('bmp', makeBmp({ width: 3, height: 5, bitsPerPixel: 8, palette, rows }));
  });

  it('gives a picture or a known code for random bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        expect([null, ...IMAGE_ERROR_CODES]).toContain(await codeOf(bytes));
      }),
      { numRuns: 200, seed: SEED },
    );
  });

  it.each(FORMATS)('gives a picture or a known code for a changed or shortened %s', async (format) => {
    const original = originals.get(format) as Uint8Array;
    const change = fc.record({ at: fc.nat(original.length - 1), value: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { maxLength: 12 }),
        fc.nat(original.length),
        async (changes, length) => {
          const bytes = Uint8Array.from(original);
          for (const { at, value } of changes) bytes[at] = value;
          expect([null, ...IMAGE_ERROR_CODES]).toContain(
            await codeOf(bytes.subarray(0, length || bytes.length)),
          );
        },
      ),
      { numRuns: 150, seed: SEED },
    );
  });
});
