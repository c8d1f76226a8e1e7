// Numbers and times as people read them. Knows nothing of the API.

const MINUTE_S = 60;
const HOUR_S = 3600;
const KB = 1e3;
const MB = 1e6;
const GB = 1e9;
/** Prices below are not told apart. */
const LEAST_USD = 0.01;

/** A share, 0 to 1, in percent. */
export const percent = (share: number): string =>
  `${(share * 100).toFixed(share > 0 && share < 0.01 ? 2 : 1)} %`;

/** How many of a hundred a share is. */
export const of100 = (share: number): number => Math.round(share * 100);

/** A size in bytes. */
export function size(bytes: number): string {
  if (bytes < MB / 10) return `${(bytes / KB).toFixed(1)} kB`;
  return bytes < GB ? `${(bytes / MB).toFixed(1)} MB` : `${(bytes / GB).toFixed(1)} GB`;
}

/** A whole number with its thousands apart. */
export const whole = (value: number): string => value.toLocaleString('en');

/** A number and its noun. */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${whole(count)} ${count === 1 ? one : many}`;

/** A time in words, rounded to what matters. @param seconds of any length. */
export function duration(seconds: number): string {
  if (seconds < MINUTE_S) return plural(Math.max(1, Math.round(seconds)), 'second');
  if (seconds < HOUR_S) return plural(Math.round(seconds / MINUTE_S), 'minute');
  const hours = Math.floor(seconds / HOUR_S);
  const minutes = Math.round((seconds - hours * HOUR_S) / MINUTE_S);
  return minutes === 0 ? plural(hours, 'hour') : `${plural(hours, 'hour')} ${plural(minutes, 'minute')}`;
}

/** A price in US dollars. */
export const dollars = (usd: number): string =>
  usd > 0 && usd < LEAST_USD ? `less than US$ ${LEAST_USD}` : `US$ ${usd.toFixed(2)}`;

/** A price that is estimated, as a sentence. */
export const aboutDollars = (usd: number): string =>
  usd < LEAST_USD ? `Less than US$ ${LEAST_USD}.` : `About ${dollars(usd)}.`;

/** Day and time as the reader's country writes them. @param seconds Unix seconds. */
export const moment = (seconds: number): string => new Date(seconds * 1000).toLocaleString();

/** The last part of a path or key. */
export const fileName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
