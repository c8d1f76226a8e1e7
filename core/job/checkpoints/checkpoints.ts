// A job's checkpoints in the object store: numbered, written atomically, and only the newest few are kept. Knows nothing of their
// content.

import { FoveaError, isFoveaError } from '../../errors/errors.ts';
import { keys } from '../../storage/keys.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import { type CheckpointFile, decodeCheckpoint, encodeCheckpoint } from './checkpoint-file.ts';

/** Checkpoints that are kept: one to resume from, and two before it in case it is damaged. */
const KEEP = 3;

/** The checkpoints of a job or a trial. */
export interface Checkpoints {
  /** Writes a checkpoint after all others, then deletes those that are no longer kept. */
  save(file: CheckpointFile): Promise<void>;
  /**
   * Reads the newest checkpoint that can be used.
   *
   * @param read makes the result from the file. It throws a FoveaError for a checkpoint that does not fit; then the one before is
   *   tried.
   * @param onSkipped is told of each checkpoint that is corrupt or does not fit.
   * @returns undefined where no checkpoint can be used.
   */
  newest<T>(
    read: (file: CheckpointFile, key: string) => T,
    onSkipped: (key: string, error: FoveaError) => Promise<void>,
  ): Promise<T | undefined>;
  /** Whether there are any. */
  exist(): Promise<boolean>;
  /** Deletes all of them. */
  clear(): Promise<void>;
}

/** The store, and whose checkpoints they are. */
export interface CheckpointsOptions {
  readonly store: ObjectStore;
  readonly jobId: string;
  /** Number of a sweep's trial. Default: the checkpoints of the whole job. */
  readonly trial?: number | undefined;
  readonly keep?: number;
}

/** Opens the checkpoints of a job, or of a trial of a sweep. */
export function createCheckpoints({ store, jobId, trial, keep = KEEP }: CheckpointsOptions): Checkpoints {
  let next: number | undefined;

  /** Oldest first. */
  async function listKeys(): Promise<string[]> {
    const found: string[] = [];
    for await (const { key } of store.list(keys.jobCheckpoints(jobId, trial))) found.push(key);
    return found;
  }

  return {
    async save(file) {
      const existing = await listKeys();
      next = Math.max(next ?? 0, ...existing.map((key) => keys.checkpointSequence(key) + 1));
      const key = keys.jobCheckpoint(jobId, next, trial);
      // Create-only: an attempt that has lost the job must not replace what its successor wrote.
      await store.put(key, encodeCheckpoint(file), { ifNoneMatch: '*' });
      next += 1;
      for (const old of [...existing, key].slice(0, -keep)) await store.delete(old);
    },

    async newest(read, onSkipped) {
      for (const key of (await listKeys()).reverse()) {
        const object = await store.get(key);
        if (object === undefined) continue;
        try {
          return read(decodeCheckpoint(object.body), key);
        } catch (error) {
          if (!isFoveaError(error)) throw error;
          await onSkipped(key, error);
        }
      }
      return undefined;
    },

    exist: async () => (await listKeys()).length > 0,

    async clear() {
      for (const key of await listKeys()) await store.delete(key);
    },
  };
}

/** The error of a checkpoint that is intact but belongs to another run, for `read` of {@link Checkpoints.newest}. */
export const checkpointUnfit = (problem: string, cause?: unknown): FoveaError =>
  new FoveaError('checkpoint-unfit', `The checkpoint does not fit this run: ${problem}.`, { cause });
