// Every hard picture of the development data gives a picture or a typed error, in a process of its own whose memory and
// time are measured. The inventory was written by Pillow, so sizes and orientations come from another decoder.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { IMAGE_ERROR_CODES } from '../../core/image/image-errors.ts';
import type { DecodeReport } from '../support/decode-folder.ts';
import { hasSharedData, SHARED_DATA } from '../support/shared-data.ts';

const FOLDER = path.join(SHARED_DATA, 'nasty');
const MAX_RSS_MB = 512;
const MAX_FILE_MS = 2000;
const TURNED = new Set(['5', '6', '7', '8']);

const inventory = () =>
  readFileSync(path.join(FOLDER, 'INVENTORY.tsv'), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => {
      const [file = '', category = '', , , , width, height, , , orientation = '', refused = ''] =
        line.split('\t');
      const [w, h] = [Number(width), Number(height)];
      return {
        file,
        category,
        size: TURNED.has(orientation) ? [h, w] : [w, h],
        refused: refused.startsWith('OPEN'),
      };
    });

describe.skipIf(!hasSharedData('nasty', 'INVENTORY.tsv'))('hard pictures', () => {
  let report: DecodeReport;
  beforeAll(async () => {
    const script = path.resolve(import.meta.dirname, '../support/decode-folder.ts');
    const files = inventory().map(({ file }) => path.join(FOLDER, file));
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script, ...files], {
      maxBuffer: 1e7,
    });
    report = JSON.parse(stdout) as DecodeReport;
  });

  const of = (file: string) => {
    const entry = report.files[path.join(FOLDER, file)];
    if (entry === undefined) throw new Error(`${file} is not in the report`);
    return entry;
  };

  it('gives a picture or a typed error for each, in bounded time and memory', () => {
    expect(Object.keys(report.files)).toHaveLength(inventory().length);
    const times = Object.values(report.files).map(({ ms }) => ms);
    console.info(`${times.length} files, slowest ${Math.max(...times)} ms, peak ${report.maxRssMb} MB`);
    for (const [file, { code, ms }] of Object.entries(report.files)) {
      if (code !== null) expect(IMAGE_ERROR_CODES, file).toContain(code);
      expect(ms, file).toBeLessThan(MAX_FILE_MS);
    }
    expect(report.maxRssMb).toBeLessThan(MAX_RSS_MB);
  });

  it('agrees with Pillow on the size of what both read', () => {
    for (const { file, size, refused } of inventory()) {
      const { code, width, height } = of(file);
      if (code === null && !refused) expect([width, height], file).toEqual(size);
    }
  });

  it.each([
    ['pillow/zero_width.gif', 'image-zero-size'],
    ['pillow/truncated_jpeg.jpg', 'image-corrupt'],
    ['pillow/truncated_image.png', 'image-corrupt'],
    ['pillow/hopper.heif', null],
    ['sharp/relax.jp2', 'image-unsupported'],
    ['sharp/check.svg', 'image-unsupported'],
    ['sharp/65536-uint32-limit.png', 'image-too-many-pixels'],
    ['pngsuite/xs1n0g01.png', 'image-unsupported'],
    ['pillow/hopper.avif', null],
    ['pillow/pil_sample_cmyk.jpg', null],
    ['pillow/junk_jpeg_header.jpg', null],
  ])('gives for %s %s', (file, code) => {
    expect(of(file).code).toBe(code);
  });

  it.each([
    ...[3, 6, 8].map(
      (n) => [`exif-orientation/Landscape_${n}.jpg`, 'exif-orientation/Landscape_1.jpg'] as const,
    ),
    ...[2, 4, 5, 7].map((n) => [`pillow/hopper_orientation_${n}.jpg`, 'pillow/hopper.jpg'] as const),
    ...[3, 6, 8].map((n) => [`pillow/hopper_orientation_${n}.webp`, 'pillow/hopper.jpg'] as const),
  ])('brings %s upright', (turned, upright) => {
    const [a, b] = [of(turned).thumbnail, of(upright).thumbnail];
    const difference = a.reduce((sum, value, index) => sum + Math.abs(value - (b[index] ?? 0)), 0) / a.length;
    expect(difference).toBeLessThan(4);
  });
});
