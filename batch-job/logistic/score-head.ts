// Scores a solved head on features that it was not solved on.

import { accuracyOf } from '../../core/evaluation/accuracy.ts';
import type { Predictions } from '../../core/evaluation/predictions.ts';
import { crossEntropy } from '../../core/evaluation/probability-losses.ts';
import { type FeatureRows, openFeatureProducts } from './feature-products.ts';
import { softmaxInPlace } from './softmax.ts';
import type { SolvedHead } from './solve-head.ts';

/** Mean cross-entropy in nats and accuracy, null without pictures, and what they are of. @param labels class index of each row. */
export async function scoreHead(
  table: FeatureRows,
  labels: Int32Array,
  { kernel, bias }: Pick<SolvedHead, 'kernel' | 'bias'>,
): Promise<{
  readonly loss: number | null;
  readonly accuracy: number | null;
  readonly predictions: Predictions;
}> {
  const classes = bias.length;
  const probabilities = new Float32Array(table.rows * classes);
  const products = await openFeatureProducts(table);
  try {
    await products.eachScores(kernel, classes, table.rows, (scores, start) => {
      for (let at = 0; at < scores.length; at += classes) softmaxInPlace(scores, at, Float64Array.from(bias));
      probabilities.set(scores, start * classes);
    });
  } finally {
    await products.release();
  }
  const predictions = { probabilities, labels, classes };
  return {
    loss: crossEntropy(predictions) ?? null,
    accuracy: accuracyOf(predictions)?.value ?? null,
    predictions,
  };
}
