// Temperature scaling: one number that calibrates scores without changing the order of classes.

import { countIndependent, meanByGroups } from './mean-by-groups.ts';
import { type Predictions, rowOf } from './predictions.ts';
import { crossEntropyOf } from './probability-losses.ts';

/** A probability that underflowed is taken for this one, near the least that a float32 softmax gives. */
const MIN_PROBABILITY = 1e-38;
/** Beyond it, all classes are nearly equal. */
const MAX_TEMPERATURE = 20;
/** With fewer independent examples a fitted number would be mostly chance. */
const MIN_EXAMPLES = 20;
/** Halvings of an interval of width 1: the rest is below float64's precision. */
const BISECTIONS = 60;

/** A temperature and how it was found. */
export interface FittedTemperature {
  /** At least 1. Larger values make scores less confident. */
  readonly temperature: number;
  /**
   * How it was found. `not-too-sure`: it is 1, because the scores are not too confident, or no more so than chance explains.
   * `too-few-examples`: it is 1, too.
   */
  readonly reason: 'fitted' | 'too-few-examples' | 'not-too-sure';
}

/** What a fit knows of its examples beside their predictions. */
export interface TemperatureExamples {
  /** Examples with the same number are alike, so that they are wrong together. Default: none is like another. */
  readonly groups?: Int32Array;
  /** How much each example counts. Default: all the same. */
  readonly weights?: Float64Array;
}

/**
 * Finds the temperature of at least 1 with the smallest cross-entropy on examples that were not trained on; 1 where it lowers the
 * cross-entropy by no more than the standard error of that difference.
 *
 * Guo, Pleiss, Sun and Weinberger (2017), "On calibration of modern neural networks", section 4.2. Softmax is the same
 * for logits and for logarithms of probabilities, so probabilities suffice. In the inverse temperature the loss is convex
 * (a sum of log-sum-exp and linear terms): its derivative rises, and bisection finds its zero.
 *
 * A temperature below 1 would make scores more confident than training made them. The split often has pictures of the same series
 * as the training split, and hence few mistakes: on photos taken in bursts, a temperature below 1 took the calibration error on
 * pictures from other places from 5 points to 14. Scores that are too low do less harm.
 */
export function fitTemperature(
  predictions: Predictions,
  { groups, weights }: TemperatureExamples = {},
): FittedTemperature {
  const unscaled = { temperature: 1, reason: 'not-too-sure' } as const;
  if (countIndependent(predictions.labels.length, { groups, weights }) < MIN_EXAMPLES)
    return { ...unscaled, reason: 'too-few-examples' };
  let low = 1 / MAX_TEMPERATURE;
  let high = 1;
  if (lossDerivative(predictions, high, weights) <= 0) return unscaled;
  for (let step = 0; step < BISECTIONS; step++) {
    const middle = (low + high) / 2;
    if (lossDerivative(predictions, middle, weights) < 0) low = middle;
    else high = middle;
  }
  const temperature = 2 / (low + high);
  const { mean, error } = meanByGroups(gains(predictions, temperature), { groups, weights });
  return mean > error ? { temperature, reason: 'fitted' } : unscaled;
}

/** By how much a temperature lowers the cross-entropy of each example. */
function gains(predictions: Predictions, temperature: number): Float64Array {
  const scaled = {
    ...predictions,
    probabilities: scaleByTemperature(predictions.probabilities, predictions.classes, temperature),
  };
  return Float64Array.from(
    predictions.labels,
    (label, example) =>
      crossEntropyOf(rowOf(predictions, example), label) - crossEntropyOf(rowOf(scaled, example), label),
  );
}

/**
 * Derivative of the summed cross-entropy by the inverse temperature: expected minus true log-probability. Written as plain loops,
 * since it runs sixty times over tens of thousands of rows.
 */
function lossDerivative(
  { probabilities, labels, classes }: Predictions,
  inverse: number,
  exampleWeights: Float64Array | undefined,
): number {
  const logits = new Float64Array(classes);
  let total = 0;
  for (let example = 0; example < labels.length; example++) {
    let largest = Number.NEGATIVE_INFINITY;
    for (let index = 0; index < classes; index++) {
      const logit = toLogit(probabilities[example * classes + index] as number);
      logits[index] = logit;
      if (logit > largest) largest = logit;
    }
    let weights = 0;
    let expected = 0;
    for (let index = 0; index < classes; index++) {
      const logit = logits[index] as number;
      const weight = Math.exp(inverse * (logit - largest));
      weights += weight;
      expected += weight * logit;
    }
    total +=
      (exampleWeights?.[example] ?? 1) * (expected / weights - (logits[labels[example] as number] as number));
  }
  return total;
}

const toLogit = (probability: number) => Math.log(Math.max(probability, MIN_PROBABILITY));

/**
 * Computes probabilities at a temperature: softmax of log p / T, row by row.
 * @param probabilities `[examples, classes]`; they are not changed.
 * @returns a new array of the same shape; `probabilities` itself at temperature 1.
 */
export function scaleByTemperature(
  probabilities: Float32Array,
  classes: number,
  temperature: number,
): Float32Array {
  if (temperature === 1) return probabilities;
  const scaled = new Float32Array(probabilities.length);
  for (let start = 0; start < probabilities.length; start += classes) {
    const logits = Float64Array.from(probabilities.subarray(start, start + classes), toLogit);
    const largest = Math.max(...logits);
    const weights = logits.map((logit) => Math.exp((logit - largest) / temperature));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    weights.forEach((weight, index) => {
      scaled[start + index] = weight / total;
    });
  }
  return scaled;
}
