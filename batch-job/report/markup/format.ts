// Numbers and names in the form in which a report shows them.

import type { ReportProportion } from '../../../core/model/report.ts';

/** A share in percent, e.g. `82.4 %`, with so many digits after the decimal point. */
export const percent = (share: number, digits = 1): string => `${(100 * share).toFixed(digits)} %`;

/** An interval of shares in percent, e.g. `78–85 %`. */
export const percentRange = ({ low, high }: Pick<ReportProportion, 'low' | 'high'>): string =>
  `${(100 * low).toFixed(0)}–${(100 * high).toFixed(0)} %`;

/** The counts behind a share, e.g. `41 of 50`. */
export const ratio = ({ successes, trials }: Pick<ReportProportion, 'successes' | 'trials'>): string =>
  `${successes} of ${trials}`;

/** A count with its noun, e.g. `1 picture` or `2 pictures`. */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;

/** A difference of shares in percentage points, e.g. `3.1 points`. */
export const points = (share: number): string => `${(100 * share).toFixed(1)} points`;

/** A time to the minute, e.g. `2026-01-02 03:04 UTC`. */
export const utc = (unixSeconds: number): string =>
  `${new Date(1000 * unixSeconds).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** The key of a picture without `datasets/<dataset>/`. */
export const shortKey = (key: string): string => key.split('/').slice(2).join('/');
