// Whether scores are distributed as they were when a model was judged. Knows neither models nor where scores are kept.

/** Scores of one kind, counted in bins of equal width, from the lowest. */
export type ScoreHistogram = readonly number[];

/** How far two histograms of scores are apart. */
export interface ScoreDrift {
  /** The population stability index, 0 or more: below 0.1 there is hardly a change, above {@link DRIFT_INDEX} a large one. */
  readonly index: number;
  /** What the index exceeds in one of twenty cases by chance alone, where nothing has changed. */
  readonly byChance: number;
}

/** From this index on a change counts as large, by the rule of thumb of Siddiqi (2006). */
export const DRIFT_INDEX = 0.25;

/** Neighboring bins are taken together until they have this share of the reference: an index over nearly empty bins is noise. */
const LEAST_SHARE = 0.05;
/** Added to the count of each bin, so that none is empty: Krichevsky and Trofimov (1981). */
const PRIOR = 0.5;
/** Quantile of the normal distribution for one case of twenty. */
const Z_95 = 1.6448536269514722;

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/**
 * The population stability index of scores against a reference, `Σ (q − p) · ln(q / p)` over bins with the shares `p` of the reference
 * and `q` of the scores: Siddiqi (2006), "Credit Risk Scorecards". Without a change it is distributed as χ² with one degree of freedom
 * less than there are bins, times `1/n + 1/m`: Yurdakul and Naranjo (2020), "Statistical properties of the population stability index".
 * The quantile of χ² is that of Wilson and Hilferty (1931).
 * @param reference and `scores` have the same bins.
 * @returns `undefined` where one of them is empty.
 */
export function scoreDrift(reference: ScoreHistogram, scores: ScoreHistogram): ScoreDrift | undefined {
  const [before, now] = [sum(reference), sum(scores)];
  if (before === 0 || now === 0) return undefined;
  const groups = groupBins(reference);
  const count = Math.max(...groups) + 1;
  const shares = (histogram: ScoreHistogram, total: number) => {
    const counts = new Array<number>(count).fill(PRIOR);
    for (const [bin, group] of groups.entries()) counts[group] = (counts[group] ?? 0) + (histogram[bin] ?? 0);
    return counts.map((value) => value / (total + PRIOR * count));
  };
  const expected = shares(reference, before);
  const index = sum(
    shares(scores, now).map((q, group) => {
      const p = expected[group] ?? q;
      return (q - p) * Math.log(q / p);
    }),
  );
  return { index, byChance: (1 / before + 1 / now) * chiSquare95(count - 1) };
}

/**
 * The group of each bin, counted from the highest scores: each has the least share, but the second, where there are only two, may have
 * less. So a model whose scores are nearly all high still has a place where lower ones show.
 */
function groupBins(reference: ScoreHistogram): number[] {
  const least = LEAST_SHARE * sum(reference);
  const groups = new Array<number>(reference.length).fill(0);
  let group = 0;
  let filled = 0;
  for (let bin = reference.length - 1; bin >= 0; bin--) {
    if (filled >= least) {
      group += 1;
      filled = 0;
    }
    groups[bin] = group;
    filled += reference[bin] ?? 0;
  }
  if (filled >= least || group < 2) return groups;
  return groups.map((found) => Math.min(found, group - 1));
}

function chiSquare95(degrees: number): number {
  if (degrees === 0) return 0;
  const spread = 2 / (9 * degrees);
  return degrees * (1 - spread + Z_95 * Math.sqrt(spread)) ** 3;
}
