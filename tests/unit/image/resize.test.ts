import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeImage } from '../../../core/image/decode-image.ts';
import { planResize } from '../../../core/image/plan-resize.ts';

const gray = (rows: readonly (readonly number[])[]) =>
  sharp(Uint8Array.from(rows.flat().flatMap((value) => [value, value, value])), {
    raw: { width: rows[0]?.length ?? 0, height: rows.length, channels: 3 },
  })
    .png()
    .toBuffer();

const reds = (pixels: Uint8Array, row: number, width: number): number[] =>
  Array.from({ length: width }, (_, column) => pixels[(row * width + column) * 3] ?? -1);

describe('scaling up', () => {
  const ROW = [0, 0, 100, 200, 200, 50];
  // Pillow 13.0: Image.fromarray(six equal rows).resize((n, n), BICUBIC), row n / 2.
  it.each([
    [12, [0, 0, 0, 18, 73, 127, 182, 211, 213, 167, 78, 37]],
    [9, [0, 0, 11, 82, 156, 208, 210, 121, 40]],
  ])('agrees with Pillow on 6 pixels to %i', async (side, expected) => {
    const size = { height: side, width: side, resize: 'stretch' } as const;
    const { pixels } = await decodeImage(await gray(new Array(6).fill(ROW)), { size });
    reds(pixels, side >> 1, side).forEach((value, column) => {
      expect(Math.abs(value - (expected[column] ?? -9))).toBeLessThanOrEqual(1);
    });
  });

  it('keeps a symmetric picture symmetric', async () => {
    const bytes = await gray([
      [10, 200, 10],
      [200, 90, 200],
      [10, 200, 10],
    ]);
    const { pixels } = await decodeImage(bytes, { size: { height: 8, width: 8, resize: 'stretch' } });
    for (let row = 0; row < 8; row++) {
      expect(reds(pixels, row, 8)).toEqual(reds(pixels, row, 8).toReversed());
      expect(reds(pixels, row, 8)).toEqual(reds(pixels, 7 - row, 8));
    }
  });

  it('scales one axis up and the other down', async () => {
    const bytes = await gray(new Array(40).fill([0, 255]));
    const { pixels, width, height } = await decodeImage(bytes, {
      size: { height: 4, width: 6, resize: 'stretch' },
    });
    expect([width, height, pixels.length]).toEqual([6, 4, 72]);
    expect([reds(pixels, 1, 6)[0], reds(pixels, 1, 6)[5]]).toEqual([0, 255]);
  });

  it('covers and contains', async () => {
    const bytes = await gray([[50, 100, 150, 200]]);
    const covered = await decodeImage(bytes, { size: { height: 8, width: 8, resize: 'cover' } });
    // Scaled by 8 and cut to the middle eight columns: between the second and the third pixel.
    expect(reds(covered.pixels, 0, 8).at(0)).toBeCloseTo(103, -1);
    expect(reds(covered.pixels, 7, 8).at(7)).toBeCloseTo(147, -1);
    const contained = await decodeImage(bytes, { size: { height: 8, width: 8, resize: 'contain' } });
    expect(
      [0, 1, 2, 3, 4, 5, 6, 7].map((row) => reds(contained.pixels, row, 8)[0] ?? -1).map((v) => v > 0),
    ).toEqual([false, false, false, true, true, false, false, false]);
  });

  it('does not compute what is cut off, however long the picture is', async () => {
    const bytes = await gray([Array.from({ length: 20_000 }, (_, i) => i % 256)]);
    const started = performance.now();
    const { pixels } = await decodeImage(bytes, { size: { height: 224, width: 224, resize: 'cover' } });
    expect(pixels).toHaveLength(224 * 224 * 3);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe('planResize', () => {
  const wide = { width: 400, height: 100 };
  it.each([
    ['stretch', { width: 50, height: 50 }, { left: 0, top: 0 }, false],
    ['cover', { width: 200, height: 50 }, { left: 75, top: 0 }, false],
    ['contain', { width: 50, height: 13 }, { left: 0, top: -19 }, false],
  ] as const)('places a wide picture by %s', (resize, scaled, place, enlarges) => {
    const plan = planResize(wide, { height: 50, width: 50, resize });
    expect(plan).toEqual({ scaled, window: { ...place, width: 50, height: 50 }, enlarges });
  });

  it('never plans an empty picture', () => {
    expect(
      planResize({ width: 10_000, height: 1 }, { height: 8, width: 8, resize: 'contain' }).scaled,
    ).toEqual({ width: 8, height: 1 });
  });
});
