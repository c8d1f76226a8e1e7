// Makes a model of a checkpoint: a job of the same settings begins with a copy of it, and ends training at once.

import { FoveaError } from '../../errors/errors.ts';
import { keys } from '../../storage/keys.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import type { JobRecord } from '../record/job.ts';
import type { CreateOptions, NewJob } from '../record/job-store.ts';
import { listCheckpoints } from './list-checkpoints.ts';

/** A job to be made, and what it begins with. */
export interface CheckpointJob {
  readonly job: NewJob;
  readonly prepare: NonNullable<CreateOptions['prepare']>;
}

/**
 * The job that makes a model of a checkpoint, as a new version of the same model.
 * @param sequence number of the checkpoint.
 * @throws {FoveaError} `checkpoint-not-found`.
 */
export async function jobOfCheckpoint(
  store: ObjectStore,
  from: JobRecord,
  sequence: number,
): Promise<CheckpointJob> {
  const known = (await listCheckpoints(store, from.id)).map((entry) => entry.sequence);
  const notFound = () =>
    new FoveaError(
      'checkpoint-not-found',
      `Job "${from.id}" has no checkpoint ${sequence}. ` +
        (known.length === 0
          ? 'It has none: a job has checkpoints from its first epoch until it is over.'
          : `It has: ${known.join(', ')}.`),
      { param: 'checkpoint' },
    );
  if (!known.includes(sequence)) throw notFound();
  const { architecture, dataset, model, seed, hyperparameters, recipe, split, splitSnapshot } = from;
  const {
    datasetSnapshot,
    pictureOrder,
    backend,
    metadata,
    maxCostUsd,
    promote,
    resolved,
    baseChoice,
    memory,
  } = from;
  return {
    job: {
      architecture,
      dataset,
      model,
      seed,
      hyperparameters,
      recipe,
      sweep: null,
      split,
      splitSnapshot,
      ...(datasetSnapshot === undefined ? {} : { datasetSnapshot }),
      backend,
      metadata,
      maxCostUsd,
      ...(promote === undefined ? {} : { promote }),
    },
    async prepare(id) {
      const checkpoint = await store.get(keys.jobCheckpoint(from.id, sequence));
      // The job that it is of may be over by now.
      if (checkpoint === undefined) throw notFound();
      await store.put(keys.jobCheckpoint(id, 0), checkpoint.body);
      return {
        resolved,
        memory,
        ...(baseChoice === undefined ? {} : { baseChoice }),
        // As the checkpoint has it.
        pictureOrder: pictureOrder ?? 'key',
        finishRequested: true,
        fromCheckpoint: { jobId: from.id, sequence },
      };
    },
  };
}
