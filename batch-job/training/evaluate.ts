// Predicts examples batch by batch and judges the answers. Who makes the probabilities does not matter.

import { predictedClass, rowOf } from '../../core/evaluation/predictions.ts';
import { crossEntropyOf } from '../../core/evaluation/probability-losses.ts';
import { batches, type ExampleBatch, type ExampleSource } from './examples.ts';

/** Probabilities of `count` examples, float32 `[count, classes]`. */
export type PredictBatch = (images: Float32Array, count: number) => Promise<Float32Array>;

export interface Scores {
  readonly count: number;
  /** Mean cross-entropy in nats; null where there are no examples. */
  readonly loss: number | null;
  /** Share of examples whose most probable class is the label; null where there are no examples. */
  readonly accuracy: number | null;
}

/**
 * Predicts every example once, in order, and scores the answers.
 * @param onBatch sees each batch with its probabilities, for what else is to be made of them.
 */
export async function evaluate(
  source: ExampleSource,
  predict: PredictBatch,
  options: {
    readonly batchSize: number;
    readonly signal?: AbortSignal;
    readonly onBatch?: (batch: ExampleBatch, probabilities: Float32Array) => Promise<void> | void;
  },
): Promise<Scores> {
  const order = Int32Array.from(source.labels, (_, index) => index);
  let loss = 0;
  let correct = 0;
  for await (const batch of batches(source, order, options.batchSize, options.signal)) {
    const probabilities = await predict(batch.images, batch.count);
    const predictions = { probabilities, labels: batch.labels, classes: probabilities.length / batch.count };
    batch.labels.forEach((label, example) => {
      loss += crossEntropyOf(rowOf(predictions, example), label);
      if (predictedClass(predictions, example) === label) correct += 1;
    });
    await options.onBatch?.(batch, probabilities);
  }
  const count = order.length;
  return count === 0
    ? { count, loss: null, accuracy: null }
    : { count, loss: loss / count, accuracy: correct / count };
}
