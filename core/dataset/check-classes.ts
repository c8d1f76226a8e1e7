// What can be wrong with the classes of a dataset: names, sizes, splits.

import { type DatasetLayout, SPLITS } from './dataset-layout.ts';
import type { Picture } from './drop-duplicates.ts';
import type { FindingList } from './findings.ts';
import { groupBy } from './group-by.ts';
import { MIN_CLASS_PICTURES } from './split-by-hash.ts';

/** Below this, a class is trained, with a warning: fewer pictures rarely show what a class has in common. */
export const RECOMMENDED_CLASS_PICTURES = 10;
const MIN_CLASSES = 2;

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
  const training = pictures.filter((picture) => picture.split === null || picture.split === 'train');
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
