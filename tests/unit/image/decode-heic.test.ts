import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeImage } from '../../../core/image/decode-image.ts';
import { IMAGE_ERROR_CODES } from '../../../core/image/image-errors.ts';
import { DEFAULT_IMAGE_LIMITS } from '../../../core/image/image-limits.ts';
import { readImageHeader } from '../../../core/image/read-image-header.ts';
import { verifyImage } from '../../../core/image/verify-image.ts';

const read = (name: string) =>
  new Uint8Array(readFileSync(path.join(import.meta.dirname, '../../fixtures/heic', `${name}.heic`)));

const QUARTERS = { red: [220, 40, 40], green: [40, 200, 40], blue: [40, 40, 220], white: [230, 230, 230] };
type Quarter = keyof typeof QUARTERS;

/** The colors of the four quarters, from the upper left to the lower right. */
async function quartersOf(bytes: Uint8Array): Promise<number[][]> {
  const { pixels, width, height } = await decodeImage(bytes);
  return [1, 3].flatMap((y) =>
    [1, 3].map((x) => {
      const at = 3 * (Math.floor((height * y) / 4) * width + Math.floor((width * x) / 4));
      return [...pixels.subarray(at, at + 3)];
    }),
  );
}

function expectColors(found: readonly number[][], expected: readonly (readonly number[])[]) {
  found.forEach((color, quarter) => {
    color.forEach((value, channel) => {
      expect(Math.abs(value - (expected[quarter]?.[channel] ?? -99)), `${color}`).toBeLessThanOrEqual(2);
    });
  });
}
const expectQuarters = async (bytes: Uint8Array, expected: readonly Quarter[]) =>
  expectColors(
    await quartersOf(bytes),
    expected.map((name) => QUARTERS[name]),
  );

const UPRIGHT: readonly Quarter[] = ['red', 'green', 'blue', 'white'];

describe('a HEIC picture', () => {
  it.each<[number, number, number, readonly Quarter[]]>([
    [1, 96, 64, UPRIGHT],
    [2, 96, 64, ['green', 'red', 'white', 'blue']],
    [3, 96, 64, ['white', 'blue', 'green', 'red']],
    [4, 96, 64, ['blue', 'white', 'red', 'green']],
    [5, 64, 96, ['red', 'blue', 'green', 'white']],
    [6, 64, 96, ['blue', 'red', 'white', 'green']],
    [7, 64, 96, ['white', 'green', 'blue', 'red']],
    [8, 64, 96, ['green', 'white', 'red', 'blue']],
  ])(
    'of orientation %i is turned once, although EXIF says it too',
    async (orientation, width, height, quarters) => {
      const bytes = read(`orientation-${orientation}`);
      expect(await readImageHeader(bytes)).toMatchObject({ format: 'heic', kind: 'HEIC', width, height });
      expect(await decodeImage(bytes)).toMatchObject({ width, height, channels: 3, format: 'heic' });
      await expectQuarters(bytes, quarters);
    },
  );

  it('of tiles is put together', async () => {
    await expectQuarters(read('tiles'), UPRIGHT);
  });

  it('in Display P3 becomes sRGB', async () => {
    // As sRGB the stored values would be 220, 40, 40; this red of Display P3 is more saturated.
    const [red] = await quartersOf(read('display-p3'));
    expect(red?.[0]).toBeGreaterThan(235);
    expect(red?.[1]).toBeLessThan(15);
  });

  it('with transparency lies on white', async () => {
    expectColors(await quartersOf(read('alpha')), [
      QUARTERS.red,
      [255, 255, 255],
      QUARTERS.blue,
      [255, 255, 255],
    ]);
  });

  it('of 10 bits becomes one of 8', async () => {
    await expectQuarters(read('ten-bits'), UPRIGHT);
  });

  it('of several is the primary one', async () => {
    const bytes = read('second-is-primary');
    expect(await readImageHeader(bytes)).toMatchObject({ width: 48, height: 32, frames: 2 });
    await expectQuarters(bytes, ['green', 'red', 'white', 'blue']);
  });

  it('is scaled, verified and decoded at the same time', async () => {
    const size = { width: 8, height: 8, resize: 'stretch' } as const;
    const [small, verified, ...others] = await Promise.all([
      decodeImage(read('orientation-1'), { size }),
      verifyImage(read('orientation-1')),
      ...Array.from({ length: 6 }, () => decodeImage(read('orientation-1'))),
    ]);
    expect(small).toMatchObject({ width: 8, height: 8, originalWidth: 96, originalHeight: 64 });
    expect(verified).toMatchObject({ format: 'heic', isFlat: false });
    for (const { pixels } of others) expect(pixels).toEqual(others[0]?.pixels);
  });

  it('has fewer pixels than others, since it is held whole', async () => {
    const limits = { ...DEFAULT_IMAGE_LIMITS, maxPixels: 2 * 96 * 64 };
    await expect(readImageHeader(read('orientation-1'), limits)).resolves.toBeDefined();
    await expect(readImageHeader(read('ten-bits'), limits)).rejects.toMatchObject({
      code: 'image-too-many-pixels',
    });
    await expect(
      readImageHeader(read('orientation-1'), { ...limits, maxPixels: limits.maxPixels - 2 }),
    ).rejects.toMatchObject({ code: 'image-too-many-pixels' });
  });
});

describe('a damaged HEIC picture', () => {
  it.each(['orientation-6', 'tiles', 'alpha'])('that is cut off (%s) is refused', async (name) => {
    const bytes = read(name);
    const lengths = [1, 5, 9].map((tenths) => Math.floor((bytes.length * tenths) / 10));
    for (const length of [11, ...lengths, bytes.length - 1]) {
      const error = await verifyImage(bytes.slice(0, length)).catch((caught: unknown) => caught);
      expect(error, `${length} bytes`).toMatchObject({
        code: expect.stringMatching(/^image-(corrupt|unsupported)$/),
      });
    }
  });

  it('with a damaged tile is refused, not half blank', async () => {
    const bytes = read('tiles');
    // The video stream of the first tile starts behind its length, 4 bytes, in the box of the data.
    const at = Buffer.from(bytes).indexOf('mdat') + 4;
    await expect(decodeImage(bytes)).resolves.toBeDefined();
    bytes.fill(0xff, at, at + 24);
    await expect(decodeImage(bytes)).rejects.toMatchObject({ code: 'image-corrupt' });
  });

  it('decodes or is refused, whatever bits are wrong', async () => {
    const whole = read('tiles');
    const codes: readonly string[] = IMAGE_ERROR_CODES;
    const outcomes = await Promise.all(
      Array.from({ length: 24 }, async (_, index) => {
        const bytes = whole.slice();
        const at = (index * 7919) % bytes.length;
        bytes[at] = (bytes[at] ?? 0) ^ (1 << (index % 8));
        return decodeImage(bytes).then(
          () => 'decoded',
          ({ code }) => code,
        );
      }),
    );
    for (const outcome of outcomes) expect(['decoded', ...codes]).toContain(outcome);
  });

  it('of another size than its header says is refused', async () => {
    const bytes = read('orientation-1');
    // ispe: version and flags, then width and height.
    const at = Buffer.from(bytes).indexOf('ispe') + 8;
    new DataView(bytes.buffer).setUint32(at, 32);
    await expect(decodeImage(bytes)).rejects.toMatchObject({ code: 'image-corrupt' });
  });
});
