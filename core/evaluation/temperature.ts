// Temperature scaling: one number that calibrates scores without changing the order of classes.

import type { Predictions } from './predictions.ts';

/** A probability that underflowed is taken for this one, near the least that a float32 softmax gives. */
const MIN_PROBABILITY = 1e-38;
/** Beyond it, all classes are nearly equal. */
const MAX_TEMPERATURE = 20;
/** With fewer examples a fitted number would be mostly chance. */
const MIN_EXAMPLES = 20;
/** Halvings of an interval of width 1: the rest is below float64's precision. */
const BISECTIONS = 60;

/** A temperature and how it was found. */
export interface FittedTemperature {
  /** At least 1. Larger values make scores less confident. */
  readonly temperature: number;
  /** How it was found. `not-too-sure`: the scores are not too confident, so it is 1. `too-few-examples`: it is 1, too. */
  readonly reason: 'fitted' | 'too-few-examples' | 'not-too-sure';
}

/**
 * Finds the temperature of at least 1 with the smallest cross-entropy on a split that was not trained on.
 *
 * Guo, Pleiss, Sun and Weinberger (2017), "On calibration of modern neural networks", section 4.2. Softmax is the same
 * for logits and for logarithms of probabilities, so probabilities suffice. In the inverse temperature the loss is convex
 * (a sum of log-sum-exp and linear terms): its derivative rises, and bisection finds its zero.
 *
 * A temperature below 1 would make scores more confident than training made them. The split often has pictures of the same series
 * as the training split, and hence few mistakes: on photos taken in bursts, a temperature below 1 took the calibration error on
 * pictures from other places from 5 points to 14. Scores that are too low do less harm.
 */
export function fitTemperature(predictions: Predictions): FittedTemperature {
  if (predictions.labels.length < MIN_EXAMPLES) return { temperature: 1, reason: 'too-few-examples' };
  let low = 1 / MAX_TEMPERATURE;
  let high = 1;
  if (lossDerivative(predictions, high) <= 0) return { temperature: 1, reason: 'not-too-sure' };
  for (let step = 0; step < BISECTIONS; step++) {
    const middle = (low + high) / 2;
    if (lossDerivative(predictions, middle) < 0) low = middle;
    else high = middle;
  }
  return { temperature: 2 / (low + high), reason: 'fitted' };
}

/**
 * Derivative of the summed cross-entropy by the inverse temperature: expected minus true log-probability. Written as plain loops,
 * since it runs sixty times over tens of thousands of rows.
 */
function lossDerivative({ probabilities, labels, classes }: Predictions, inverse: number): number {
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
    total += expected / weights - (logits[labels[example] as number] as number);
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
