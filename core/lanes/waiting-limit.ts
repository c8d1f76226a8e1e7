// Decides how many requests may wait: many in a burst, few where more arrive than can be served. A long queue that is always full
// serves no more requests than a short one, and each of them late. Knows no queue.

/** The limits, and the clock. */
export interface WaitingLimitOptions {
  /** Requests that may wait in a burst, at least 1. */
  readonly most: number;
  /** Requests that may wait under overload, at least 1. */
  readonly least: number;
  /** Milliseconds since any fixed moment. */
  readonly clock: () => number;
}

/** How many requests may wait now. */
export interface WaitingLimit {
  /** `most`, or `least` under overload. */
  readonly current: number;
  /** Tells of each request whether it was refused because the queue is full. A refusal begins an overload. */
  count(isRefused: boolean): void;
}

/** An overload lasts at least this long, and is judged anew as often. */
const WINDOW_MS = 1000;
/** An overload is over when at most this share of the requests of one window was refused: a longer queue takes so many. */
const REFUSED_SHARE = 1 / 3;

/** A limit that starts at `most`. */
export function createWaitingLimit({ most, least, clock }: WaitingLimitOptions): WaitingLimit {
  let isOverloaded = false;
  let sinceMs = 0;
  let asked = 0;
  let refused = 0;

  const begin = (nowMs: number) => {
    sinceMs = nowMs;
    asked = 0;
    refused = 0;
  };
  const judge = (nowMs: number) => {
    const ageMs = nowMs - sinceMs;
    if (!isOverloaded || ageMs < WINDOW_MS) return;
    // A window that ended long ago says nothing of now.
    if (ageMs >= 2 * WINDOW_MS || refused <= asked * REFUSED_SHARE) isOverloaded = false;
    begin(nowMs);
  };

  return {
    get current() {
      judge(clock());
      return isOverloaded ? Math.min(least, most) : most;
    },
    count(isRefused) {
      const nowMs = clock();
      judge(nowMs);
      if (isRefused && !isOverloaded) {
        isOverloaded = true;
        begin(nowMs);
      }
      asked += 1;
      if (isRefused) refused += 1;
    },
  };
}
