// The claim on a file that is to be moved, so that of several moves at once one decides where it goes. Knows nothing of classes and layouts.

import { contentHashOf } from '../content-hash.ts';
import { keys } from '../storage/keys.ts';
import { type ObjectInfo, type ObjectStore, PreconditionFailedError } from '../storage/object-store.ts';

/** What is agreed on a file. */
export interface MoveClaim {
  /** The class that it goes to: that of the first who asked. */
  readonly label: string;
  /** Ends the claim. To be called once the file is gone from its old place, or not to be moved. */
  release(): Promise<void>;
}

/**
 * Claims a file for a class. Whoever finds the claim of another moves the file there, as the other may be dead. A claim is valid only if the
 * file is still there **after** it was made: look again.
 */
export async function claimMove(
  store: ObjectStore,
  dataset: string,
  { key, etag }: ObjectInfo,
  label: string,
): Promise<MoveClaim> {
  const claim = keys.datasetMove(dataset, contentHashOf(Buffer.from(`${key}\n${etag}`)));
  const release = () => store.erase(claim);
  for (;;) {
    try {
      await store.put(claim, label, { ifNoneMatch: '*' });
      return { label, release };
    } catch (error) {
      if (!(error instanceof PreconditionFailedError)) throw error;
    }
    const made = await store.get(claim);
    if (made !== undefined) return { label: Buffer.from(made.body).toString(), release };
  }
}
