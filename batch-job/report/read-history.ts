// The epochs of a job, from the metrics among its events, those of earlier attempts included.

import { z } from 'zod';
import type { JobEvent } from '../../core/job/record/job.ts';
import type { JobStore } from '../../core/job/record/job-store.ts';
import type { Epoch } from '../../core/model/report.ts';

const metric = z.number().nullish();

/** The data of a metrics event, which the training loop writes. */
const MetricsSchema = z.object({
  /** The number of the trial, in a sweep. */
  trial: z.number().int().optional(),
  stage: z.string().nullish(),
  epoch: z.number().int(),
  train_loss: metric,
  train_accuracy: metric,
  valid_loss: metric,
  valid_accuracy: metric,
  learning_rate: metric,
  images_per_second: metric,
});

/**
 * Every epoch of a job, or of one trial of it, once, in the order of training. Where an epoch was repeated after an
 * interruption, the last one counts.
 */
export const readHistory = async (
  jobs: Pick<JobStore, 'eventsSince'>,
  jobId: string,
  trial?: number,
): Promise<Epoch[]> => toHistory(await jobs.eventsSince(jobId), trial);

/**
 * {@link readHistory} of events that were read already; events of other types and other trials are skipped.
 *
 * @param events Oldest first.
 */
export function toHistory(
  events: readonly Pick<JobEvent, 'type' | 'data' | 'createdAt'>[],
  trial?: number,
): Epoch[] {
  const epochs = new Map<string, Epoch>();
  for (const { type, data, createdAt } of events) {
    const parsed = type === 'metrics' ? MetricsSchema.safeParse(data) : undefined;
    if (!parsed?.success || parsed.data.trial !== trial) continue;
    const { stage = null, epoch } = parsed.data;
    epochs.set(`${stage}/${epoch}`, {
      stage,
      epoch,
      trainLoss: parsed.data.train_loss ?? null,
      trainAccuracy: parsed.data.train_accuracy ?? null,
      validationLoss: parsed.data.valid_loss ?? null,
      validationAccuracy: parsed.data.valid_accuracy ?? null,
      learningRate: parsed.data.learning_rate ?? null,
      picturesPerSecond: parsed.data.images_per_second ?? null,
      endedAt: createdAt,
    });
  }
  return [...epochs.values()];
}
