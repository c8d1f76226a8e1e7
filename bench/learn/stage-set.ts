// Lays out a folder of pictures as the dataset of a store, with folders train/ and test/, so that all arms have the same split.
// Folders with a test folder keep their split; others are split by a seed, look-alikes together.

import { cp, mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { splitsOf } from '../../batch-job/inspect/splits.ts';
import { assignGroups } from '../../core/dataset/assign-groups.ts';
import { detectLayout } from '../../core/dataset/dataset-layout.ts';
import type { Picture } from '../../core/dataset/drop-duplicates.ts';
import { groupBy } from '../../core/dataset/group-by.ts';
import { type DatasetItem, inspectDataset } from '../../core/dataset/inspect-dataset.ts';
import { groupNearDuplicates } from '../../core/dataset/near-duplicates.ts';
import { splitPosition } from '../../core/dataset/split-by-hash.ts';
import { verifyImage } from '../../core/image/verify-image.ts';
import { present } from '../../core/present.ts';
import { keys } from '../../core/storage/keys.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import { SPLIT } from '../transfer/fine-tune.ts';

/** Name of the dataset in the store. */
export const STAGED = 'set';
/** Name of the dataset before it is split. */
const WHOLE = 'whole';

/** The pictures of a set as every arm gets them. */
export interface StagedSet {
  readonly classes: readonly string[];
  /** All pictures that are neither for the test nor in a validation folder. */
  readonly train: readonly DatasetItem[];
  readonly test: readonly DatasetItem[];
  /** Whether the seed decided the split. */
  readonly isSeeded: boolean;
}

/** Where pictures come from, and how they are split. */
export interface StageSetOptions {
  readonly store: ObjectStore;
  /** Folder of the store. */
  readonly dataDir: string;
  /** Folder with a subfolder for each class, or with folders for the splits. */
  readonly folder: string;
  /** Share of the pictures for the test, where the folder has no split of its own. */
  readonly testShare: number;
  readonly seed: number;
}

/** Copies the pictures into the store, split. */
export async function stageSet({
  store,
  dataDir,
  folder,
  testShare,
  seed,
}: StageSetOptions): Promise<StagedSet> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const { splits } = detectLayout(
    files.map(({ parentPath, name }) => path.relative(folder, path.join(parentPath, name))),
  );
  const isSeeded = splits?.has('test') !== true;
  const whole = path.join(dataDir, keys.dataset(WHOLE));
  const staged = path.join(dataDir, keys.dataset(STAGED));
  await cp(folder, isSeeded ? whole : staged, { recursive: true, dereference: true });
  if (isSeeded) await splitWhole();
  const inspection = await inspectDataset(store, STAGED, { split: SPLIT });
  const { train, validation, test } = splitsOf(inspection);
  const hasValidation = !isSeeded && splits?.has('validation') === true;
  return {
    classes: inspection.classes,
    train: hasValidation ? train : [...train, ...validation],
    test,
    isSeeded,
  };

  async function splitWhole(): Promise<void> {
    const { classes, items } = await inspectDataset(store, WHOLE, { split: SPLIT });
    const pictures = await Promise.all(items.map((item) => toPicture(store, item, classes)));
    const leaders = await groupNearDuplicates(pictures);
    const fractions = { train: 1 - testShare, validation: 0, test: testShare };
    for (const [label, indices] of groupBy(
      pictures.keys(),
      (index) => present(pictures[index], 'a picture').label,
    )) {
      const groups = [...groupBy(indices, (index) => present(leaders[index], 'a leader'))];
      const assigned = assignGroups(
        groups.map(([leader, { length }]) => ({
          position: splitPosition(present(pictures[leader], 'a picture').contentHash, seed),
          size: length,
        })),
        fractions,
        { train: 0, validation: 0, test: 0 },
      );
      for (const [group, [, members]] of groups.entries()) {
        const target = path.join(staged, present(assigned[group], 'a split'), label);
        await mkdir(target, { recursive: true });
        for (const index of members) {
          const { key } = present(pictures[index], 'a picture');
          await cp(path.join(dataDir, key), path.join(target, `${index}-${path.basename(key)}`));
        }
      }
    }
  }
}

async function toPicture(
  store: ObjectStore,
  { key, sizeBytes, classIndex, contentHash, width, height }: DatasetItem,
  classes: readonly string[],
): Promise<Picture> {
  const { thumbnail, isFlat } = await verifyImage(present(await store.get(key), key).body);
  const label = present(classes[classIndex], 'a class');
  return { key, sizeBytes, label, split: null, contentHash, width, height, thumbnail, isFlat };
}
