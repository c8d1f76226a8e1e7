// The training loop, the same for a head on features and for a whole network: epochs over shuffled examples, validation
// after each, the best weights kept.

import { FoveaError } from '../../core/errors.ts';
import { deriveSeed, permutation } from '../../core/random.ts';
import type { Trainer } from '../tensorflow/engine.ts';
import { evaluate } from './evaluate.ts';
import { batches, type ExampleSource } from './examples.ts';

export interface EpochReport {
  /** From 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Optimizer steps so far. */
  readonly step: number;
  readonly trainLoss: number;
  readonly trainAccuracy: number;
  readonly validationLoss: number | null;
  readonly validationAccuracy: number | null;
  readonly learningRate: number;
  readonly imagesPerSecond: number;
}

export interface StepReport {
  readonly epoch: number;
  readonly epochs: number;
  readonly step: number;
  readonly steps: number;
  /** Means over the epoch so far. */
  readonly loss: number;
  readonly accuracy: number;
  readonly imagesPerSecond: number;
  readonly secondsLeft: number;
}

export interface FitOptions {
  readonly train: ExampleSource;
  readonly validation: ExampleSource;
  readonly epochs: number;
  readonly batchSize: number;
  /** Learning rate of an optimizer step, counted from 0. */
  readonly learningRate: (step: number, steps: number) => number;
  readonly seed: number;
  readonly signal: AbortSignal;
  /** Milliseconds of a monotonic clock. */
  readonly clock: () => number;
  readonly onStep: (report: StepReport) => void;
  readonly onEpoch: (report: EpochReport) => Promise<void>;
}

/** Timers (progress, lease, signals) get their turn at least this often while steps keep the event loop busy. */
const YIELD_MS = 100;

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/**
 * Trains for the given number of epochs and leaves the trainer with the weights of the best one: the lowest validation
 * loss, or the last epoch's where there is nothing to validate on.
 *
 * @throws {FoveaError} `training-diverged` when the loss is no longer a number.
 * @throws the signal's reason when aborted, between two steps.
 */
export async function fit(trainer: Trainer, options: FitOptions): Promise<{ readonly best: EpochReport }> {
  const { train, validation, epochs, batchSize, seed, signal, clock } = options;
  const stepsPerEpoch = Math.ceil(train.labels.length / batchSize);
  const steps = stepsPerEpoch * epochs;
  const startedMs = clock();
  let yieldedMs = startedMs;
  let step = 0;
  let best: { readonly report: EpochReport; readonly weights: Map<string, Float32Array> } | undefined;

  for (let epoch = 1; epoch <= epochs; epoch++) {
    const epochStartedMs = clock();
    const order = permutation(train.labels.length, deriveSeed(seed, epoch));
    let loss = 0;
    let correct = 0;
    let seen = 0;
    let learningRate = 0;
    for await (const batch of batches(train, order, batchSize, signal)) {
      learningRate = options.learningRate(step, steps);
      const result = await trainer.step(batch, learningRate);
      step += 1;
      if (!Number.isFinite(result.loss)) throw diverged(step, result.loss, learningRate);
      seen += batch.count;
      loss += result.loss * batch.count;
      correct += result.correct;
      options.onStep({
        epoch,
        epochs,
        step,
        steps,
        loss: loss / seen,
        accuracy: correct / seen,
        imagesPerSecond: (1000 * seen) / Math.max(1, clock() - epochStartedMs),
        secondsLeft: ((clock() - startedMs) / step / 1000) * (steps - step),
      });
      if (clock() - yieldedMs > YIELD_MS) {
        await nextTurn();
        yieldedMs = clock();
        signal.throwIfAborted();
      }
    }
    const imagesPerSecond = (1000 * seen) / Math.max(1, clock() - epochStartedMs);
    const scores = await evaluate(validation, (images, count) => trainer.predict(images, count), {
      batchSize,
      signal,
    });
    const report: EpochReport = {
      epoch,
      epochs,
      step,
      trainLoss: loss / seen,
      trainAccuracy: correct / seen,
      validationLoss: scores.loss,
      validationAccuracy: scores.accuracy,
      learningRate,
      imagesPerSecond,
    };
    const isBest =
      report.validationLoss === null ||
      best === undefined ||
      report.validationLoss < (best.report.validationLoss as number);
    if (isBest) best = { report, weights: await trainer.weights() };
    await options.onEpoch(report);
    signal.throwIfAborted();
  }
  if (best === undefined) throw new RangeError(`fit needs at least 1 epoch, not ${epochs}.`);
  await trainer.setWeights(best.weights);
  return { best: best.report };
}

const diverged = (step: number, loss: number, learningRate: number) =>
  new FoveaError(
    'training-diverged',
    `The loss became ${loss} at step ${step} with learning rate ${learningRate}. ` +
      'Set hyperparameters.learning_rate_multiplier below 1, e.g. 0.1, and try again.',
    { param: 'hyperparameters.learning_rate_multiplier' },
  );
