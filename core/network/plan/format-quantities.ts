// Formats quantities for people who read plans. Knows no plan.

const THOUSAND = 1000;
const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;
const COUNT_UNITS = ['', 'k', 'M', 'G', 'T', 'P'] as const;
const SECONDS_PER_MINUTE = 60;
const SECONDS_PER_HOUR = 3600;

function scaled(value: number, units: readonly string[]): string {
  let rest = value;
  let unit = 0;
  while (rest >= THOUSAND && unit < units.length - 1) {
    rest /= THOUSAND;
    unit++;
  }
  const digits = unit === 0 || rest >= 100 ? 0 : rest >= 10 ? 1 : 2;
  return `${rest.toFixed(digits)} ${units[unit]}`.trimEnd();
}

/** Bytes in powers of 1000, e.g. `12.6 MB`. */
export const formatBytes = (bytes: number): string => scaled(bytes, BYTE_UNITS);

/** A count in powers of 1000, e.g. `7.76 G`. */
export const formatCount = (count: number): string => scaled(count, COUNT_UNITS);

/** A whole number with separators, e.g. `903,400`. */
export const formatInteger = (count: number): string => count.toLocaleString('en-US');

/** A duration, e.g. `4.2 s`, `12 min`, `3.5 h`. */
export function formatSeconds(seconds: number): string {
  if (seconds < SECONDS_PER_MINUTE) return `${seconds.toFixed(1)} s`;
  if (seconds < SECONDS_PER_HOUR) return `${(seconds / SECONDS_PER_MINUTE).toFixed(1)} min`;
  return `${(seconds / SECONDS_PER_HOUR).toFixed(1)} h`;
}

/** An amount, e.g. `US$ 0.0031`: at least cents, and two significant digits. */
export function formatUsd(usd: number): string {
  const digits = usd > 0 && usd < 0.1 ? Math.min(6, 1 - Math.floor(Math.log10(usd))) : 2;
  return `US$ ${usd.toFixed(digits)}`;
}
