import { describe, expect, it } from 'vitest';
import { decodeBmp } from '../../../core/image/decode-bmp.ts';
import { makeBmp } from '../../support/make-bmp.ts';

const BLACK_RED_BLUE = [
  [0, 0, 0, 0],
  [0, 0, 255, 0],
  [255, 0, 0, 0],
] as const;
const [BLACK, RED, BLUE] = [
  [0, 0, 0],
  [255, 0, 0],
  [0, 0, 255],
];

describe('decodeBmp', () => {
  it('reads 24 bits from the bottom up, with padded rows', () => {
    const bytes = makeBmp({
      width: 1,
      height: 2,
      bitsPerPixel: 24,
      rows: [
        [3, 2, 1],
        [6, 5, 4],
      ],
    });
    expect(decodeBmp(bytes)).toEqual({
      width: 1,
      height: 2,
      channels: 3,
      pixels: Uint8Array.of(4, 5, 6, 1, 2, 3),
    });
  });

  it('reads rows stored from the top down', () => {
    const bytes = makeBmp({
      width: 1,
      height: 2,
      bitsPerPixel: 24,
      topDown: true,
      rows: [
        [3, 2, 1],
        [6, 5, 4],
      ],
    });
    expect([...decodeBmp(bytes).pixels]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it.each([
    { bitsPerPixel: 1, row: [0b0100_0000], expected: [BLACK, RED, BLACK] },
    { bitsPerPixel: 4, row: [0x12, 0x00], expected: [RED, BLUE, BLACK] },
    { bitsPerPixel: 8, row: [2, 0, 1], expected: [BLUE, BLACK, RED] },
  ])(
    'reads $bitsPerPixel bits through the palette, with an odd width and two rows',
    ({ bitsPerPixel, row, expected }) => {
      const palette = bitsPerPixel === 1 ? BLACK_RED_BLUE.slice(0, 2) : BLACK_RED_BLUE;
      const { pixels } = decodeBmp(makeBmp({ width: 3, height: 2, bitsPerPixel, palette, rows: [row, row] }));
      expect([...pixels]).toEqual([...expected.flat(), ...expected.flat()]);
    },
  );

  it('takes the unused byte of 32 bits for no transparency', () => {
    const { channels, pixels } = decodeBmp(
      makeBmp({ width: 1, height: 1, bitsPerPixel: 32, rows: [[3, 2, 1, 0]] }),
    );
    expect([channels, ...pixels]).toEqual([3, 1, 2, 3]);
  });

  it('reads transparency where a mask announces it', () => {
    const masks = [0xff, 0xff00, 0xff0000, 0xff000000];
    const bytes = makeBmp({
      width: 1,
      height: 1,
      bitsPerPixel: 32,
      compression: 3,
      masks,
      rows: [[1, 2, 3, 4]],
    });
    expect([...decodeBmp(bytes).pixels]).toEqual([1, 2, 3, 4]);
  });

  it('stretches 5 and 6 bits to the full range', () => {
    const masks = [0xf800, 0x07e0, 0x001f];
    const bytes = makeBmp({
      width: 2,
      height: 1,
      bitsPerPixel: 16,
      compression: 3,
      masks,
      rows: [[0xff, 0xff, 0, 0x80]],
    });
    expect([...decodeBmp(bytes).pixels]).toEqual([255, 255, 255, Math.round((16 * 255) / 31), 0, 0]);
  });

  it('rejects missing rows, a color outside the palette and run-length encoding', () => {
    const whole = makeBmp({
      width: 4,
      height: 4,
      bitsPerPixel: 24,
      rows: new Array(4).fill(new Array(12).fill(9)),
    });
    expect(() => decodeBmp(whole.subarray(0, -1))).toThrow(/1 bytes of its pixels are missing/);
    const outside = makeBmp({ width: 1, height: 1, bitsPerPixel: 8, palette: BLACK_RED_BLUE, rows: [[3]] });
    expect(() => decodeBmp(outside)).toThrow(/color 3 is not in its palette of 3/);
    const packed = makeBmp({
      width: 1,
      height: 1,
      bitsPerPixel: 8,
      compression: 1,
      palette: BLACK_RED_BLUE,
      rows: [[1, 0]],
    });
    expect(() => decodeBmp(packed)).toThrow(/RLE8 compression/);
  });
});
