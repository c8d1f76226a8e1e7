// What a job's checkpoints say of how far it has come, read from their beginnings alone. Knows nothing of weights.

import { z } from 'zod';
import { mapConcurrently } from '../../concurrently.ts';
import { isFoveaError } from '../../errors/errors.ts';
import { keys } from '../../storage/keys.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import { readCheckpointHeader } from './checkpoint-file.ts';

const Measure = z.number().nullable();

/** The numbers of one epoch, as a checkpoint stores them. */
export const EpochReportSchema = z.object({
  /** From 1; 0 for the scores before the first epoch. */
  epoch: z.number().int(),
  epochs: z.number().int(),
  /** Optimizer steps so far. */
  step: z.number().int(),
  /** Mean cross-entropy over the examples of the epoch, in nats, as each was when its batch was trained on. */
  trainLoss: z.number(),
  /** 0 to 1. */
  trainAccuracy: z.number(),
  validationLoss: Measure,
  validationAccuracy: Measure,
  learningRate: z.number(),
  imagesPerSecond: z.number(),
});
/** The numbers of one epoch. */
export type EpochReport = z.infer<typeof EpochReportSchema>;

const PositionSchema = z.object({
  stage: z.string(),
  epoch: z.number().int(),
  isFinished: z.boolean(),
  history: z.array(EpochReportSchema),
});

/** A checkpoint, and how far training had come with it. */
export interface CheckpointEntry {
  /** Its number; later ones are larger. */
  readonly sequence: number;
  readonly key: string;
  readonly sizeBytes: number;
  /** Unix seconds. */
  readonly createdAt: number;
  /** The run that it is of, e.g. `full`. */
  readonly stage: string;
  /** The epoch that runs, from 1. */
  readonly epoch: number;
  /** The last finished epoch; undefined before the first has ended. */
  readonly last: EpochReport | undefined;
}

/** Lists the readable checkpoints of a job, newest first. There are at most a few. */
export async function listCheckpoints(store: ObjectStore, jobId: string): Promise<CheckpointEntry[]> {
  const prefix = keys.jobCheckpoints(jobId);
  const found: { key: string; sizeBytes: number; lastModified: Date }[] = [];
  for await (const info of store.list(prefix)) {
    // Those of trials lie in folders of their own.
    if (!info.key.slice(prefix.length).includes('/')) found.push(info);
  }
  const entries = await mapConcurrently(found, async ({ key, sizeBytes, lastModified }) => {
    const position = await readPosition(store, key);
    if (position === undefined) return undefined;
    const { stage, epoch, history } = position;
    const createdAt = Math.floor(lastModified.getTime() / 1000);
    const sequence = keys.checkpointSequence(key);
    return { sequence, key, sizeBytes, createdAt, stage, epoch, last: history.at(-1) };
  });
  return entries.filter((entry) => entry !== undefined).reverse();
}

/** Undefined for one that is damaged, of another version, or was deleted meanwhile. */
async function readPosition(store: ObjectStore, key: string) {
  try {
    const header = await readCheckpointHeader(async (start, end) => {
      const part = await store.get(key, { range: { start, end } });
      return part?.body;
    });
    return header === undefined ? undefined : PositionSchema.safeParse(header).data;
  } catch (error) {
    if (isFoveaError(error, 'checkpoint-corrupt') || isFoveaError(error, 'range-not-satisfiable'))
      return undefined;
    throw error;
  }
}
