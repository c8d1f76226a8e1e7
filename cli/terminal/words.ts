// Quantities in words for people at a terminal.

import { percent } from '../../core/words/quantities.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const SHORT_UNITS = { second: 's', minute: 'min', hour: 'h', day: 'd' } as const;

interface Rounded {
  readonly count: number;
  readonly unit: keyof typeof SHORT_UNITS;
}

function rounded(seconds: number): Rounded {
  if (seconds < 1.5 * MINUTE) return { count: Math.max(1, Math.ceil(seconds)), unit: 'second' };
  if (seconds < 1.5 * HOUR) return { count: Math.round(seconds / MINUTE), unit: 'minute' };
  if (seconds < 2 * DAY) return { count: Math.round(seconds / HOUR), unit: 'hour' };
  return { count: Math.round(seconds / DAY), unit: 'day' };
}

const inWords = ({ count, unit }: Rounded) => `${count} ${unit}${count === 1 ? '' : 's'}`;

/** A duration in words, e.g. `8 seconds`, `about 12 minutes`, `about 3 hours`. @param seconds 0 or more. */
export function timeInWords(seconds: number): string {
  const time = rounded(seconds);
  return time.unit === 'second' ? inWords(time) : `about ${inWords(time)}`;
}

/** A duration in few characters, e.g. `8 s`, `12 min`, `3 h`. @param seconds 0 or more. */
export function shortTime(seconds: number): string {
  const { count, unit } = rounded(seconds);
  return `${count} ${SHORT_UNITS[unit]}`;
}

/** How long ago something was, e.g. `3 minutes ago`. @param unixSeconds when it was. */
export const agoInWords = (unixSeconds: number, nowMs: number): string =>
  `${inWords(rounded(Math.max(0, nowMs / 1000 - unixSeconds)))} ago`;

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
