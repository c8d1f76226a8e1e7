// Numbers and names as people read them.

import type { ReportProportion } from '../../../core/model/report.ts';

/** `82.4 %`; `digits` behind the point. */
export const percent = (share: number, digits = 1): string => `${(100 * share).toFixed(digits)} %`;

/** `78–85 %`. */
export const percentRange = ({ low, high }: Pick<ReportProportion, 'low' | 'high'>): string =>
  `${(100 * low).toFixed(0)}–${(100 * high).toFixed(0)} %`;

/** `41 of 50`. */
export const ratio = ({ successes, trials }: Pick<ReportProportion, 'successes' | 'trials'>): string =>
  `${successes} of ${trials}`;

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;

/** `3.1 points` of 100. */
export const points = (share: number): string => `${(100 * share).toFixed(1)} points`;

/** `2026-01-02 03:04 UTC`. */
export const utc = (unixSeconds: number): string =>
  `${new Date(1000 * unixSeconds).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** The part of an object key below its dataset. */
export const shortKey = (key: string): string => key.split('/').slice(2).join('/');
