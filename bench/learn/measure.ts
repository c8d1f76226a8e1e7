// What one arm's probabilities are worth.

import { accuracyOf } from '../../core/evaluation/accuracy.ts';
import { quantile } from '../../core/evaluation/bootstrap.ts';
import {
  calibrationError,
  calibrationErrorsByChance,
  reliabilityBins,
} from '../../core/evaluation/calibration.ts';
import { scoreClasses } from '../../core/evaluation/class-scores.ts';
import type { Predictions } from '../../core/evaluation/predictions.ts';
import { crossEntropy } from '../../core/evaluation/probability-losses.ts';
import { present } from '../../core/present.ts';

/** What one arm's predictions on the test pictures come to. */
export interface Measures {
  /** Accuracy, and its Wilson interval of 95 %. */
  readonly accuracy: number;
  readonly low: number;
  readonly high: number;
  /** Mean recall of the classes that have test pictures. */
  readonly balancedAccuracy: number;
  /** The least recall of a class that has test pictures. */
  readonly worstRecall: number;
  /** Negative log-likelihood in nats. */
  readonly nll: number;
  /** Expected calibration error over 15 bins. */
  readonly ece: number;
  /** The 95 % quantile of the error that perfectly calibrated scores of these sizes show by chance. */
  readonly eceByChance: number;
  readonly pictures: number;
}

/** Seed of all draws: one for all, so that arms with equal scores have equal numbers. */
const SEED = 1;

/** Measures predictions. @throws {Error} where there are none. */
export function measure(predictions: Predictions): Measures {
  const { value, low, high, trials } = present(accuracyOf(predictions), 'test pictures');
  const { balancedAccuracy, classes } = scoreClasses(predictions, { seed: SEED });
  return {
    accuracy: value,
    low,
    high,
    balancedAccuracy: present(balancedAccuracy, 'test pictures').value,
    worstRecall: Math.min(...classes.flatMap(({ recall }) => recall?.value ?? [])),
    nll: present(crossEntropy(predictions), 'test pictures'),
    ece: present(calibrationError(reliabilityBins(predictions)), 'test pictures'),
    eceByChance: quantile(calibrationErrorsByChance(predictions, { seed: SEED }), 0.95),
    pictures: trials,
  };
}
