// The metrics of a model on the pictures of a split.

import type { DatasetItem } from '../../core/dataset/inspect-dataset.ts';
import { accuracyOf, topKAccuracy } from '../../core/evaluation/accuracy.ts';
import { bestF1Thresholds } from '../../core/evaluation/best-f1-threshold.ts';
import {
  calibrationError,
  chanceCalibrationError,
  reliabilityBins,
} from '../../core/evaluation/calibration.ts';
import { scoreClasses } from '../../core/evaluation/class-scores.ts';
import { confusionMatrix, topConfusions } from '../../core/evaluation/confusion-matrix.ts';
import { confidences, hits, type Predictions } from '../../core/evaluation/predictions.ts';
import { brierScore, crossEntropy } from '../../core/evaluation/probability-losses.ts';
import { toProportion } from '../../core/evaluation/proportion.ts';
import { FALSE_REJECTION_RATE, rejectionEffect } from '../../core/evaluation/rejection.ts';
import { riskCoverage } from '../../core/evaluation/risk-coverage.ts';
import { sliceByQuantile } from '../../core/evaluation/slices.ts';
import { worstMistakes } from '../../core/evaluation/worst-mistakes.ts';
import type { ReportResults, ReportScoreQuality } from '../../core/model/report.ts';
import type { JudgedSplit } from '../judge/judge-model.ts';
import { calibrated, heldOutOf, type ReportInput } from './report-input.ts';
import { toOutOfFold } from './to-out-of-fold.ts';

const TOP_K = [2, 3, 5];
const MAX_CONFUSIONS = 10;
const MAX_MISTAKES = 24;
/** Mistakes of the report for programs; those of the page come first. */
const MAX_ALL_MISTAKES = 1000;
/** Points kept of a curve, so that a test of 100,000 pictures does not make a report of megabytes. */
const MAX_CURVE_POINTS = 200;
/** Number of slices: low, middle and high. */
const SLICES = 3;

/** All metrics of the evaluated split; null where it has no pictures. */
export function toResults(from: ReportInput): ReportResults | null {
  const { job, judged, validation, calibration } = from;
  const heldOut = heldOutOf(from);
  const before = judged.predictions;
  const after = calibrated(before, calibration);
  const accuracy = accuracyOf(before);
  const curve = riskCoverage(after);
  const { classes, macroF1, balancedAccuracy } = scoreClasses(before, { seed: job.seed });
  if (!accuracy || !curve || !macroF1 || !balancedAccuracy) return null;
  const matrix = confusionMatrix(before);
  const mistakes = worstMistakes(after, MAX_ALL_MISTAKES).map(({ example, ...mistake }) => {
    const { key, contentHash } = judged.items[example] as DatasetItem;
    return { key, ...mistake, sha256: contentHash };
  });
  const thresholds = bestF1Thresholds(calibrated(heldOut.predictions, calibration));
  return {
    heldOutBy: heldOut.by,
    accuracy,
    validationAccuracy: accuracyOf(validation.predictions) ?? null,
    outOfFold: toOutOfFold(from),
    topK: TOP_K.filter((k) => k < before.classes).map((k) => ({
      k,
      accuracy: topKAccuracy(before, k) ?? accuracy,
    })),
    macroF1,
    balancedAccuracy,
    confusionMatrix: matrix.map((row) => [...row]),
    confusions: topConfusions(matrix, MAX_CONFUSIONS),
    classes: classes.map(({ support, precision, recall, f1 }, index) => ({
      support,
      precision: precision ?? null,
      recall: recall ?? null,
      f1: f1 ?? null,
      bestF1Threshold: thresholds[index] ?? null,
    })),
    calibration: {
      ...calibration,
      fittedOn: heldOut.items.length,
      before: toScoreQuality(before),
      after: toScoreQuality(after),
      byChance: chanceCalibrationError(after, { seed: job.seed }) ?? 0,
    },
    rejection: toRejection(after, from.rejectionThreshold),
    riskCoverage: { ...curve, points: thin(curve.points, MAX_CURVE_POINTS) },
    mistakes: mistakes.slice(0, MAX_MISTAKES),
    moreMistakes: mistakes.slice(MAX_MISTAKES),
    slices: toSlices(judged),
  };
}

const toScoreQuality = (predictions: Predictions): ReportScoreQuality => {
  const bins = reliabilityBins(predictions);
  return {
    calibrationError: calibrationError(bins) ?? 0,
    crossEntropy: crossEntropy(predictions) ?? 0,
    brierScore: brierScore(predictions) ?? 0,
    bins,
  };
};

function toRejection(predictions: Predictions, threshold: number | undefined): ReportResults['rejection'] {
  if (threshold === undefined) return null;
  const effect = rejectionEffect(confidences(predictions), hits(predictions), threshold);
  const rejected = toProportion(effect.rejected, effect.rejected + effect.accepted);
  if (rejected === undefined) return null;
  return {
    threshold,
    falseRejectionRate: FALSE_REJECTION_RATE,
    rejected,
    accuracyOfAccepted: toProportion(effect.acceptedRight, effect.accepted) ?? null,
    accuracyOfRejected: toProportion(effect.rejectedRight, effect.rejected) ?? null,
  };
}

const MILLION = 1e6;

function toSlices({ items, predictions }: JudgedSplit): ReportResults['slices'] {
  const right = hits(predictions);
  const megapixels = Float64Array.from(items, ({ width, height }) => (width * height) / MILLION);
  const brightness = Float64Array.from(items, (item) => item.brightness ?? Number.NaN);
  return [
    { by: 'megapixels' as const, parts: sliceByQuantile(megapixels, right, SLICES) },
    {
      by: 'brightness' as const,
      parts: brightness.some(Number.isNaN) ? [] : sliceByQuantile(brightness, right, SLICES),
    },
    // A single slice says what the whole says.
  ].filter(({ parts }) => parts.length > 1);
}

/** Evenly chosen points, the first and the last among them. */
function thin<T>(points: readonly T[], limit: number): T[] {
  if (points.length <= limit) return [...points];
  return Array.from(
    { length: limit },
    (_, index) => points[Math.round((index * (points.length - 1)) / (limit - 1))] as T,
  );
}
