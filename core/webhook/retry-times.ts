// When a delivery that failed is attempted again, and when a webhook that keeps failing is given up.

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** Pauses after the first failure, the second and so on, as Standard Webhooks recommends them: about three days together. */
export const RETRY_PAUSES_MS: readonly number[] = [
  5 * SECOND_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  14 * HOUR_MS,
  20 * HOUR_MS,
  24 * HOUR_MS,
];
/** Added at random to a pause, as a part of it, so that what failed together does not come again together. */
const JITTER = 0.1;

/** A webhook none of whose attempts succeeded for so long is disabled, in seconds: five days. */
export const FAILING_SECONDS = 5 * 24 * 60 * 60;

/**
 * The pause before the next attempt, in milliseconds; undefined where there is none.
 * @param failures attempts that failed so far, at least 1.
 * @param random in [0, 1).
 */
export function retryPauseMs(failures: number, random: number): number | undefined {
  const pauseMs = RETRY_PAUSES_MS[failures - 1];
  return pauseMs === undefined ? undefined : Math.round(pauseMs * (1 + JITTER * random));
}
