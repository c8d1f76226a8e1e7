// Numbers and times as people read them, on the page, in reports and at a terminal. Knows nothing of what they count.

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

/** A share, 0 to 1, in percent, with digits enough to tell it from all: `99.98 %`. */
export function percentBelowAll(share: number): string {
  const MOST_DIGITS = 6;
  let said = percent(share);
  for (let digits = 2; share < 1 && Number.parseFloat(said) === 100 && digits <= MOST_DIGITS; digits++)
    said = `${(share * 100).toFixed(digits)} %`;
  return said;
}

/** The ends of an interval of shares, 0 to 1, in percent. */
export const percentRange = ({ low, high }: { readonly low: number; readonly high: number }): string =>
  `${of100(low)}–${of100(high)} %`;

/** A difference of shares, 0 to 1, in percentage points. */
export const points = (share: number): string => `${(share * 100).toFixed(1)} points`;

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
export const aboutDollars = (usd: number): string => {
  const said = roughDollars(usd);
  return `${said.charAt(0).toUpperCase()}${said.slice(1)}.`;
};

/** A price that is not exact, within a sentence: `about US$ 3.10`, or `less than US$ 0.01`. */
export const roughDollars = (usd: number): string =>
  usd < LEAST_USD ? `less than US$ ${LEAST_USD}` : `about ${dollars(usd)}`;

/** The first of some names, and how many more there are, e.g. `a, b and 3 more`. */
export const firstOf = (names: readonly string[], most: number): string =>
  `${names.slice(0, most).join(', ')}${names.length > most ? ` and ${whole(names.length - most)} more` : ''}`;
