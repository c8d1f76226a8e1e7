// The clock for durations. Dates come from `now` options, which tests fix; this one cannot be set by anybody.

/** Milliseconds since some moment of this process's life. They never go back, whatever happens to the machine's date. */
export const monotonicMs = (): number => performance.now();

/** Unix milliseconds, with fractions: for the times of what lasts a few of them. */
export const unixMs = (): number => performance.timeOrigin + performance.now();
