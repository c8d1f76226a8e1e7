// How far a job's training has come, over all of its attempts. It tells attempts that were interrupted from attempts that make no
// progress. Knows nothing of what the numbers of a position mean.

import { z } from 'zod';

/** The furthest checkpoint of a job, as its record holds it. */
export const FurthestSchema = z.object({
  /** Position of the furthest checkpoint. Positions are compared number by number; the first that differs decides. */
  position: z.array(z.number()),
  /** Number of attempts of the job when the checkpoint was written. */
  attempts: z.number().int().nonnegative(),
});
/** The furthest checkpoint of a job. */
export type Furthest = z.infer<typeof FurthestSchema>;

/** The fields of a job record that tell its progress. */
export interface TrainingProgress {
  readonly furthest: Furthest | null;
  readonly attempts: number;
}

/** The furthest checkpoint after one was written at `position`. Where the job was as far before, it does not change. */
export function afterCheckpoint(
  { furthest, attempts }: TrainingProgress,
  position: readonly number[],
): Furthest {
  return furthest !== null && !isFurther(position, furthest.position)
    ? furthest
    : { position: [...position], attempts };
}

/** The furthest checkpoint when a new attempt begins. Attempts that were told to stop do not count, however far they came. */
export const beforeAttempt = ({ furthest, attempts }: TrainingProgress): Furthest | null =>
  furthest && { ...furthest, attempts: Math.min(furthest.attempts, attempts) };

/** Number of attempts since the last one that made progress. */
export const attemptsWithoutProgress = ({ furthest, attempts }: TrainingProgress): number =>
  Math.max(0, attempts - (furthest?.attempts ?? 0));

/** Whether a position is further than another; no position is the least far. */
export function isFurther(position: readonly number[] = [], than: readonly number[] = []): boolean {
  const at = position.findIndex((value, index) => value !== than[index]);
  return at >= 0 && (position[at] ?? 0) > (than[at] ?? Number.NEGATIVE_INFINITY);
}
