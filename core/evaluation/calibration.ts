// Whether scores are calibrated: of the answers with a score of 80 %, are 80 % right?

import { deriveSeed, uniformAt } from '../random.ts';
import { confidences, hits, type Predictions } from './predictions.ts';

/** Answers of similar confidence. */
export interface ReliabilityBin {
  /** Confidences in (low, high]. */
  readonly low: number;
  readonly high: number;
  readonly count: number;
  /** Mean confidence; null where the bin is empty. */
  readonly confidence: number | null;
  /** Share of right answers; null where the bin is empty. */
  readonly accuracy: number | null;
}

/** Number of bins. Guo et al. (2017) and most others since use 15 bins of equal width, so numbers can be compared. */
export const CALIBRATION_BINS = 15;

/** Puts answers into bins by their confidence; the bins are of equal width over (0, 1]. */
export function reliabilityBins(predictions: Predictions, bins = CALIBRATION_BINS): ReliabilityBin[] {
  return binAnswers(confidences(predictions), hits(predictions), bins);
}

/** The bin of a confidence, 0 to 1, from 0 for the lowest. Bins are of equal width and closed above. */
export const binOf = (confidence: number, bins = CALIBRATION_BINS): number =>
  Math.min(bins - 1, Math.max(0, Math.ceil(confidence * bins) - 1));

function binAnswers(confidence: Float64Array, right: Uint8Array, bins: number): ReliabilityBin[] {
  const counts = new Float64Array(bins);
  const confidenceTotals = new Float64Array(bins);
  const rightTotals = new Float64Array(bins);
  confidence.forEach((value, example) => {
    const bin = binOf(value, bins);
    counts[bin] = (counts[bin] as number) + 1;
    confidenceTotals[bin] = (confidenceTotals[bin] as number) + value;
    rightTotals[bin] = (rightTotals[bin] as number) + (right[example] as number);
  });
  return Array.from(counts, (count, bin) => ({
    low: bin / bins,
    high: (bin + 1) / bins,
    count,
    confidence: count === 0 ? null : (confidenceTotals[bin] as number) / count,
    accuracy: count === 0 ? null : (rightTotals[bin] as number) / count,
  }));
}

/**
 * Expected calibration error: the mean over answers of |accuracy − confidence| of their bin, 0 to 1; `undefined` without answers.
 * Naeini, Cooper and Hauskrecht (2015); Guo et al. (2017), equation 3.
 */
export function calibrationError(bins: readonly ReliabilityBin[]): number | undefined {
  const total = bins.reduce((count, bin) => count + bin.count, 0);
  if (total === 0) return undefined;
  return (
    bins.reduce(
      (error, bin) => error + bin.count * Math.abs((bin.accuracy ?? 0) - (bin.confidence ?? 0)),
      0,
    ) / total
  );
}

const SIMULATIONS = 200;

/** Seed of the draws, and number of bins. */
export interface ChanceOptions {
  readonly seed: number;
  readonly bins?: number;
}

/**
 * Calibration errors that perfectly calibrated scores would show on as many examples, by chance alone: one for each of 200 seeded
 * draws of right and wrong from the confidences, in ascending order. Empty without examples.
 *
 * Consistency resampling: Bröcker and Smith (2007), "Increasing the reliability of reliability diagrams".
 */
export function calibrationErrorsByChance(
  predictions: Predictions,
  { seed, bins = CALIBRATION_BINS }: ChanceOptions,
): Float64Array {
  const confidence = confidences(predictions);
  if (confidence.length === 0) return new Float64Array();
  return Float64Array.from({ length: SIMULATIONS }, (_, round) => {
    const roundSeed = deriveSeed(seed, round);
    const right = Uint8Array.from(confidence, (value, example) =>
      uniformAt(roundSeed, example) < value ? 1 : 0,
    );
    return calibrationError(binAnswers(confidence, right, bins)) as number;
  }).sort();
}

/**
 * The mean of {@link calibrationErrorsByChance}. An error near it is no sign of bad calibration. `undefined` without examples.
 */
export function chanceCalibrationError(predictions: Predictions, options: ChanceOptions): number | undefined {
  const errors = calibrationErrorsByChance(predictions, options);
  return errors.length === 0 ? undefined : errors.reduce((total, error) => total + error, 0) / errors.length;
}
