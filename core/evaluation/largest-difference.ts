// How far two lists of numbers are from each other. Knows not what they are.

/**
 * The largest absolute difference of two lists, place by place; Infinity where one of a pair is missing or no number, so that no
 * bound admits it.
 */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let largest = 0;
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const difference = Math.abs((a[index] ?? Number.NaN) - (b[index] ?? Number.NaN));
    if (Number.isNaN(difference)) return Number.POSITIVE_INFINITY;
    largest = Math.max(largest, difference);
  }
  return largest;
}
