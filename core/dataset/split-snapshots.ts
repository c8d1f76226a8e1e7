// Snapshots of a dataset's split: which picture, by its content, is in which split. Each snapshot is an object that is written once, and
// contains everything that the ones before it contain.

import { z } from 'zod';
import type { SplitFractions } from '../job/record/job.ts';
import { FORMATS } from '../storage/formats.ts';
import { createJson, readJson } from '../storage/json.ts';
import { FORMER_FOLDER, keys, SEEN_FOLDER } from '../storage/keys.ts';
import { type ObjectStore, PreconditionFailedError } from '../storage/object-store.ts';
import { SPLITS, type Split } from './split-folder.ts';

/**
 * How the pictures of the first snapshot were assigned. `quota`: a stratified split, with shares in each class. `threshold`: by the hash
 * of each picture alone, as before there were snapshots, where a model may have been trained with such a split.
 */
export const SPLIT_METHODS = ['quota', 'threshold'] as const;
/** One of {@link SPLIT_METHODS}. */
export type SplitMethod = (typeof SPLIT_METHODS)[number];

const HashesSchema = z.array(z.string());
const SPLIT_SNAPSHOT = {
  ...FORMATS.splitSnapshot,
  schema: z.object({
    formatVersion: z.literal(FORMATS.splitSnapshot.version),
    dataset: z.string(),
    fractions: z.object({ train: z.number(), validation: z.number(), test: z.number() }),
    /** Number of the snapshot, from 1. */
    sequence: z.number().int().min(1),
    deal: z.enum(SPLIT_METHODS),
    /** Ids of pictures, see {@link pictureId}. */
    train: HashesSchema,
    validation: HashesSchema,
    test: HashesSchema,
  }),
};

/** A snapshot of a dataset's split. */
export interface SplitSnapshot {
  readonly sequence: number;
  readonly method: SplitMethod;
  /** The split of each picture, by {@link pictureId}. */
  readonly splits: ReadonlyMap<string, Split>;
}

/** Digits of a content hash in an id. 128 bits are enough to tell pictures apart, and take half the space. */
const ID_DIGITS = 32;
/**
 * The id of a picture in snapshots.
 * @param contentHash sha256 of its bytes, in hexadecimal.
 */
export const pictureId = (contentHash: string): string => contentHash.slice(0, ID_DIGITS);

/** The fractions as a name in keys. Each choice has snapshots of its own, which begin with the pictures of all others. */
const nameOf = ({ train, validation, test }: SplitFractions): string => `${train}-${validation}-${test}`;

/** Opens the snapshots of one dataset and one choice of fractions. */
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
    /**
     * The splits in snapshots with other fractions; `undefined` where there are none. Where a picture is in several splits, training
     * comes before validation, and validation before test.
     */
    async ofOthers(): Promise<Omit<SplitSnapshot, 'sequence'> | undefined> {
      let method: SplitMethod | undefined;
      const splits = new Map<string, Split>();
      for await (const other of store.listFolders(keys.datasetSplits(dataset), options)) {
        const isOther = ![name, SEEN_FOLDER, FORMER_FOLDER].includes(other);
        const newest = isOther ? await newestOf(other) : undefined;
        if (newest === undefined) continue;
        method ??= newest.method;
        for (const [id, split] of newest.splits) {
          const known = splits.get(id);
          if (known === undefined || SPLITS.indexOf(split) < SPLITS.indexOf(known)) splits.set(id, split);
        }
      }
      return method === undefined ? undefined : { method, splits };
    },
    /** Writes a snapshot. @returns false where another process has written one of that number. */
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
/** Reads and writes the snapshots of one dataset and one choice of fractions. */
export type SplitSnapshots = ReturnType<typeof createSplitSnapshots>;
