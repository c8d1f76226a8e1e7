// The mean of a number over examples that come in groups of look-alikes, with its standard error.

/** A mean and its standard error. */
export interface MeanWithError {
  readonly mean: number;
  readonly error: number;
}

/** Which examples belong together, and how much each counts. */
export interface Grouping {
  /** Examples with the same number belong together. Default: each is a group of its own. */
  readonly groups?: Int32Array | undefined;
  /** Default: all the same. */
  readonly weights?: Float64Array | undefined;
}

/**
 * As many independent examples of equal weight would tell as much: Kish (1965), "Survey sampling", the effective sample size, with
 * groups as the independent units.
 */
export function countIndependent(examples: number, { groups, weights }: Grouping = {}): number {
  const sums = new Map<number, number>();
  for (let example = 0; example < examples; example++) {
    const group = groups?.[example] ?? example;
    sums.set(group, (sums.get(group) ?? 0) + (weights?.[example] ?? 1));
  }
  const total = [...sums.values()].reduce((sum, weight) => sum + weight, 0);
  const squares = [...sums.values()].reduce((sum, weight) => sum + weight ** 2, 0);
  return squares === 0 ? 0 : total ** 2 / squares;
}

/**
 * Computes a weighted mean, and its standard error with whole groups as the independent units: Liang and Zeger (1986), the sandwich
 * estimator. Ten pictures of one scene tell no more than one.
 *
 * @returns NaN for no examples; an error of 0 for one group.
 */
export function meanByGroups(values: Float64Array, { groups, weights }: Grouping = {}): MeanWithError {
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
