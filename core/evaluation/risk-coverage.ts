// The share of mistakes that remains where the least confident answers are left to a person.

import { confidences, hits, type Predictions } from './predictions.ts';

/** One point of the risk-coverage curve. */
export interface RiskCoveragePoint {
  /** Share of examples that are answered: those with at least this confidence. */
  readonly coverage: number;
  /** Share of mistakes among them. */
  readonly risk: number;
  readonly confidence: number;
}

/** The risk-coverage curve and its areas. */
export interface RiskCoverage {
  /** From the most confident answers alone to all of them; one point for each confidence that occurs. */
  readonly points: readonly RiskCoveragePoint[];
  /** Mean risk over all coverages, 0 to 1; lower is better. */
  readonly area: number;
  /** The area if confidence ranked every right answer before every mistake. */
  readonly bestArea: number;
}

/**
 * Computes risk against coverage (El-Yaniv and Wiener 2010), its area (AURC), and the smallest area that this accuracy allows
 * (Geifman, Uziel and El-Yaniv 2019). Among equal confidences, mistakes count as evenly spread.
 * @returns `undefined` without examples.
 */
export function riskCoverage(predictions: Predictions): RiskCoverage | undefined {
  const right = hits(predictions);
  const total = right.length;
  if (total === 0) return undefined;
  const ranked = Array.from(confidences(predictions), (confidence, example) => ({
    confidence,
    wrong: 1 - (right[example] as number),
  })).sort((a, b) => b.confidence - a.confidence);

  const points: RiskCoveragePoint[] = [];
  let wrong = 0;
  let area = 0;
  for (let start = 0; start < total; ) {
    const { confidence } = ranked[start] as { confidence: number };
    let end = start;
    let tiedWrong = 0;
    while (end < total && ranked[end]?.confidence === confidence) tiedWrong += ranked[end++]?.wrong ?? 0;
    for (let kept = start + 1; kept <= end; kept++) {
      area += (wrong + (tiedWrong * (kept - start)) / (end - start)) / kept / total;
    }
    wrong += tiedWrong;
    points.push({ coverage: end / total, risk: wrong / end, confidence });
    start = end;
  }
  let bestArea = 0;
  for (let kept = total - wrong + 1; kept <= total; kept++)
    bestArea += (kept - (total - wrong)) / kept / total;
  return { points, area, bestArea };
}
