// The mean of a number over examples that come in groups of look-alikes, with its standard error.

/** A mean and its standard error. */
export interface MeanWithError {
  readonly mean: number;
  readonly error: number;
}

/**
 * Computes a weighted mean, and its standard error with whole groups as the independent units: Liang and Zeger (1986), the sandwich
 * estimator. Ten pictures of one scene tell no more than one.
 *
 * @param groups Examples with the same number belong together. Default: each is a group of its own.
 * @param weights Default: all the same.
 * @returns NaN for no examples; an error of 0 for one group.
 */
export function meanByGroups(
  values: Float64Array,
  {
    groups,
    weights,
  }: { readonly groups?: Int32Array | undefined; readonly weights?: Float64Array | undefined } = {},
): MeanWithError {
  const weightOf = (example: number) => weights?.[example] ?? 1;
  const counted = values.reduce((sum, _, example) => sum + weightOf(example), 0);
  const mean = values.reduce((sum, value, example) => sum + weightOf(example) * value, 0) / counted;
  const sums = new Map<number, number>();
  values.forEach((value, example) => {
    const group = groups?.[example] ?? example;
    sums.set(group, (sums.get(group) ?? 0) + weightOf(example) * (value - mean));
  });
  const squares = [...sums.values()].reduce((total, sum) => total + sum ** 2, 0);
  const correction = sums.size > 1 ? sums.size / (sums.size - 1) : 0;
  return { mean, error: Math.sqrt(correction * squares) / counted };
}
