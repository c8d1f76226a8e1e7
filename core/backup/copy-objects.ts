// Copies objects from one store to another, stage by stage; what an earlier copy that broke off has left is not copied again.

import { mapConcurrently } from '../concurrently.ts';
import { FoveaError, isFoveaError } from '../errors.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { STAGES } from './copied-keys.ts';
import type { CopiedObject } from './take-inventory.ts';

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
  readonly onLeftOut?: (key: string, error: FoveaError) => void;
}

/** Each is in memory as a whole. */
const CONCURRENCY = 4;

/** Faults of one object, which say nothing of the others. */
const isOfObject = (error: unknown): error is FoveaError =>
  isFoveaError(error, 'storage-link-refused') || isFoveaError(error, 'storage-name-not-utf8');

/** @returns how many objects the copy has. */
export async function copyObjects(
  { from, to, onProgress, onLeftOut }: CopyDeps,
  objects: readonly CopiedObject[],
): Promise<number> {
  const bytesInAll = objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let [done, bytes, copied] = [0, 0, 0];

  async function copy({ key, body, sizeBytes, lastModified }: CopiedObject): Promise<boolean> {
    if (body === undefined) {
      const there = await to.head(key);
      if (there?.sizeBytes === sizeBytes && there.lastModified >= lastModified) return true;
    }
    const content = body ?? (await from.get(key))?.body;
    // Deleted meanwhile.
    if (content === undefined) return false;
    await to.put(key, content);
    return true;
  }

  for (const stage of STAGES) {
    const ofStage = objects.filter((object) => object.stage === stage);
    await mapConcurrently(
      ofStage,
      async (object) => {
        try {
          if (await copy(object)) copied += 1;
        } catch (error) {
          if (!isOfObject(error)) throw error;
          onLeftOut?.(object.key, error);
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

/** Refuses two stores of which one is, or lies in, the other. */
export function assertApart(from: ObjectStore, to: ObjectStore): void {
  const isIn = (inner: string, outer: string) => `${inner}/`.startsWith(`${outer}/`);
  if (!isIn(from.url, to.url) && !isIn(to.url, from.url)) return;
  throw new FoveaError(
    'copy-target-taken',
    `Nothing was copied from ${from.url} to ${to.url}: one lies in the other. Name a place outside.`,
    { details: { from: from.url, to: to.url } },
  );
}
