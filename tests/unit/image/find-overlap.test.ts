// Copies in another cut, and drawn shapes that only look alike.

import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { OVERLAP_SIDE, overlapOf } from '../../../core/image/find-overlap.ts';
import { uniformAt } from '../../../core/random.ts';

const small = async (picture: Sharp): Promise<Uint8Array> =>
  picture.resize(OVERLAP_SIDE, OVERLAP_SIDE, { fit: 'fill' }).grayscale().raw().toBuffer();

/** A digit of 8 × 8 gray values, enlarged with smooth edges. */
const digit = (rows: string) =>
  small(
    sharp(
      Uint8Array.from(rows.replace(/\s/g, ''), (value) => 28 * Number(value)),
      { raw: { width: 8, height: 8, channels: 1 } },
    ),
  );
const ONE = '00069300 00069300 00299300 06999200 03489100 00089100 00069100 00049400';
const OTHER_ONE = '00077300 00069500 00289300 04899100 00199200 00199300 00199300 00069600';

describe('overlapOf', () => {
  it('finds a cut of a scene in it, details and all', async () => {
    // Large shapes, with details in them.
    const cells = Uint8Array.from({ length: 48 * 36 }, (_, i) => {
      const [x, y] = [i % 48, Math.floor(i / 48)];
      return 190 * uniformAt(1, 4 * Math.floor(y / 12) + Math.floor(x / 12)) + 60 * uniformAt(2, i);
    });
    const whole = await sharp(cells, { raw: { width: 48, height: 36, channels: 1 } })
      .resize(240, 180)
      .png()
      .toBuffer();
    const cut = sharp(whole).extract({ left: 24, top: 9, width: 210, height: 162 });
    const { whole: correlation, detail } = overlapOf(await small(cut), await small(sharp(whole)));
    expect(correlation).toBeGreaterThan(0.94);
    expect(detail).toBeGreaterThan(0.8);
  });

  it('does not take digits of one kind for copies: their details differ', async () => {
    const [one, other] = [await digit(ONE), await digit(OTHER_ONE)];
    const { whole, detail } = overlapOf(one, other);
    expect(whole).toBeGreaterThan(0.94);
    expect(detail).toBeLessThan(0.8);
    expect(overlapOf(one, one)).toMatchObject({ whole: expect.closeTo(1, 5), detail: expect.closeTo(1, 5) });
  });
});
