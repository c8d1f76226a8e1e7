// Checks the classes of a dataset: names, sizes and splits.

import type { SplitFractions } from '../job/record/job.ts';
import { plural } from '../words/quantities.ts';
import { quotasOf } from './assign-groups.ts';
import { countSplits, isInTrainingPool } from './assign-splits.ts';
import type { DatasetLayout } from './dataset-layout.ts';
import type { Picture } from './drop-duplicates.ts';
import type { FindingList } from './findings.ts';
import { foldName } from './fold-name.ts';
import { groupBy } from './group-by.ts';
import { MIN_CLASS_PICTURES } from './split-by-hash.ts';
import { SPLITS, type Split } from './split-folder.ts';

/** A class with fewer pictures gets a warning: they rarely show what the class has in common. */
export const RECOMMENDED_CLASS_PICTURES = 10;
const MIN_CLASSES = 2;
/** A class gets a warning where training has less than this share of the pictures that it should have. */
const FEWEST_OF_SHARE = 0.5;

/**
 * Reports classes with confusable names, too few pictures, or none in a split.
 * @param prefix Key prefix of the dataset.
 * @param classes All class names, also of classes without a good picture.
 * @param pictures The pictures that are used.
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
      `There is one class, "${classes[0]}"; a classifier needs at least ${MIN_CLASSES}. Add a folder with other pictures than "${classes[0]}".`,
    );
  }
  checkNames(prefix, classes, findings);
  const byClass = groupBy(pictures, (picture) => picture.label);
  for (const label of classes) checkClass(prefix, label, byClass.get(label) ?? [], layout, findings);
}

/**
 * Reports classes whose training split has far fewer pictures than its share, because a large group of near-duplicates is in another
 * split.
 * @param splits The split of each picture.
 * @param fractions Shares of the pictures that are assigned by content.
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
      `The class "${label}" has ${training} of ${indices.length} pictures in the training split: most are near-duplicates, which are ` +
        'in another split together. Add other pictures, or split by folders train/, validation/ and test/.',
    );
  }
}

/** Indices of the pictures that are assigned by content, by class. */
const poolByClass = (pictures: readonly Picture[]): ReadonlyMap<string, readonly number[]> =>
  groupBy(
    [...pictures.keys()].filter((index) => isInTrainingPool(pictures[index] as Picture)),
    (index) => (pictures[index] as Picture).label,
  );

/** Number of pictures that a split of a class may have too many or too few without a finding. */
const OFF_QUOTA = 1;

/**
 * Reports classes whose splits do not have their shares, because pictures stay in their split and near-duplicates stay together.
 * @param splits The split of each picture.
 * @param fractions Shares of the pictures that are assigned by content.
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
      `The class "${label}" has ${parts}: pictures that a job has used stay in their split, and near-duplicates stay ` +
        'together. Further pictures go to the splits with too few.',
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

const usable = ({ length }: readonly Picture[]): string => plural(length, 'usable picture');

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
      `The class "${label}" has ${usable(pictures)}; at least ${MIN_CLASS_PICTURES} are needed, one to train, validate and test each. Add pictures or remove the folder.`,
    );
  } else if (training.length === 0) {
    findings.add(
      'class-too-small',
      key,
      `The class "${label}" has no usable picture in train/. Add pictures, or remove the class.`,
    );
  } else if (training.length < RECOMMENDED_CLASS_PICTURES) {
    findings.add(
      'class-few-pictures',
      key,
      `The class "${label}" has ${usable(training)} for training; ${RECOMMENDED_CLASS_PICTURES} or more are recommended.`,
    );
  }
  for (const split of SPLITS) {
    if (split === 'train' || !layout.splits?.has(split)) continue;
    if (pictures.some((picture) => picture.split === split)) continue;
    findings.add(
      'class-missing-in-split',
      key,
      `The class "${label}" has no usable picture in the ${split} folder, so it is not evaluated there.`,
    );
  }
}
