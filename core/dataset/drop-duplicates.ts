// Drops duplicates, files with equal content: decides which copy is used, and reports the others.

import type { FindingList } from './findings.ts';
import type { PictureFacts } from './inspect-file.ts';
import type { Split } from './split-folder.ts';

/** A good picture, its class and its split. */
export interface Picture extends PictureFacts {
  readonly key: string;
  readonly sizeBytes: number;
  readonly label: string;
  /** The split of its folder; null where the layout has no splits. */
  readonly split: Split | null;
}

/** Which copy is used: that in the split that must not leak into training. */
const KEEP_ORDER: Readonly<Record<Split, number>> = { test: 0, validation: 1, train: 2 };

const keepRank = (picture: Picture): number => (picture.split === null ? 0 : KEEP_ORDER[picture.split]);

/**
 * Keeps one picture of each content, and none where copies are in two classes.
 *
 * @param pictures Pictures in the order of their keys.
 * @returns the pictures that are kept, in the same order.
 */
export function dropDuplicates(pictures: readonly Picture[], findings: FindingList): Picture[] {
  const dropped = new Set<Picture>();
  for (const copies of groupByContent(pictures)) {
    const labels = [...new Set(copies.map((copy) => copy.label))];
    if (labels.length > 1) {
      for (const copy of copies) dropped.add(copy);
      reportAcrossClasses(copies, labels, findings);
    } else {
      const kept = copies.toSorted((a, b) => keepRank(a) - keepRank(b))[0] as Picture;
      for (const copy of copies) {
        if (copy === kept) continue;
        dropped.add(copy);
        reportCopy(copy, kept, findings);
      }
    }
  }
  return pictures.filter((picture) => !dropped.has(picture));
}

function groupByContent(pictures: readonly Picture[]): Picture[][] {
  const first = new Map<string, Picture>();
  const groups = new Map<string, Picture[]>();
  for (const picture of pictures) {
    const twin = first.get(picture.contentHash);
    if (twin === undefined) first.set(picture.contentHash, picture);
    else {
      const group = groups.get(picture.contentHash) ?? [twin];
      group.push(picture);
      groups.set(picture.contentHash, group);
    }
  }
  return [...groups.values()];
}

function reportAcrossClasses(
  copies: readonly Picture[],
  labels: readonly string[],
  findings: FindingList,
): void {
  const [first, ...others] = copies.map((copy) => copy.key) as [string, ...string[]];
  findings.add(
    'duplicate-across-classes',
    first,
    `"${first}" is in several classes (${quoteAll(labels)}), so its label is unknown and no copy is used. Keep it in the right class only.`,
    others,
  );
}

function reportCopy(copy: Picture, kept: Picture, findings: FindingList): void {
  if (copy.split === kept.split) {
    findings.add('duplicate-content', copy.key, `"${copy.key}" is a copy of "${kept.key}" and is skipped.`, [
      kept.key,
    ]);
  } else {
    findings.add(
      'duplicate-across-splits',
      copy.key,
      `"${copy.key}" has the same content as "${kept.key}" and is skipped in ${copy.split}, so that ${kept.split} has only pictures that were not trained on.`,
      [kept.key],
    );
  }
}

const quoteAll = (labels: readonly string[]): string => labels.map((label) => `"${label}"`).join(', ');
