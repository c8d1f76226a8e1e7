// Quantities as people read them in plans. Knows no plan.

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

/** E.g. `12.6 MB`, in powers of 1000. */
export const formatBytes = (bytes: number): string => scaled(bytes, BYTE_UNITS);

/** E.g. `7.76 G`. */
export const formatCount = (count: number): string => scaled(count, COUNT_UNITS);

/** E.g. `903,400`. */
export const formatInteger = (count: number): string => count.toLocaleString('en-US');

/** E.g. `4.2 s`, `12 min`, `3.5 h`. */
export function formatSeconds(seconds: number): string {
  if (seconds < SECONDS_PER_MINUTE) return `${seconds.toFixed(1)} s`;
  if (seconds < SECONDS_PER_HOUR) return `${(seconds / SECONDS_PER_MINUTE).toFixed(1)} min`;
  return `${(seconds / SECONDS_PER_HOUR).toFixed(1)} h`;
}

/** E.g. `US$ 0.0031`: two digits that say something, and cents at least. */
export function formatUsd(usd: number): string {
  const digits = usd > 0 && usd < 0.1 ? Math.min(6, 1 - Math.floor(Math.log10(usd))) : 2;
  return `US$ ${usd.toFixed(digits)}`;
}
