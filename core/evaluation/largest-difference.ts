// How far two lists of numbers differ. Knows nothing of what they mean.

/**
 * The largest absolute difference of two lists, place by place. It is infinite where one of a pair is missing or not a number, so
 * that it exceeds every limit.
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
