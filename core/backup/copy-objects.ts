// Copies objects stage by stage, several at a time, and reports progress. Knows nothing of how one object is copied.

import { mapConcurrently } from '../concurrently.ts';
import { type FoveaError, isFoveaError } from '../errors/errors.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { STAGES, type Stage } from './copied-keys.ts';

/** How far a copy is. */
export interface CopyProgress {
  /** Objects that are done. */
  readonly objects: number;
  readonly objectsInAll: number;
  readonly bytes: number;
  readonly bytesInAll: number;
}

/** The two stores of a copy, and who is told of its course. */
export interface CopyDeps {
  readonly from: ObjectStore;
  readonly to: ObjectStore;
  readonly onProgress?: (progress: CopyProgress) => void;
  /** Is told of each object that cannot be read and is skipped, e.g. a link that leads out of the store. */
  readonly onSkipped?: (key: string, error: FoveaError) => void;
}

interface Staged {
  readonly key: string;
  readonly sizeBytes: number;
  readonly stage: Stage;
}

/** Objects that are copied at a time. Each is in memory as a whole, some of them twice. */
const CONCURRENCY = 4;

/** Whether an error concerns one object alone. */
const isOfObject = (error: unknown): error is FoveaError =>
  isFoveaError(error, 'storage-link-refused') || isFoveaError(error, 'storage-name-not-utf8');

/**
 * Copies objects in the order of their stages.
 * @param copy copies one object; undefined means that it was deleted meanwhile.
 * @returns what `copy` returned for each object that is in the copy, in no order.
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
