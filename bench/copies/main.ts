// How well pixels tell copies in another cut from other pictures of the same motif: correlations of both kinds of pairs.
//
//   node --import tsx bench/copies/main.ts FOLDER
//
// The folder has a subfolder for each class; pictures that follow each other by name are of the same motif.

import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { quantile } from '../../core/evaluation/bootstrap.ts';
import { decodeImage } from '../../core/image/decode-image.ts';
import { OVERLAP_SIDE, type Overlap, overlapOf } from '../../core/image/find-overlap.ts';
import { present } from '../../core/present.ts';

const folder = present(process.argv[2], 'usage: node --import tsx bench/copies/main.ts FOLDER');
/** Every so many-th picture is cut. */
const EVERY = 6;
/** Cuts by shares of the sides: left, top, width, height. */
const CUTS = {
  'cropped to 0.95': [0.025, 0.025, 0.95, 0.95],
  'cropped to 0.9': [0.05, 0.05, 0.9, 0.9],
  'cropped to 0.8': [0.1, 0.1, 0.8, 0.8],
  'shifted by 0.05': [0.05, 0.03, 0.95, 0.97],
  'shifted by 0.1': [0.1, 0.05, 0.9, 0.95],
  'shifted by 0.2': [0.2, 0.1, 0.8, 0.9],
} as const;

const small = async (bytes: Uint8Array): Promise<Uint8Array> =>
  (
    await decodeImage(bytes, {
      channels: 1,
      size: { height: OVERLAP_SIDE, width: OVERLAP_SIDE, resize: 'stretch' },
    })
  ).pixels;

const correlations = new Map<string, number[]>();
const add = (kind: string, { whole, detail }: Overlap) => {
  for (const [name, value] of [
    [kind, whole],
    [`${kind}: details`, detail],
  ] as const)
    correlations.set(name, [...(correlations.get(name) ?? []), value]);
};
for (const label of (await readdir(folder)).sort()) {
  const files = (await readdir(path.join(folder, label))).sort();
  let before: Uint8Array | undefined;
  for (const [index, file] of files.entries()) {
    const bytes = await readFile(path.join(folder, label, file));
    const whole = await small(bytes);
    if (before !== undefined) add('the next picture of the class', overlapOf(whole, before));
    before = whole;
    if (index % EVERY !== 0) continue;
    const upright = await sharp(bytes).rotate().toBuffer({ resolveWithObject: true });
    for (const [kind, [left, top, width, height]] of Object.entries(CUTS)) {
      const area = {
        left: Math.round(left * upright.info.width),
        top: Math.round(top * upright.info.height),
        width: Math.floor(width * upright.info.width),
        height: Math.floor(height * upright.info.height),
      };
      const cut = await sharp(upright.data).extract(area).jpeg({ quality: 85 }).toBuffer();
      add(kind, overlapOf(await small(cut), whole));
    }
    add('mirrored', overlapOf(await small(await sharp(bytes).rotate().flop().jpeg().toBuffer()), whole));
  }
}
console.log('| pair | pairs | least | 5 % | median | 95 % | greatest |\n|---|---:|---:|---:|---:|---:|---:|');
for (const [kind, values] of correlations) {
  const sorted = values.toSorted((a, b) => a - b);
  const row = [0, 0.05, 0.5, 0.95, 1].map((share) => quantile(sorted, share).toFixed(3));
  console.log(`| ${[kind, sorted.length, ...row].join(' | ')} |`);
}
