// Times that count down in ids, because object stores list keys in ascending order alone: so the newest comes first.

/** One past the largest time an id can carry (year 10889). */
const TIME_END = 2 ** 48;
const TIME_RADIX = 32;
/** How many digits a time has. */
export const TIME_DIGITS = 10;

/**
 * A time as digits, which are smaller the later it is.
 * @param nowMs Unix milliseconds.
 */
export const countingDown = (nowMs: number): string =>
  (TIME_END - 1 - nowMs).toString(TIME_RADIX).padStart(TIME_DIGITS, '0');

/** The time, in Unix milliseconds, of a text that begins with the digits of {@link countingDown}. */
export const timeCountedDown = (text: string): number =>
  Math.max(0, TIME_END - 1 - Number.parseInt(text.slice(0, TIME_DIGITS), TIME_RADIX));
