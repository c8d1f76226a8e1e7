// Predicts examples batch by batch and scores the answers. Who makes the probabilities does not matter.

import { predictedClass, rowOf } from '../../core/evaluation/predictions.ts';
import { crossEntropyOf } from '../../core/evaluation/probability-losses.ts';
import {
  batches,
  type ExampleBatch,
  type ExampleSource,
  type PixelBatch,
  pixelBatches,
} from '../examples/example-source.ts';

/** Probabilities of a batch, float32 `[count, classes]`. */
export type PredictBatch<Values> = (images: Values, count: number) => Promise<Float32Array>;

/** Metrics over all examples of a source. */
export interface Scores {
  readonly count: number;
  /** Mean cross-entropy in nats; null where there are no examples. */
  readonly loss: number | null;
  /** Share of examples whose most probable class is the label; null where there are no examples. */
  readonly accuracy: number | null;
}

/** How examples are predicted. */
export interface EvaluateOptions {
  readonly batchSize: number;
  readonly signal?: AbortSignal;
  /** Is given the probabilities `[count, classes]` and the labels of each batch. */
  readonly onPredicted?: (probabilities: Float32Array, labels: Int32Array) => void;
}

/**
 * Predicts every example once, in order, and scores the answers.
 *
 * @param onBatch sees each batch with its probabilities `[count, classes]`, e.g. to keep them.
 * @throws the signal's reason when aborted, between two batches.
 */
export const evaluate = (
  source: ExampleSource,
  predict: PredictBatch<Float32Array>,
  {
    batchSize,
    signal,
    onPredicted,
    onBatch,
  }: EvaluateOptions & {
    readonly onBatch?: (batch: ExampleBatch, probabilities: Float32Array) => Promise<void> | void;
  },
): Promise<Scores> =>
  score(source, batches(source, inOrder(source), batchSize, signal), async (batch) => {
    const probabilities = await predict(batch.images, batch.count);
    await onBatch?.(batch, probabilities);
    onPredicted?.(probabilities, batch.labels);
    return probabilities;
  });

/** {@link evaluate} with pictures as pixels, which the device preprocesses. */
export const evaluatePixels = (
  source: ExampleSource,
  predict: PredictBatch<Uint8Array>,
  { batchSize, signal, onPredicted }: EvaluateOptions,
): Promise<Scores> =>
  score(source, pixelBatches(source, inOrder(source), batchSize, signal), async (batch) => {
    const probabilities = await predict(batch.images, batch.count);
    onPredicted?.(probabilities, batch.labels);
    return probabilities;
  });

const inOrder = ({ labels }: ExampleSource) => Int32Array.from(labels, (_, index) => index);

async function score<Batch extends ExampleBatch | PixelBatch>(
  { labels: { length: count } }: ExampleSource,
  stream: AsyncIterable<Batch>,
  predict: (batch: Batch) => Promise<Float32Array>,
): Promise<Scores> {
  let loss = 0;
  let correct = 0;
  for await (const batch of stream) {
    const probabilities = await predict(batch);
    const predictions = { probabilities, labels: batch.labels, classes: probabilities.length / batch.count };
    batch.labels.forEach((label, example) => {
      loss += crossEntropyOf(rowOf(predictions, example), label);
      if (predictedClass(predictions, example) === label) correct += 1;
    });
  }
  return count === 0
    ? { count, loss: null, accuracy: null }
    : { count, loss: loss / count, accuracy: correct / count };
}
