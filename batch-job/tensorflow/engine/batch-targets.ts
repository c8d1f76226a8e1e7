// The targets of the loss: for each sample a distribution over the classes and a weight. Plain arithmetic.

import { FoveaError } from '../../../core/errors/errors.ts';

/** How labels become targets. */
export interface TargetOptions {
  readonly classes: number;
  /** Share of each label given to all classes alike. */
  readonly labelSmoothing: number;
  /** One factor a class. */
  readonly classWeights: readonly number[] | undefined;
}

/** What the loss compares the predictions of a batch of `n` samples with. */
export interface Targets {
  /** `[n, classes]` */
  readonly targets: Float32Array;
  /** `[n]`; the loss is the sum of the samples' losses times these. */
  readonly sampleWeights: Float32Array;
  /** Most probable class of each sample, `[n]`. */
  readonly classIndices: Int32Array;
}

/**
 * Makes targets of labels: class indices `[count]`, or probabilities `[count, classes]`.
 *
 * Smoothing as in Keras: p * (1 - s) + s / classes. With class weights a sample counts by the weight of its class (of its
 * distribution, where labels are soft), and the loss stays a mean over the number of samples, as with Keras's
 * `class_weight`.
 *
 * @throws {FoveaError} `batch-invalid` for another number of labels, or one that is no class index.
 */
export function toTargets(labels: Int32Array | Float32Array, count: number, options: TargetOptions): Targets {
  const { classes, labelSmoothing, classWeights } = options;
  const soft = labels.length === count * classes && (classes > 1 || labels instanceof Float32Array);
  if (!soft && labels.length !== count) {
    throw new FoveaError(
      'batch-invalid',
      `A batch of ${count} pictures came with ${labels.length} labels: give ${count} class indices or ` +
        `${count} × ${classes} probabilities.`,
    );
  }
  const targets = soft ? Float32Array.from(labels) : oneHot(labels, classes);
  const classIndices = soft ? mostProbable(targets, classes) : Int32Array.from(labels);
  const sampleWeights = new Float32Array(count).fill(1 / count);
  if (classWeights !== undefined) {
    for (let sample = 0; sample < count; sample++) {
      let weight = 0;
      for (let c = 0; c < classes; c++)
        weight += (targets[sample * classes + c] ?? 0) * (classWeights[c] ?? 1);
      sampleWeights[sample] = weight / count;
    }
  }
  if (labelSmoothing > 0) {
    for (let i = 0; i < targets.length; i++) {
      targets[i] = (targets[i] ?? 0) * (1 - labelSmoothing) + labelSmoothing / classes;
    }
  }
  return { targets, sampleWeights, classIndices };
}

function oneHot(labels: Int32Array | Float32Array, classes: number): Float32Array {
  const targets = new Float32Array(labels.length * classes);
  labels.forEach((label, sample) => {
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw new FoveaError(
        'batch-invalid',
        `Label ${label} of sample ${sample} is no class index: there are ${classes} classes, 0 to ${classes - 1}.`,
      );
    }
    targets[sample * classes + label] = 1;
  });
  return targets;
}

/** Index of the largest value of each row of `[n, classes]`, `[n]`; the first one of equals. */
export function mostProbable(rows: Float32Array, classes: number): Int32Array {
  return Int32Array.from({ length: rows.length / classes }, (_, row) => {
    let best = 0;
    for (let c = 1; c < classes; c++) {
      if ((rows[row * classes + c] ?? 0) > (rows[row * classes + best] ?? 0)) best = c;
    }
    return best;
  });
}
