// Quantities in words for people at a terminal.

import { percent } from '../../core/words/quantities.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const SHORT_UNITS = { second: 's', minute: 'min', hour: 'h', day: 'd' } as const;

const plural = (count: number, unit: string) => `${count} ${unit}${count === 1 ? '' : 's'}`;

/** A duration in words, e.g. `8 seconds`, `about 12 minutes`, `about 3 hours`. @param seconds 0 or more. */
export function timeInWords(seconds: number): string {
  if (seconds < 1.5 * MINUTE) return plural(Math.max(1, Math.ceil(seconds)), 'second');
  if (seconds < 1.5 * HOUR) return `about ${plural(Math.round(seconds / MINUTE), 'minute')}`;
  if (seconds < 2 * DAY) return `about ${plural(Math.round(seconds / HOUR), 'hour')}`;
  return `about ${plural(Math.round(seconds / DAY), 'day')}`;
}

/** A duration in few characters, e.g. `8 s`, `12 min`, `3 h`. @param seconds 0 or more. */
export const shortTime = (seconds: number): string =>
  timeInWords(seconds)
    .replace('about ', '')
    .replace(/ (second|minute|hour|day)s?$/, (_, unit: keyof typeof SHORT_UNITS) => ` ${SHORT_UNITS[unit]}`);

/** How long ago something was, e.g. `3 minutes ago`. @param unixSeconds when it was. */
export const agoInWords = (unixSeconds: number, nowMs: number): string =>
  `${timeInWords(Math.max(0, nowMs / 1000 - unixSeconds)).replace('about ', '')} ago`;

/** A number with its noun, e.g. `1 picture`, `1,200 pictures`. */
export const countOf = (count: number, noun: string): string =>
  `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : noun.endsWith('s') ? 'es' : 's'}`;

/** A share with its interval, e.g. `93.5 % (88.1 % to 96.6 %)`; `–` where it was not measured. */
export const percentWithin = (
  share: { readonly value: number | null; readonly low: number | null; readonly high: number | null } | null,
): string =>
  share?.value == null
    ? '–'
    : share.low === null || share.high === null
      ? percent(share.value)
      : `${percent(share.value)} (${percent(share.low)} to ${percent(share.high)})`;

const BARS = '▁▂▃▄▅▆▇█';

/** A curve of one line, the lowest value at the bottom: `▇▅▃▂▁`. @param most values that are shown, the last ones. */
export function sparkline(values: readonly number[], most = 16): string {
  const shown = values.filter(Number.isFinite).slice(-most);
  const [low, high] = [Math.min(...shown), Math.max(...shown)];
  const scale = high > low ? (BARS.length - 1) / (high - low) : 0;
  return shown.map((value) => BARS[Math.round((value - low) * scale)]).join('');
}
