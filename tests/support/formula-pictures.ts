// Pictures that are computed, so that scripts in other languages can compute the same ones: tests/fixtures/imports/make_imports.py.

import sharp from 'sharp';

export const FORMULA_PICTURES = 10;

/** Pixels of picture `k`, RGB. */
export const formulaPixels = (k: number, side: number): Uint8Array =>
  Uint8Array.from({ length: side * side * 3 }, (_, i) => {
    const base = (Math.floor((i * i * (k + 3)) / 7) + i * (37 + k * 11)) % 256;
    return Math.floor((base * (1 + ((k * ((i % 3) + 1)) % 10))) / 10);
  });

/** All pictures as PNG files, which lose nothing. */
export const formulaPictures = (side: number): Promise<Uint8Array[]> =>
  Promise.all(
    Array.from({ length: FORMULA_PICTURES }, (_, k) =>
      sharp(formulaPixels(k, side), { raw: { width: side, height: side, channels: 3 } })
        .png()
        .toBuffer(),
    ),
  );
