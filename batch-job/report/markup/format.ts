// Numbers and names in the form in which a report shows them.

import type { ReportProportion } from '../../../core/model/report.ts';

/** A share in percent, e.g. `82.4 %`, with so many digits after the decimal point. */
export const percent = (share: number, digits = 1): string => `${(100 * share).toFixed(digits)} %`;

/** The counts behind a share, e.g. `41 of 50`. */
export const ratio = ({ successes, trials }: Pick<ReportProportion, 'successes' | 'trials'>): string =>
  `${successes} of ${trials}`;

/** A count with its noun, e.g. `1 picture` or `2 pictures`. */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;

/** A time to the minute, e.g. `2026-01-02 03:04 UTC`. */
export const utc = (unixSeconds: number): string =>
  `${new Date(1000 * unixSeconds).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** The key of a picture without `datasets/<dataset>/`. */
export const shortKey = (key: string): string => key.split('/').slice(2).join('/');
