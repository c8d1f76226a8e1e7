// What the code beside a model decodes, held against the server: gray, palettes, transparency, CMYK, and color profiles.

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeImage } from '../../../core/image/decode-image.ts';
import { embedProfile, grayProfile } from '../../support/color-profile.ts';
import { preparePython } from '../../support/python-environment.ts';

const run = promisify(execFile);
/** Pillow with LittleCMS 2.19, as libvips: earlier ones turn CMYK into colors that differ by up to 22 levels. */
const PACKAGES = ['numpy==2.2.6', 'pillow==13.0.0'];
const CODE = path.join(import.meta.dirname, '../../../core/certificate/code/preprocess.py');
/** Every value with every opacity. */
const SIDE = 256;

const valuesOf = (channels: 1 | 2 | 3 | 4) =>
  Buffer.from(
    Array.from({ length: SIDE * SIDE }, (_, i) => {
      const [x, y] = [i % SIDE, Math.floor(i / SIDE)];
      const color = channels < 3 ? [x] : [x, 255 - x, (7 * x) % SIDE];
      return channels % 2 === 0 ? [...color, y] : color;
    }).flat(),
  );
const draw = (channels: 1 | 2 | 3 | 4) =>
  sharp(valuesOf(channels), { raw: { width: SIDE, height: SIDE, channels } });
const pngOf = (channels: 1 | 2 | 3 | 4) =>
  (channels < 3 ? draw(channels).toColourspace('b-w') : draw(channels)).png().toBuffer();

/** Pictures by name, and how many levels a value may differ: a profile is applied in other whole numbers. */
async function makePictures(): Promise<Readonly<Record<string, readonly [picture: Buffer, levels: number]>>> {
  const linear = grayProfile(1);
  const { icc: p3 } = await sharp(await draw(3).withIccProfile('p3').png().toBuffer()).metadata();
  if (p3 === undefined) throw new Error('The picture has no profile.');
  const palette = await draw(4).png({ palette: true, colours: 64, effort: 1 }).toBuffer();
  const opaquePalette = await draw(3).png({ palette: true, colours: 64, effort: 1 }).toBuffer();
  const gray16 = await draw(1).toColourspace('grey16').png().toBuffer();
  return {
    'gray.png': [await pngOf(1), 0],
    'gray-linear.png': [embedProfile(await pngOf(1), linear), 0],
    'gray-of-another-kind.png': [embedProfile(await pngOf(1), p3), 0],
    'gray-16.png': [gray16, 0],
    'gray-16-linear.png': [embedProfile(gray16, linear), 0],
    'gray-alpha.png': [await pngOf(2), 0],
    'gray-alpha-linear.png': [embedProfile(await pngOf(2), linear), 0],
    'rgb-p3.png': [embedProfile(await pngOf(3), p3), 1],
    'rgb-of-another-kind.png': [embedProfile(await pngOf(3), linear), 0],
    'rgb-broken.png': [embedProfile(await pngOf(3), p3.subarray(0, 100)), 0],
    'rgba.png': [await pngOf(4), 0],
    'rgba-p3.png': [embedProfile(await pngOf(4), p3), 1],
    'rgba-p3.webp': [await draw(4).withIccProfile('p3').webp({ lossless: true }).toBuffer(), 1],
    'palette.png': [palette, 0],
    'palette-p3.png': [embedProfile(palette, p3), 1],
    'palette-opaque-p3.png': [embedProfile(opaquePalette, p3), 1],
    'cmyk.jpg': [
      await draw(3).toColourspace('cmyk').withIccProfile('cmyk').jpeg({ quality: 95 }).toBuffer(),
      1,
    ],
  };
}

let folder: string;
let pictures: Awaited<ReturnType<typeof makePictures>>;
beforeAll(async () => {
  pictures = await makePictures();
  folder = await mkdtemp(path.join(os.tmpdir(), 'fovea-decoding-'));
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

describe("the certificate's code", () => {
  it('decodes in Python as the server does, and refuses CMYK without a profile', async ({ skip }) => {
    const tools = await preparePython('test-certificate', PACKAGES).catch((error: Error) => {
      console.warn(`skipped: decoding in Python: ${error.message.split('\n')[0]}`);
    });
    if (tools === undefined) return skip();
    const cmyk = path.join(folder, 'cmyk-alone.tiff');
    await writeFile(cmyk, await draw(3).toColourspace('cmyk').tiff().toBuffer());
    for (const [name, [picture]] of Object.entries(pictures))
      await writeFile(path.join(folder, name), picture);
    const files = Object.keys(pictures).map((name) => path.join(folder, name));
    const script = path.join(import.meta.dirname, 'try-decoding.py');
    const { stderr } = await run(path.join(tools, 'python'), [script, CODE, ...files, cmyk]);
    expect(stderr).toBe('');
    for (const [name, [picture, levels]] of Object.entries(pictures)) {
      const { pixels } = await decodeImage(picture);
      const found = await readFile(path.join(folder, `${name}.rgb`));
      expect([name, found.length]).toEqual([name, pixels.length]);
      const largest = pixels.reduce((most, value, i) => Math.max(most, Math.abs(value - (found[i] ?? 0))), 0);
      expect([name, largest <= levels, largest]).toEqual([name, true, largest]);
    }
    expect(await readFile(`${cmyk}.refused`, 'utf8')).toMatch(/CMYK without a color profile/);
  }, 120_000);

  it('is right about sharp, which decodes as the server does', async () => {
    const cmyk = await draw(3).toColourspace('cmyk').tiff().toBuffer();
    for (const [name, picture] of [
      ...Object.entries(pictures).map(([key, [bytes]]) => [key, bytes] as const),
      ['cmyk alone', cmyk] as const,
    ]) {
      // As the comment of preprocess.mjs says.
      const data = await sharp(picture)
        .rotate()
        .flatten({ background: '#fff' })
        .toColourspace('srgb')
        .removeAlpha()
        .raw()
        .toBuffer();
      expect([name, data.equals((await decodeImage(picture)).pixels)]).toEqual([name, true]);
    }
  });
});
