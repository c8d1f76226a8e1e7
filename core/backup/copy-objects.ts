// Walks the objects of a copy stage by stage, some at a time, and tells how far it is. Knows not how one is copied.

import { mapConcurrently } from '../concurrently.ts';
import { type FoveaError, isFoveaError } from '../errors/errors.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { STAGES, type Stage } from './copied-keys.ts';

export interface CopyProgress {
  /** Objects that are in the copy, of all. */
  readonly objects: number;
  readonly objectsInAll: number;
  readonly bytes: number;
  readonly bytesInAll: number;
}

export interface CopyDeps {
  readonly from: ObjectStore;
  readonly to: ObjectStore;
  readonly onProgress?: (progress: CopyProgress) => void;
  /** Told of an object that cannot be read, e.g. a link that leads elsewhere: the copy is without it. */
  readonly onSkipped?: (key: string, error: FoveaError) => void;
}

interface Staged {
  readonly key: string;
  readonly sizeBytes: number;
  readonly stage: Stage;
}

/** Each is in memory as a whole, some twice. */
const CONCURRENCY = 4;

/** Faults of one object, which say nothing of the others. */
const isOfObject = (error: unknown): error is FoveaError =>
  isFoveaError(error, 'storage-link-refused') || isFoveaError(error, 'storage-name-not-utf8');

/**
 * @param copy gives undefined where the object was deleted meanwhile.
 * @returns what `copy` gave of each object that is in the copy, in no order.
 */
export async function copyObjects<T extends Staged, R>(
  { onProgress, onSkipped }: Pick<CopyDeps, 'onProgress' | 'onSkipped'>,
  objects: readonly T[],
  copy: (object: T) => Promise<R | undefined>,
): Promise<R[]> {
  const bytesInAll = objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const copied: R[] = [];
  let [done, bytes] = [0, 0];
  for (const stage of STAGES) {
    const ofStage = objects.filter((object) => object.stage === stage);
    await mapConcurrently(
      ofStage,
      async (object) => {
        try {
          const result = await copy(object);
          if (result !== undefined) copied.push(result);
        } catch (error) {
          if (!isOfObject(error)) throw error;
          onSkipped?.(object.key, error);
        }
        done += 1;
        bytes += object.sizeBytes;
        onProgress?.({ objects: done, objectsInAll: objects.length, bytes, bytesInAll });
      },
      CONCURRENCY,
    );
  }
  return copied;
}
