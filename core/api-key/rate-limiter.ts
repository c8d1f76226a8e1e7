// How many requests each API key may send: one token bucket for each key, in this process's memory.

/** What a request of a key finds. */
export interface RateDecision {
  readonly isAllowed: boolean;
  /** Whole requests that may follow at once. */
  readonly remaining: number;
  /** Seconds until another request is allowed; 0 where one is. */
  readonly waitSeconds: number;
  /** Seconds until as many requests are allowed at once as the limit says. */
  readonly resetSeconds: number;
}

/** Counts the requests of keys. */
export interface RateLimiter {
  /**
   * Takes one request of a key, if it may send one.
   * @param perMinute as many may come at once, and come anew within a minute.
   */
  take(name: string, perMinute: number): RateDecision;
}

const MINUTE_SECONDS = 60;

/**
 * A limiter that is exact within its process.
 * @param clock milliseconds that never go back.
 */
export function createRateLimiter(clock: () => number): RateLimiter {
  const buckets = new Map<string, { tokens: number; atMs: number }>();
  return {
    take(name, perMinute) {
      const nowMs = clock();
      const { tokens: before, atMs } = buckets.get(name) ?? { tokens: perMinute, atMs: nowMs };
      const perSecond = perMinute / MINUTE_SECONDS;
      const filled = Math.min(perMinute, before + ((nowMs - atMs) / 1000) * perSecond);
      const isAllowed = filled >= 1;
      const tokens = isAllowed ? filled - 1 : filled;
      buckets.set(name, { tokens, atMs: nowMs });
      return {
        isAllowed,
        remaining: Math.floor(tokens),
        waitSeconds: isAllowed ? 0 : Math.ceil((1 - tokens) / perSecond),
        resetSeconds: Math.ceil((perMinute - tokens) / perSecond),
      };
    },
  };
}
