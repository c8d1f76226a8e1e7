// Hands out version numbers: 1, 2, 3, … for each model, each to one job, without a counter that two jobs could race on.

import { z } from 'zod';
import { mapConcurrently } from '../concurrently.ts';
import { FORMATS } from '../storage/formats.ts';
import { createJson, isUnreadable, readJson } from '../storage/json.ts';
import { keys } from '../storage/keys.ts';
import { type ObjectStore, PreconditionFailedError } from '../storage/object-store.ts';
import { isVersionNumber, parseModelName } from './model-name.ts';

export const CLAIM_FILE = 'claim.json';
const CLAIM = { ...FORMATS.claim, schema: z.object({ jobId: z.string() }) };

/**
 * A version number of the model for this job alone. The same job, asking again, gets the same number again, so that
 * an attempt that takes over from a dead one goes on with its version.
 *
 * Numbers go up by one; one whose job failed stays unused. A claim is a create-only object, so of any number of
 * concurrent jobs each gets its own.
 * @throws {FoveaError} `model-name-invalid`.
 */
export async function claimVersion(store: ObjectStore, model: string, jobId: string): Promise<string> {
  parseModelName(model);
  const numbers: number[] = [];
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

const claimKey = (model: string, number: number) => keys.modelFile(model, String(number), CLAIM_FILE);

/** The job that has a number; undefined where nobody, or nobody knows: the number is not given out again even so. */
async function readClaim(store: ObjectStore, model: string, number: number): Promise<string | undefined> {
  try {
    return (await readJson(store, claimKey(model, number), CLAIM))?.value.jobId;
  } catch (error) {
    if (isUnreadable(error)) return undefined;
    throw error;
  }
}
