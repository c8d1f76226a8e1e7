// Ids of jobs. They count down with time, because object stores list keys in ascending order alone: so the newest job comes first.

import { countingDown, TIME_DIGITS, timeCountedDown } from '../../counting-down.ts';
import { idDigits } from '../../id-digits.ts';
import { BATCH_PREFIX } from '../../storage/keys.ts';

const RANDOM_BYTES = 5;
const PREFIX = 'ftjob-';
const PATTERN = new RegExp(`^(?:${PREFIX}|${BATCH_PREFIX})([0-9a-v]{${TIME_DIGITS}})`);

/** Matches the ids of batch predictions. */
export const BATCH_ID_PATTERN = new RegExp(`^${BATCH_PREFIX}[A-Za-z0-9]+$`);

/**
 * Makes the id of a new job: a time that counts down, then random digits.
 * @param nowMs Unix milliseconds.
 */
export const createJobId = (nowMs: number): string => `${firstJobIdAt(nowMs)}${idDigits(RANDOM_BYTES)}`;

/**
 * Makes the id of a new batch prediction, in the same way.
 * @param nowMs Unix milliseconds.
 */
export const createBatchId = (nowMs: number): string => `${firstBatchIdAt(nowMs)}${idDigits(RANDOM_BYTES)}`;

/**
 * The beginning of all ids made in a millisecond. In the order of ids it comes before them and after those of later ones.
 * @param nowMs Unix milliseconds.
 */
export const firstJobIdAt = (nowMs: number): string => PREFIX + countingDown(nowMs);
/** The same of batch predictions. */
export const firstBatchIdAt = (nowMs: number): string => BATCH_PREFIX + countingDown(nowMs);

/** When an id was made, in Unix milliseconds; 0 for a text that is no job id. */
export function createdAtMsOf(jobId: string): number {
  const [, time] = PATTERN.exec(jobId) ?? [];
  return time === undefined ? 0 : timeCountedDown(time);
}
