// Finds pictures that a network sees enlarged so much that they are blurred.

import type { Picture } from './drop-duplicates.ts';
import { type FindingList, MAX_RELATED_KEYS } from './findings.ts';
import { groupBy } from './group-by.ts';

/** The size of a network's input, in pixels. */
export interface InputSize {
  readonly height: number;
  readonly width: number;
}

/** A picture is tiny where its shorter side is enlarged by more than this factor: an icon of 64 pixels, for an input of 224. */
const MOST_ENLARGED = 3;

/**
 * Reports each class that has tiny pictures. A class of them is recognized by its blur, and those of the real world are not.
 * @param prefix Key prefix of the classes.
 * @param input The input of the network that is to be trained.
 */
export function checkTiny(
  prefix: string,
  pictures: readonly Picture[],
  input: InputSize,
  findings: FindingList,
): void {
  const shortSide = Math.min(input.height, input.width);
  for (const [label, all] of groupBy(pictures, (picture) => picture.label)) {
    const tiny = all.filter(({ height, width }) => MOST_ENLARGED * Math.min(height, width) < shortSide);
    const [first] = tiny;
    if (first === undefined) continue;
    findings.add(
      'pictures-tiny',
      `${prefix}${label}/`,
      `${tiny.length} of ${all.length} pictures of the class "${label}" are smaller than a third of the network's input ` +
        `(${input.width} × ${input.height}), e.g. "${first.key}" (${first.width} × ${first.height}). They are enlarged and blurred, ` +
        'and a class may be recognized by that. Use larger pictures, or for all classes the same size and a network with a smaller input.',
      tiny.slice(0, MAX_RELATED_KEYS).map(({ key }) => key),
    );
  }
}
