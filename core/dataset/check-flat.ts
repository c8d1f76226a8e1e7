// Pictures of one plain color: mostly masks, empty first pages, or what lies in transparency, of which nothing can be learned.

import { FLAT_LEVELS } from '../image/thumbnail.ts';
import type { Picture } from './drop-duplicates.ts';
import type { FindingList } from './findings.ts';

/** Of all pictures: where more are of the same plain color, nothing tells the classes apart. */
const MOSTLY = 0.5;
const CHANNELS = [0, 1, 2] as const;

/**
 * Tells of each flat picture, and stops the job where most pictures of the dataset are of the same plain color. Plain pictures
 * of different colors, as of paints, can be told apart.
 */
export function checkFlat(pictures: readonly Picture[], findings: FindingList): void {
  const flat = pictures.filter(({ isFlat }) => isFlat);
  for (const { key } of flat)
    findings.add(
      'picture-flat',
      key,
      `"${key}" is of one plain color: all its pixels have the same value, or are within ${FLAT_LEVELS} levels of 255. It may be a mask ` +
        'of 0 and 1, an empty first page, or a motif that is in the transparency alone. Save it as it is to be seen, or remove it.',
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
    `${same} of ${pictures.length} pictures are of the same plain color (about RGB ${middle.join(', ')}), so nothing tells the classes ` +
      'apart. Look at the findings "picture-flat", and save these pictures as they are to be seen.',
  );
}
