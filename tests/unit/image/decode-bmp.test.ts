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
  it('reads 24 bits from the bottom up, with padded rows', async () => {
    const bytes = makeBmp({
      width: 1,
      height: 2,
      bitsPerPixel: 24,
      rows: [
        [3, 2, 1],
        [6, 5, 4],
      ],
    });
    expect(await decodeBmp(bytes)).toEqual({
      width: 1,
      height: 2,
      channels: 3,
      pixels: Uint8Array.of(4, 5, 6, 1, 2, 3),
    });
  });

  it('reads rows stored from the top down', async () => {
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
    expect([...(await decodeBmp(bytes)).pixels]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it.each([
    { bitsPerPixel: 1, row: [0b0100_0000], expected: [BLACK, RED, BLACK] },
    { bitsPerPixel: 4, row: [0x12, 0x00], expected: [RED, BLUE, BLACK] },
    { bitsPerPixel: 8, row: [2, 0, 1], expected: [BLUE, BLACK, RED] },
  ])(
    'reads $bitsPerPixel bits through the palette, with an odd width and two rows',
    async ({ bitsPerPixel, row, expected }) => {
      const palette = bitsPerPixel === 1 ? BLACK_RED_BLUE.slice(0, 2) : BLACK_RED_BLUE;
      const { pixels } = await decodeBmp(
        makeBmp({ width: 3, height: 2, bitsPerPixel, palette, rows: [row, row] }),
      );
      expect([...pixels]).toEqual([...expected.flat(), ...expected.flat()]);
    },
  );

  it('takes the unused byte of 32 bits for no transparency', async () => {
    const { channels, pixels } = await decodeBmp(
      makeBmp({ width: 1, height: 1, bitsPerPixel: 32, rows: [[3, 2, 1, 0]] }),
    );
    expect([channels, ...pixels]).toEqual([3, 1, 2, 3]);
  });

  it('reads transparency where a mask announces it', async () => {
    const masks = [0xff, 0xff00, 0xff0000, 0xff000000];
    const bytes = makeBmp({
      width: 1,
      height: 1,
      bitsPerPixel: 32,
      compression: 3,
      masks,
      rows: [[1, 2, 3, 4]],
    });
    expect([...(await decodeBmp(bytes)).pixels]).toEqual([1, 2, 3, 4]);
  });

  it('stretches 5 and 6 bits to the full range', async () => {
    const masks = [0xf800, 0x07e0, 0x001f];
    const bytes = makeBmp({
      width: 2,
      height: 1,
      bitsPerPixel: 16,
      compression: 3,
      masks,
      rows: [[0xff, 0xff, 0, 0x80]],
    });
    expect([...(await decodeBmp(bytes)).pixels]).toEqual([255, 255, 255, Math.round((16 * 255) / 31), 0, 0]);
  });

  it('rejects missing rows, a color outside the palette and run-length encoding', async () => {
    const whole = makeBmp({
      width: 4,
      height: 4,
      bitsPerPixel: 24,
      rows: new Array(4).fill(new Array(12).fill(9)),
    });
    await expect(decodeBmp(whole.subarray(0, -1))).rejects.toThrow(/1 bytes of its pixels are missing/);
    const outside = makeBmp({ width: 1, height: 1, bitsPerPixel: 8, palette: BLACK_RED_BLUE, rows: [[3]] });
    await expect(decodeBmp(outside)).rejects.toThrow(/color 3 is not in its palette of 3/);
    const packed = makeBmp({
      width: 1,
      height: 1,
      bitsPerPixel: 8,
      compression: 1,
      palette: BLACK_RED_BLUE,
      rows: [[1, 0]],
    });
    await expect(decodeBmp(packed)).rejects.toThrow(/RLE8 compression/);
  });

  it.each([
    { bitsPerPixel: 8, toRow: (x: number) => [x % 3] },
    { bitsPerPixel: 24, toRow: (x: number) => [x & 255, (x >> 8) & 255, (x >> 16) & 255] },
    { bitsPerPixel: 32, toRow: (x: number) => [x & 255, (x >> 8) & 255, (x >> 16) & 255, 0] },
  ])(
    'reads rows of $bitsPerPixel bits that are longer than a slice, whole',
    async ({ bitsPerPixel, toRow }) => {
      const width = 70_001;
      const row = Array.from({ length: width }, (_, x) => toRow(x)).flat();
      const palette = bitsPerPixel === 8 ? { palette: BLACK_RED_BLUE } : {};
      const { pixels } = await decodeBmp(
        makeBmp({ width, height: 2, bitsPerPixel, rows: [row, row], ...palette }),
      );
      const expected = Array.from({ length: width }, (_, x) =>
        bitsPerPixel === 8 ? ([BLACK, RED, BLUE][x % 3] ?? []) : [(x >> 16) & 255, (x >> 8) & 255, x & 255],
      ).flat();
      expect(Buffer.from(pixels).equals(Buffer.from([...expected, ...expected]))).toBe(true);
    },
  );

  it.each([
    { width: 1000, height: 400 },
    { width: 400_000, height: 1 },
  ])('lets others have their turn while it reads $width × $height pixels', async ({ width, height }) => {
    const bytes = makeBmp({ width, height, bitsPerPixel: 1, palette: BLACK_RED_BLUE.slice(0, 2), rows: [] });
    const whole = Buffer.concat([bytes, Buffer.alloc(Math.ceil(width / 32) * 4 * height)]);
    let turns = 0;
    let next: NodeJS.Immediate;
    const takeTurn = () => {
      turns += 1;
      next = setImmediate(takeTurn);
    };
    next = setImmediate(takeTurn);
    await decodeBmp(whole);
    clearImmediate(next);
    expect(turns).toBeGreaterThanOrEqual(6);
  });
});
