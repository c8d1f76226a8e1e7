// A job's checkpoints in the object store: numbered, written whole or not at all, the newest few kept. What is in them is
// the trainer's affair.

import { FoveaError, isFoveaError } from '../../errors/errors.ts';
import { keys } from '../../storage/keys.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import { type CheckpointFile, decodeCheckpoint, encodeCheckpoint } from './checkpoint-file.ts';

/** Kept: one to resume from, and those before it in case that it turns out damaged. */
const KEEP = 3;

export interface Checkpoints {
  /** Writes a checkpoint after all others, then deletes those that are no longer kept. */
  save(file: CheckpointFile): Promise<void>;
  /**
   * The newest checkpoint that can be used, as `read` makes it of the file.
   *
   * @param read throws a FoveaError for a checkpoint that does not fit; the one before it is tried then.
   * @param onSkipped is told of each that is corrupt or does not fit.
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

export interface CheckpointsOptions {
  readonly store: ObjectStore;
  readonly jobId: string;
  /** Of a sweep; left out, the checkpoints of the whole job. */
  readonly trial?: number | undefined;
  readonly keep?: number;
}

/** The checkpoints of a job. */
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

/** For `read` of {@link Checkpoints.newest}: the checkpoint is whole, but of another run. */
export const checkpointUnfit = (problem: string, cause?: unknown): FoveaError =>
  new FoveaError('checkpoint-unfit', `The checkpoint does not fit this run: ${problem}.`, { cause });
