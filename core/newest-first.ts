// Ids that count down with time, since object stores list keys in ascending order alone: so a listing begins with the newest.

/** One past the largest time an id can carry, in Unix milliseconds. */
const TIME_END = 10 ** 15;
const TIME_DIGITS = 15;

/** The digits of a time for an id, so that later times come first. @param ms Unix milliseconds. */
export const newestFirst = (ms: number): string => String(TIME_END - 1 - ms).padStart(TIME_DIGITS, '0');
