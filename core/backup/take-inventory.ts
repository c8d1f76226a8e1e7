// Which objects a backup of a store in use holds. Nothing in it refers to an object that is not in it, whatever is written
// meanwhile: objects that refer to others are listed (and read, where they may change) before the others are listed.

import { z } from 'zod';
import { mapConcurrently } from '../concurrently.ts';
import { isFinal, JobStatusSchema } from '../job/record/job.ts';
import type { ObjectInfo, ObjectStore } from '../storage/object-store.ts';
import { jobOf, type Stage, stageOf } from './copied-keys.ts';

/** An object to be copied. */
export interface CopiedObject extends Pick<ObjectInfo, 'key' | 'sizeBytes' | 'lastModified'> {
  readonly stage: Stage;
  /** The content when the backup began, for an object that may change. Absent where the stored content is to be copied. */
  readonly body?: Uint8Array;
}

const StatusSchema = z.object({ status: JobStatusSchema });

/** Whether a record may still change. That of a job that is over does not, nor one that cannot be read. */
function mayChange(body: Uint8Array): boolean {
  try {
    return !isFinal(StatusSchema.parse(JSON.parse(new TextDecoder().decode(body))).status);
  } catch {
    return false;
  }
}

async function listCopied(store: ObjectStore): Promise<CopiedObject[]> {
  const found: CopiedObject[] = [];
  for await (const { key, sizeBytes, lastModified } of store.list('')) {
    const stage = stageOf(key);
    if (stage !== undefined) found.push({ key, sizeBytes, lastModified, stage });
  }
  return found;
}

/** Lists the objects to be copied, in no order. */
export async function takeInventory(store: ObjectStore): Promise<CopiedObject[]> {
  const isReferring = ({ stage }: CopiedObject) => stage !== 'file' && stage !== 'job-file';
  const referring = (await listCopied(store)).filter(isReferring);
  const read = await mapConcurrently(referring, async (object): Promise<CopiedObject | undefined> => {
    if (object.stage !== 'alias' && object.stage !== 'job-record') return object;
    const body = (await store.get(object.key))?.body;
    if (body === undefined) return undefined;
    return object.stage === 'alias' || mayChange(body) ? { ...object, sizeBytes: body.length, body } : object;
  });
  const kept = read.filter((object) => object !== undefined);
  const jobs = new Set(kept.map(({ key }) => jobOf(key)));
  const files = (await listCopied(store)).filter(
    ({ stage, key }) => stage === 'file' || (stage === 'job-file' && jobs.has(jobOf(key))),
  );
  return [...files, ...kept];
}
