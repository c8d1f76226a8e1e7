// The epochs of a job and the gain of its second stage, from its events, those of earlier attempts included.

import { z } from 'zod';
import type { JobEvent } from '../../core/job/record/job.ts';
import type { Epoch, SecondStage } from '../../core/model/report.ts';

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

/** The data of the event that ends the stage `full`, where pictures were held out. */
const StageEndSchema = z.object({
  trial: z.number().int().optional(),
  stage: z.literal('full'),
  blend_share: z.number(),
  loss_gain: z.number(),
  loss_gain_error: z.number(),
  accuracy_before: z.number(),
  accuracy_after: z.number(),
});

type ReadEvent = Pick<JobEvent, 'type' | 'data' | 'createdAt'>;

/** What training the pretrained layers gained, by a job's events, or those of one trial of it. The last such event counts. */
export function toSecondStage(events: readonly ReadEvent[], trial?: number): SecondStage | undefined {
  const ends = events.flatMap(({ type, data }) => {
    const parsed = type === 'message' ? StageEndSchema.safeParse(data) : undefined;
    return parsed?.success && parsed.data.trial === trial ? [parsed.data] : [];
  });
  const last = ends.at(-1);
  return (
    last && {
      isKept: last.blend_share > 0,
      lossGain: last.loss_gain,
      lossGainError: last.loss_gain_error,
      accuracyBefore: last.accuracy_before,
      accuracyAfter: last.accuracy_after,
    }
  );
}

/**
 * Every epoch of a job, or of one trial of it, once, in the order of training. Where an epoch was repeated after an
 * interruption, the last one counts. Events of other types and other trials are skipped.
 *
 * @param events Oldest first.
 */
export function toHistory(events: readonly ReadEvent[], trial?: number): Epoch[] {
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
