// Decides how many requests may wait: many in a burst, few where more arrive than can be served. A long queue that is always full
// serves no more requests than a short one, and each of them late. Knows no queue.

/** The limits, and the clock. */
export interface WaitingLimitOptions {
  /** Requests that may wait in a burst, at least 1. */
  readonly most: number;
  /** Requests that may wait under overload, at least 0. */
  readonly least: number;
  /** Milliseconds since any fixed moment. */
  readonly clock: () => number;
}

/** How many requests may wait now. */
export interface WaitingLimit {
  /** `most`; under overload `least`, and now and then half of `most`, to see whether it is over. */
  readonly current: number;
  /** Tells of each request whether it finds a lane free. */
  asked(findsLane: boolean): void;
  /** Tells that a request was refused because as many wait as may. */
  refused(): void;
}

/** When an overload is first looked at anew. Refusals do not tell: a client that asks again at once is refused many times for one request. */
const FIRST_REST_MS = 2000;
/** Each vain look doubles the time to the next, because what waits meanwhile waits long; at most to this. */
const LONGEST_REST_MS = 30_000;
/** Where at least this share of the requests of a second finds a lane free, the overload is looked at anew at once: lanes are seldom free in one. */
const FREE_SHARE = 1 / 4;
const WINDOW_MS = 1000;
/** An overload is over when nobody is refused for so long, although half of `most` may wait. */
const TRIAL_MS = 1000;

/** A limit that starts at `most`. */
export function createWaitingLimit({ most, least, clock }: WaitingLimitOptions): WaitingLimit {
  /** When the next trial begins; undefined where there is no overload. */
  let trialAtMs: number | undefined;
  let restMs = FIRST_REST_MS;
  let endedMs = Number.NEGATIVE_INFINITY;

  let window = { sinceMs: 0, asked: 0, free: 0 };

  const state = (): 'calm' | 'overload' | 'trial' => {
    const nowMs = clock();
    if (trialAtMs !== undefined && nowMs >= trialAtMs + TRIAL_MS) {
      trialAtMs = undefined;
      endedMs = nowMs;
    }
    if (trialAtMs === undefined) return 'calm';
    return nowMs < trialAtMs ? 'overload' : 'trial';
  };

  return {
    get current() {
      const now = state();
      if (now === 'calm') return most;
      return Math.min(most, now === 'trial' ? Math.max(least, Math.ceil(most / 2)) : least);
    },
    asked(findsLane) {
      if (state() !== 'overload') return;
      const nowMs = clock();
      window.asked += 1;
      if (findsLane) window.free += 1;
      if (nowMs - window.sinceMs < WINDOW_MS) return;
      if (window.free >= window.asked * FREE_SHARE) trialAtMs = nowMs;
      window = { sinceMs: nowMs, asked: 0, free: 0 };
    },
    refused() {
      const now = state();
      if (now === 'overload') return;
      const nowMs = clock();
      const isNew = now === 'calm' && nowMs - endedMs > LONGEST_REST_MS;
      restMs = isNew ? FIRST_REST_MS : Math.min(LONGEST_REST_MS, restMs * 2);
      trialAtMs = nowMs + restMs;
      window = { sinceMs: nowMs, asked: 0, free: 0 };
    },
  };
}
