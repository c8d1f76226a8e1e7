// Accuracy by a property of the examples: a good mean may hide that small or dark pictures fail.

import { quantile } from './bootstrap.ts';
import { type Proportion, toProportion } from './proportion.ts';

/** The examples whose property lies in one range, and their accuracy. */
export interface Slice {
  /** Smallest and largest value of the property in the slice. */
  readonly from: number;
  readonly to: number;
  readonly accuracy: Proportion;
}

/**
 * Splits the examples by a property into `parts` slices of about equal size, from the lowest values up. Equal values stay together,
 * so there may be fewer slices.
 * @param right 1 for a right answer, 0 for a wrong one.
 */
export function sliceByQuantile(values: Float64Array, right: Uint8Array, parts: number): Slice[] {
  if (values.length === 0) return [];
  const sorted = Float64Array.from(values).sort();
  const uppers = new Set(Array.from({ length: parts }, (_, part) => quantile(sorted, (part + 1) / parts)));
  let previous = Number.NEGATIVE_INFINITY;
  const slices: Slice[] = [];
  for (const upper of [...uppers].sort((a, b) => a - b)) {
    const members = [...values.keys()].filter(
      (example) => (values[example] as number) > previous && (values[example] as number) <= upper,
    );
    previous = upper;
    const inside = members.map((example) => values[example] as number);
    const accuracy = toProportion(
      members.reduce((total, example) => total + (right[example] as number), 0),
      members.length,
    );
    if (accuracy === undefined) continue;
    slices.push({ from: Math.min(...inside), to: Math.max(...inside), accuracy });
  }
  return slices;
}
