// The clock for durations. Dates come from `now` options, which tests fix; this one cannot be set by anybody.

/** Milliseconds since some moment of this process's life; never goes back, whatever becomes of the machine's date. */
export const monotonicMs = (): number => performance.now();
