// What can be wrong with the classes of a dataset: names, sizes, splits.

import type { SplitFractions } from '../job/record/job.ts';
import { quotasOf } from './assign-groups.ts';
import { countSplits, isInTrainingPool } from './assign-splits.ts';
import type { DatasetLayout } from './dataset-layout.ts';
import type { Picture } from './drop-duplicates.ts';
import type { FindingList } from './findings.ts';
import { groupBy } from './group-by.ts';
import { MIN_CLASS_PICTURES } from './split-by-hash.ts';
import { SPLITS, type Split } from './split-folder.ts';

/** Below this, a class is trained, with a warning: fewer pictures rarely show what a class has in common. */
export const RECOMMENDED_CLASS_PICTURES = 10;
const MIN_CLASSES = 2;
/** Of the pictures that training should get. */
const FEWEST_OF_SHARE = 0.5;

/** Names that a file system or a person may take for one. */
const foldName = (label: string): string => label.normalize('NFKC').trim().toLowerCase();

/**
 * @param prefix Key prefix of the dataset.
 * @param classes All class names, also of classes without a good picture.
 * @param pictures The pictures that are kept.
 */
export function checkClasses(
  prefix: string,
  classes: readonly string[],
  pictures: readonly Picture[],
  layout: DatasetLayout,
  findings: FindingList,
): void {
  if (pictures.length === 0) {
    findings.add(
      'no-images',
      null,
      `No picture was found. Put pictures into "${prefix}<class>/<file>", a folder for each class.`,
    );
    return;
  }
  if (classes.length < MIN_CLASSES) {
    findings.add(
      'single-class',
      null,
      `There is one class, "${classes[0]}"; telling apart needs at least ${MIN_CLASSES}. Add a folder with pictures of what is no "${classes[0]}".`,
    );
  }
  checkNames(prefix, classes, findings);
  const byClass = groupBy(pictures, (picture) => picture.label);
  for (const label of classes) checkClass(prefix, label, byClass.get(label) ?? [], layout, findings);
}

/**
 * Tells of classes that have far fewer pictures to learn from than their share: groups of pictures that look the same go to
 * one side of the split as they are, however large.
 * @param splits Of each picture.
 * @param fractions Of the pictures that no folder decides about.
 */
export function checkTrainingShares(
  prefix: string,
  pictures: readonly Picture[],
  splits: readonly Split[],
  fractions: SplitFractions,
  findings: FindingList,
): void {
  for (const [label, indices] of poolByClass(pictures)) {
    const training = indices.filter((index) => splits[index] === 'train').length;
    const share = fractions.train * indices.length;
    if (indices.length < RECOMMENDED_CLASS_PICTURES || training >= FEWEST_OF_SHARE * share) continue;
    findings.add(
      'class-few-pictures',
      `${prefix}${label}/`,
      `The class "${label}" has ${training} of ${indices.length} pictures to learn from: most look like each other, and went ` +
        'to another side of the split together. Add other pictures, or split by folders train/, validation/ and test/.',
    );
  }
}

/** Indices of the pictures of each class that no folder decides about. */
const poolByClass = (pictures: readonly Picture[]): ReadonlyMap<string, readonly number[]> =>
  groupBy(
    [...pictures.keys()].filter((index) => isInTrainingPool(pictures[index] as Picture)),
    (index) => (pictures[index] as Picture).label,
  );

/** Pictures that a split of a class may have too many or too few, without a word. */
const OFF_QUOTA = 1;

/**
 * Tells of classes whose splits have not their shares: what was dealt before stays where it is, and look-alikes stay together.
 * @param splits Of each picture.
 * @param fractions Of the pictures that no folder decides about.
 */
export function checkQuotas(
  prefix: string,
  pictures: readonly Picture[],
  splits: readonly Split[],
  fractions: SplitFractions,
  findings: FindingList,
): void {
  for (const [label, indices] of poolByClass(pictures)) {
    const counts = countSplits(indices.map((index) => splits[index] as Split));
    const quotas = quotasOf(indices.length, fractions, indices.length >= MIN_CLASS_PICTURES);
    if (SPLITS.every((split) => Math.abs(counts[split] - quotas[split]) <= OFF_QUOTA)) continue;
    const parts = SPLITS.map((split) => `${counts[split]} of ${quotas[split]} for ${split}`).join(', ');
    findings.add(
      'split-off-quota',
      `${prefix}${label}/`,
      `The class "${label}" has ${parts}: a picture stays in the split that it was in when a job trained, and look-alikes stay ` +
        'together. Pictures that are added go where some are missing.',
    );
  }
}

function checkNames(prefix: string, classes: readonly string[], findings: FindingList): void {
  for (const names of groupBy(classes, foldName).values()) {
    const [first, ...others] = names as [string, ...string[]];
    if (others.length === 0) continue;
    const all = names.map((name) => `"${name}"`).join(' and ');
    findings.add(
      'class-case-collision',
      `${prefix}${first}/`,
      `The classes ${all} differ only in case or in how their letters are encoded. Merge them, or rename one.`,
      others.map((name) => `${prefix}${name}/`),
    );
  }
}

function checkClass(
  prefix: string,
  label: string,
  pictures: readonly Picture[],
  layout: DatasetLayout,
  findings: FindingList,
): void {
  const key = `${prefix}${label}/`;
  const training = pictures.filter(isInTrainingPool);
  if (pictures.length < MIN_CLASS_PICTURES) {
    findings.add(
      'class-too-small',
      key,
      `The class "${label}" has ${pictures.length} usable pictures; at least ${MIN_CLASS_PICTURES} are needed, one to train, validate and test each. Add pictures or remove the folder.`,
    );
  } else if (training.length === 0) {
    findings.add(
      'class-too-small',
      key,
      `The class "${label}" has no usable picture in train/. Add some, or remove the class.`,
    );
  } else if (training.length < RECOMMENDED_CLASS_PICTURES) {
    findings.add(
      'class-few-pictures',
      key,
      `The class "${label}" has ${training.length} usable pictures to learn from; ${RECOMMENDED_CLASS_PICTURES} or more are recommended.`,
    );
  }
  for (const split of SPLITS) {
    if (split === 'train' || !layout.splits?.has(split)) continue;
    if (pictures.some((picture) => picture.split === split)) continue;
    findings.add(
      'class-missing-in-split',
      key,
      `The class "${label}" has no usable picture in the ${split} folder, so ${split} says nothing of it.`,
    );
  }
}
