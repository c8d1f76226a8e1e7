// Finds pictures of one plain color, on which nothing can be trained: mostly masks, empty pages, or pictures in their transparency.

import { FLAT_LEVELS } from '../image/thumbnail.ts';
import type { Picture } from './drop-duplicates.ts';
import type { FindingList } from './findings.ts';

/** Where more than this share of all pictures is of the same plain color, the job stops. */
const MOSTLY = 0.5;
const CHANNELS = [0, 1, 2] as const;

/**
 * Reports each flat picture, and an error where most pictures of the dataset are of the same plain color. Plain pictures of different
 * colors, e.g. of paints, can be told apart.
 */
export function checkFlat(pictures: readonly Picture[], findings: FindingList): void {
  const flat = pictures.filter(({ isFlat }) => isFlat);
  for (const { key } of flat)
    findings.add(
      'picture-flat',
      key,
      `"${key}" is of one plain color: its pixels differ by at most ${FLAT_LEVELS} levels of 255. It may be a mask of 0 and 1, an ` +
        'empty page, or a motif that is only in the transparency. Save it as it should look, or remove it.',
    );
  const colors = flat.flatMap(({ thumbnail }) => (thumbnail === null ? [] : [thumbnail]));
  const middle = CHANNELS.map((channel) => {
    const values = colors.map((color) => color[channel] as number).sort((a, b) => a - b);
    return values[values.length >> 1] ?? 0;
  });
  const same = colors.filter((color) =>
    CHANNELS.every(
      (channel) => Math.abs((color[channel] as number) - (middle[channel] as number)) <= FLAT_LEVELS,
    ),
  ).length;
  if (same <= MOSTLY * pictures.length) return;
  findings.add(
    'pictures-mostly-flat',
    null,
    `${same} of ${pictures.length} pictures are of the same plain color (about RGB ${middle.join(', ')}), so the classes cannot be told ` +
      'apart. See the findings "picture-flat", and save these pictures as they should look.',
  );
}
