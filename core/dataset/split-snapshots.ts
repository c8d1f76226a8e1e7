// What is fixed of a dataset's split: which picture, by its content, trains, validates or tests. Each snapshot is an object that is
// written once, and holds all that the ones before it held.

import { z } from 'zod';
import type { SplitFractions } from '../job/record/job.ts';
import { FORMATS } from '../storage/formats.ts';
import { createJson, readJson } from '../storage/json.ts';
import { keys } from '../storage/keys.ts';
import { type ObjectStore, PreconditionFailedError } from '../storage/object-store.ts';
import { SPLITS, type Split } from './split-folder.ts';

/**
 * How the first snapshot was dealt. `quota`: each class by its shares. `threshold`: by the hash of each picture alone, as datasets
 * were split before there were snapshots, where a model may have trained on such a split.
 */
export const SPLIT_METHODS = ['quota', 'threshold'] as const;
export type SplitMethod = (typeof SPLIT_METHODS)[number];

const HashesSchema = z.array(z.string());
const SPLIT_SNAPSHOT = {
  ...FORMATS.splitSnapshot,
  schema: z.object({
    formatVersion: z.literal(FORMATS.splitSnapshot.version),
    dataset: z.string(),
    fractions: z.object({ train: z.number(), validation: z.number(), test: z.number() }),
    /** From 1. */
    sequence: z.number().int().min(1),
    deal: z.enum(SPLIT_METHODS),
    /** First digits of the pictures' content hashes, see {@link pictureId}. */
    train: HashesSchema,
    validation: HashesSchema,
    test: HashesSchema,
  }),
};

export interface SplitSnapshot {
  readonly sequence: number;
  readonly method: SplitMethod;
  /** By {@link pictureId}. */
  readonly splits: ReadonlyMap<string, Split>;
}

/** 128 bits of a content hash, in hexadecimal: enough to tell pictures apart, and half the size. */
const ID_DIGITS = 32;
export const pictureId = (contentHash: string): string => contentHash.slice(0, ID_DIGITS);

/** The fractions as a part of a key; each choice has snapshots of its own, which begin with what the others fixed. */
const nameOf = ({ train, validation, test }: SplitFractions): string => `${train}-${validation}-${test}`;

/** The snapshots of one dataset and one choice of fractions. */
export function createSplitSnapshots(
  store: ObjectStore,
  dataset: string,
  fractions: SplitFractions,
  signal?: AbortSignal,
) {
  const options = signal === undefined ? {} : { signal };
  const name = nameOf(fractions);
  async function readOf(fractionsName: string, sequence: number): Promise<SplitSnapshot | undefined> {
    const key = keys.splitSnapshot(dataset, fractionsName, sequence);
    const stored = await readJson(store, key, SPLIT_SNAPSHOT, options);
    if (stored === undefined) return undefined;
    const { value } = stored;
    const splits = new Map(SPLITS.flatMap((split) => value[split].map((id) => [id, split] as const)));
    return { sequence, method: value.deal, splits };
  }
  async function newestOf(fractionsName: string): Promise<SplitSnapshot | undefined> {
    let last: string | undefined;
    for await (const { key } of store.list(keys.splitSnapshots(dataset, fractionsName), options)) last = key;
    return last === undefined ? undefined : readOf(fractionsName, keys.splitSnapshotSequence(last));
  }
  return {
    /** @throws {FoveaError} `record-invalid`, `format-newer`. */
    read: (sequence: number): Promise<SplitSnapshot | undefined> => readOf(name, sequence),
    newest: (): Promise<SplitSnapshot | undefined> => newestOf(name),
    /** What was fixed with other fractions; of a picture on several sides the one that was shown most. `undefined`: nothing. */
    async ofOthers(): Promise<Omit<SplitSnapshot, 'sequence'> | undefined> {
      let method: SplitMethod | undefined;
      const splits = new Map<string, Split>();
      for await (const other of store.listFolders(keys.datasetSplits(dataset), options)) {
        const newest = other === name ? undefined : await newestOf(other);
        if (newest === undefined) continue;
        method ??= newest.method;
        for (const [id, split] of newest.splits) {
          const known = splits.get(id);
          if (known === undefined || SPLITS.indexOf(split) < SPLITS.indexOf(known)) splits.set(id, split);
        }
      }
      return method === undefined ? undefined : { method, splits };
    },
    /** @returns false where somebody else has made one of that number. */
    async create({ sequence, method, splits }: SplitSnapshot): Promise<boolean> {
      const of = (wanted: Split) =>
        [...splits].flatMap(([id, split]) => (split === wanted ? [id] : [])).sort();
      const value = {
        dataset,
        fractions,
        sequence,
        deal: method,
        train: of('train'),
        validation: of('validation'),
        test: of('test'),
      };
      try {
        await createJson(store, keys.splitSnapshot(dataset, name, sequence), SPLIT_SNAPSHOT, value, options);
        return true;
      } catch (error) {
        if (error instanceof PreconditionFailedError) return false;
        throw error;
      }
    },
  };
}
export type SplitSnapshots = ReturnType<typeof createSplitSnapshots>;
