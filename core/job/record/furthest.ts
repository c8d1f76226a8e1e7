// How far a job's training has come, over all of its attempts: what tells an attempt that was interrupted from one that gets
// nowhere. Knows nothing of what the numbers of a position stand for.

import { z } from 'zod';

export const FurthestSchema = z.object({
  /** Of the furthest checkpoint; compared number by number, the first that differs decides. */
  position: z.array(z.number()),
  /** The job's attempts when it got there. */
  attempts: z.number().int().nonnegative(),
});
export type Furthest = z.infer<typeof FurthestSchema>;

/** What a job knows of it. */
export interface Course {
  readonly furthest: Furthest | null;
  readonly attempts: number;
}

/** Once a checkpoint is written: a job that was there before stays as it is. */
export function afterCheckpoint({ furthest, attempts }: Course, position: readonly number[]): Furthest {
  return furthest !== null && !isFurther(position, furthest.position)
    ? furthest
    : { position: [...position], attempts };
}

/** Once another attempt is counted. An attempt that was told to go has not counted, however far it came. */
export const beforeAttempt = ({ furthest, attempts }: Course): Furthest | null =>
  furthest && { ...furthest, attempts: Math.min(furthest.attempts, attempts) };

/** Attempts since the last one that came further than those before it. */
export const fruitlessAttempts = ({ furthest, attempts }: Course): number =>
  Math.max(0, attempts - (furthest?.attempts ?? 0));

/** Whether a position, or none, is past another, or none. */
export function isFurther(position: readonly number[] = [], than: readonly number[] = []): boolean {
  const at = position.findIndex((value, index) => value !== than[index]);
  return at >= 0 && (position[at] ?? 0) > (than[at] ?? Number.NEGATIVE_INFINITY);
}
