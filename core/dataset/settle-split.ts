// Which picture is in which split, by what is fixed of it; and what a job fixes for all jobs to come.

import { hasModelOf } from '../model/has-model-of.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { isInTrainingPool } from './assign-splits.ts';
import type { Picture } from './drop-duplicates.ts';
import type { Split } from './split-folder.ts';
import { pictureId, type SplitMethod, type SplitSnapshot, type SplitSnapshots } from './split-snapshots.ts';

export interface SettleSplitOptions {
  readonly store: ObjectStore;
  readonly dataset: string;
  readonly pictures: readonly Picture[];
  readonly snapshots: SplitSnapshots;
  /** Goes by this snapshot, whatever came later; it has every picture. */
  readonly only: SplitSnapshot | undefined;
  /** Writes what is new into the next snapshot. */
  readonly fixes: boolean;
  /** A job goes on that trained before there were snapshots. */
  readonly hasTrained: boolean;
  /** The split of every picture, in their order; of those that are fixed, as it is fixed. */
  readonly assign: (fixed: ReadonlyMap<string, Split>, method: SplitMethod) => readonly Split[];
}

export interface SettledSplit {
  /** In the order of the pictures. */
  readonly splits: readonly Split[];
  /** The snapshot that has them all; null where none has. */
  readonly snapshot: number | null;
}

const NOTHING_FIXED: ReadonlyMap<string, Split> = new Map();

/**
 * Deals the pictures and, where asked, fixes the split. Of two jobs that do so at the same time the first to write wins, and the
 * other deals again by what that one wrote.
 */
export async function settleSplit(options: SettleSplitOptions): Promise<SettledSplit> {
  const { pictures, snapshots, only, fixes, assign } = options;
  for (;;) {
    const current = only ?? (await snapshots.newest());
    const others = only === undefined ? await snapshots.ofOthers() : undefined;
    const method = current?.method ?? others?.method ?? (await firstMethod(options));
    const known = current?.splits ?? NOTHING_FIXED;
    // What these fractions have fixed stays, also where others had it on another side before they began with each other's.
    const fixed = new Map([...(others?.splits ?? NOTHING_FIXED), ...known]);
    // By threshold alone is dealt only what a model from before there were snapshots may have trained on.
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

/** A dataset that has a model when its split is fixed for the first time keeps the split by which that model may have trained. */
async function firstMethod({ store, dataset, hasTrained }: SettleSplitOptions): Promise<SplitMethod> {
  return hasTrained || (await hasModelOf(store, dataset)) ? 'threshold' : 'quota';
}
