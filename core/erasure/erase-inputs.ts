// Erases the pictures of a batch that people put below `inputs/`, with the list that names them. Pictures of datasets and uploads have ways
// of their own.

import { readInputChunk } from '../batch-prediction/input-picture.ts';
import { mapConcurrently } from '../concurrently.ts';
import { FoveaError } from '../errors/errors.ts';
import { type BatchPrediction, chunksOf } from '../job/record/batch-prediction.ts';
import type { JobRecord } from '../job/record/job.ts';
import { keys } from '../storage/keys.ts';
import type { HolderDeps } from './find-holders.ts';

/** A batch that is over. */
export type EndedBatch = Pick<JobRecord, 'id'> & { readonly prediction: BatchPrediction };

/**
 * Erases them with all earlier versions. Done again after an interruption, it goes on.
 * @returns how many objects were there.
 * @throws {FoveaError} `file-in-use` while another batch may read them; what the store throws.
 */
export async function eraseInputs(
  { store, jobs }: Pick<HolderDeps, 'store' | 'jobs'>,
  { id, prediction }: EndedBatch,
): Promise<number> {
  const isInput = (key: string) => key.startsWith(keys.inputs()) && key !== keys.inputs();
  const open: string[] = [];
  for await (const other of jobs.open())
    if (other.prediction !== undefined && mayShareInputs(other.prediction, prediction)) open.push(other.id);
  if (open.length > 0)
    throw new FoveaError(
      'file-in-use',
      `The pictures of batch "${id}" may be read by ${open.map((other) => `"${other}"`).join(', ')}, not over yet. Wait for the end, or cancel.`,
      { param: 'delete_inputs', details: { batches: open } },
    );
  let erased = 0;
  const erase = async (key: string) => {
    if ((await store.head(key)) !== undefined) erased += 1;
    await store.erase(key);
  };
  for (let chunk = 0; chunk < chunksOf(prediction); chunk++) {
    const pictures = (await readInputChunk(store, id, chunk)) ?? [];
    const own = pictures.filter(({ key, inline }) => inline === undefined && isInput(key));
    await mapConcurrently(own, ({ key }) => erase(key));
  }
  const { kind, key } = prediction.source;
  if (kind !== 'prefix' && isInput(key)) await erase(key);
  return erased;
}

/** Whether two batches may have pictures below `inputs/` in common. Of one that a list names, only the list knows. */
function mayShareInputs({ source: one }: BatchPrediction, { source: other }: BatchPrediction): boolean {
  const prefixes = [one, other].map(({ kind, key }) => (kind === 'prefix' ? key : keys.inputs()));
  const [a = '', b = ''] = prefixes;
  return a.startsWith(b) || b.startsWith(a);
}
