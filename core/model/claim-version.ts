// Gives out version numbers 1, 2, 3, … of each model, each number to one job, without a counter on which two jobs could race.

import { z } from 'zod';
import { mapConcurrently } from '../concurrently.ts';
import { FORMATS } from '../storage/formats.ts';
import { createJson, isUnreadable, readJson } from '../storage/json.ts';
import { keys } from '../storage/keys.ts';
import { type ObjectStore, PreconditionFailedError } from '../storage/object-store.ts';
import { readLiveRecord } from './live-record.ts';
import { isVersionNumber, parseModelName } from './model-name.ts';

/** The file of a version that says which job has claimed its number. */
export const CLAIM_FILE = 'claim.json';
const CLAIM = { ...FORMATS.claim, schema: z.object({ jobId: z.string() }) };

/**
 * Claims a version number of the model for a job. The same job gets the same number again, so that an attempt that takes over from a
 * dead one continues with its version.
 *
 * Numbers count up by one; those of a job that failed and of a deleted version stay unused. A claim is a create-only object, so concurrent jobs get different
 * numbers.
 * @throws {FoveaError} `model-name-invalid`.
 */
export async function claimVersion(store: ObjectStore, model: string, jobId: string): Promise<string> {
  parseModelName(model);
  const { deleted = [] } = (await readLiveRecord(store, model).catch(ignoreUnreadable)) ?? {};
  const numbers: number[] = deleted.map(Number);
  for await (const folder of store.listFolders(keys.model(model))) {
    if (isVersionNumber(folder)) numbers.push(Number(folder));
  }
  const owners = await mapConcurrently(numbers, (number) => readClaim(store, model, number));
  const own = numbers.find((_, index) => owners[index] === jobId);
  if (own !== undefined) return String(own);

  for (let number = Math.max(0, ...numbers) + 1; ; number += 1) {
    try {
      await createJson(store, claimKey(model, number), CLAIM, { jobId });
      return String(number);
    } catch (error) {
      if (!(error instanceof PreconditionFailedError)) throw error;
    }
    if ((await readClaim(store, model, number)) === jobId) return String(number);
  }
}

function ignoreUnreadable(error: unknown): undefined {
  if (!isUnreadable(error)) throw error;
}

const claimKey = (model: string, number: number) => keys.modelFile(model, String(number), CLAIM_FILE);

/** The job that has claimed a number; undefined where none has, or where the claim is damaged. Either way the number is not reused. */
async function readClaim(store: ObjectStore, model: string, number: number): Promise<string | undefined> {
  try {
    return (await readJson(store, claimKey(model, number), CLAIM))?.value.jobId;
  } catch (error) {
    if (isUnreadable(error)) return undefined;
    throw error;
  }
}
