// Ids of jobs. They count down with time, so that a listing, which object stores give in ascending order alone, has the
// newest job first.

import { randomBytes } from 'node:crypto';

/** One past the largest time an id can carry (year 10889). */
const TIME_END = 2 ** 48;
const TIME_RADIX = 32;
const TIME_DIGITS = 10;
const RANDOM_BYTES = 5;
const PREFIX = 'ftjob-';
const PATTERN = new RegExp(`^${PREFIX}([0-9a-v]{${TIME_DIGITS}})`);

/** @param nowMs Unix milliseconds. */
export function createJobId(nowMs: number): string {
  return `${firstJobIdAt(nowMs)}${randomBytes(RANDOM_BYTES).toString('hex')}`;
}

/** Comes in order before all ids of its millisecond, and after those of later ones. @param nowMs Unix milliseconds. */
export const firstJobIdAt = (nowMs: number): string =>
  PREFIX + (TIME_END - 1 - nowMs).toString(TIME_RADIX).padStart(TIME_DIGITS, '0');

/** When the id was made, in Unix milliseconds; 0 for one that is none of ours. */
export function createdAtMsOf(jobId: string): number {
  const [, time] = PATTERN.exec(jobId) ?? [];
  return time === undefined ? 0 : Math.max(0, TIME_END - 1 - Number.parseInt(time, TIME_RADIX));
}
