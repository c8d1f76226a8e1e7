// Decides the split of a dataset: pictures that are in a snapshot stay in their split, and a job fixes the split of new ones for all
// later jobs.

import { hasModelOf } from '../model/has-model-of.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { isInTrainingPool } from './assign-splits.ts';
import type { Picture } from './drop-duplicates.ts';
import type { Split } from './split-folder.ts';
import { pictureId, type SplitMethod, type SplitSnapshot, type SplitSnapshots } from './split-snapshots.ts';

/** The pictures, the snapshots, and how new pictures are assigned. */
export interface SettleSplitOptions {
  readonly store: ObjectStore;
  readonly dataset: string;
  readonly pictures: readonly Picture[];
  readonly snapshots: SplitSnapshots;
  /** The snapshot to use, whatever came later; it has every picture. */
  readonly only: SplitSnapshot | undefined;
  /** Whether to write new pictures into the next snapshot. */
  readonly fixes: boolean;
  /** Whether the job has trained before, possibly when there were no snapshots. */
  readonly hasTrained: boolean;
  /** Assigns every picture to a split; those in `fixed` keep theirs. The result is in the order of the pictures. */
  readonly assign: (fixed: ReadonlyMap<string, Split>, method: SplitMethod) => readonly Split[];
}

/** The split of every picture. */
export interface SettledSplit {
  /** The splits in the order of the pictures. */
  readonly splits: readonly Split[];
  /** The snapshot that has all pictures; null where there is none. */
  readonly snapshot: number | null;
}

const NOTHING_FIXED: ReadonlyMap<string, Split> = new Map();

/**
 * Assigns the pictures and, where asked, fixes the split. Of two jobs that do so at the same time, the first to write wins, and the
 * other assigns again after what that one wrote.
 */
export async function settleSplit(options: SettleSplitOptions): Promise<SettledSplit> {
  const { pictures, snapshots, only, fixes, assign } = options;
  for (;;) {
    const current = only ?? (await snapshots.newest());
    const others = only === undefined ? await snapshots.ofOthers() : undefined;
    const method = current?.method ?? others?.method ?? (await firstMethod(options));
    const known = current?.splits ?? NOTHING_FIXED;
    // Snapshots with these fractions come first, also where those with other fractions have a picture in another split.
    const fixed = new Map([...(others?.splits ?? NOTHING_FIXED), ...known]);
    // Only pictures on which a model from before there were snapshots may have trained are assigned by threshold.
    const splits = assign(fixed, current === undefined && others === undefined ? method : 'quota');
    const added = [...pictures.entries()]
      .filter(([, picture]) => isInTrainingPool(picture) && !known.has(pictureId(picture.contentHash)))
      .map(([index, { contentHash }]) => [pictureId(contentHash), splits[index] as Split] as const);
    if (added.length === 0 && current !== undefined) return { splits, snapshot: current.sequence };
    if (!fixes) return { splits, snapshot: null };
    const sequence = (current?.sequence ?? 0) + 1;
    if (await snapshots.create({ sequence, method, splits: new Map([...fixed, ...added]) })) {
      return { splits, snapshot: sequence };
    }
  }
}

/** Where a dataset has a model when its split is fixed for the first time, it keeps the split with which that model may have trained. */
async function firstMethod({ store, dataset, hasTrained }: SettleSplitOptions): Promise<SplitMethod> {
  return hasTrained || (await hasModelOf(store, dataset)) ? 'threshold' : 'quota';
}
