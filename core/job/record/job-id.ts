// Ids of jobs. They count down with time, because object stores list keys in ascending order alone: so the newest job comes first.

import { randomBytes } from 'node:crypto';

/** One past the largest time an id can carry (year 10889). */
const TIME_END = 2 ** 48;
const TIME_RADIX = 32;
const TIME_DIGITS = 10;
const RANDOM_BYTES = 5;
const PREFIX = 'ftjob-';
const PATTERN = new RegExp(`^${PREFIX}([0-9a-v]{${TIME_DIGITS}})`);

/**
 * Makes the id of a new job: a time that counts down, then random digits.
 * @param nowMs Unix milliseconds.
 */
export function createJobId(nowMs: number): string {
  return `${firstJobIdAt(nowMs)}${randomBytes(RANDOM_BYTES).toString('hex')}`;
}

/**
 * The beginning of all ids made in a millisecond. In the order of ids it comes before them and after those of later ones.
 * @param nowMs Unix milliseconds.
 */
export const firstJobIdAt = (nowMs: number): string =>
  PREFIX + (TIME_END - 1 - nowMs).toString(TIME_RADIX).padStart(TIME_DIGITS, '0');

/** When an id was made, in Unix milliseconds; 0 for a text that is no job id. */
export function createdAtMsOf(jobId: string): number {
  const [, time] = PATTERN.exec(jobId) ?? [];
  return time === undefined ? 0 : Math.max(0, TIME_END - 1 - Number.parseInt(time, TIME_RADIX));
}
