// One epoch of the training loop: an optimizer step for each batch, then validation.

import { FoveaError, isFoveaError } from '../../core/errors/errors.ts';
import type { EpochReport } from '../../core/job/checkpoints/list-checkpoints.ts';
import { batches, type ExampleBatch, type PixelBatch, pixelBatches } from '../examples/example-source.ts';
import type { StepReport } from './fit-options.ts';
import { type FitRun, isOver, validate } from './fit-run.ts';

/** Timers (progress, lease, signals) get their turn at least this often while steps keep the event loop busy. */
const YIELD_MS = 100;

/**
 * Trains on what is left of the running epoch and validates.
 *
 * @throws {FoveaError} `training-diverged` when the loss is no longer a number.
 * @throws the signal's reason when aborted, between two steps.
 */
export async function trainEpoch(run: FitRun): Promise<EpochReport> {
  const { options, position, steps } = run;
  const { epoch } = position;
  const imagesPerSecond = startSpeedometer(run);
  // The last step's, where none is left.
  let learningRate = options.learningRate(Math.max(0, stepOf(run) - 1), steps);
  for await (const batch of batchesLeft(run)) {
    learningRate = options.learningRate(stepOf(run), steps);
    await trainStep(run, batch, learningRate);
    options.onStep(stepReport(run, imagesPerSecond()));
    if (isOver(run)) break;
    await yieldToTimers(run);
  }
  const speed = imagesPerSecond();
  const { loss, accuracy } = await validate(run);
  const { sums } = position;
  return {
    epoch,
    epochs: options.epochs,
    step: stepOf(run),
    trainLoss: sums.loss / sums.seen,
    trainAccuracy: sums.correct / sums.seen,
    validationLoss: loss,
    validationAccuracy: accuracy,
    learningRate,
    imagesPerSecond: speed,
  };
}

/** Optimizer steps that are done, of all epochs. */
const stepOf = ({ position, stepsPerEpoch }: FitRun): number =>
  (position.epoch - 1) * stepsPerEpoch + position.batch;

/** Examples of the running epoch that this process has seen, per second since now. */
function startSpeedometer({ position, options }: FitRun): () => number {
  const startedMs = options.clock();
  const seenBefore = position.sums.seen;
  return () => (1000 * (position.sums.seen - seenBefore)) / Math.max(1, options.clock() - startedMs);
}

/** The batches of the running epoch that no step has taken yet. */
function batchesLeft({ options, position, orderOf }: FitRun): AsyncIterable<ExampleBatch | PixelBatch> {
  const { train, batchSize, signal, asPixels = false } = options;
  const { epoch, batch } = position;
  const examples = train.atEpoch?.(epoch) ?? train;
  const order = orderOf(epoch).subarray(batch * batchSize);
  return asPixels
    ? pixelBatches(examples, order, batchSize, signal)
    : batches(examples, order, batchSize, signal);
}

/** One optimizer step. */
async function trainStep(run: FitRun, batch: ExampleBatch | PixelBatch, learningRate: number): Promise<void> {
  const { trainer, options, position } = run;
  const input = options.transform?.(batch, position.epoch, position.batch) ?? batch;
  const next = 'following' in batch ? batch.following?.() : undefined;
  const { loss, correct } = await trainer.step(input, learningRate, next).catch((error: unknown) => {
    throw isFoveaError(error, 'loss-not-finite') ? diverged(stepOf(run) + 1, learningRate, error) : error;
  });
  const { sums } = position;
  // Without an await in between: an abort finds a step either taken or not.
  position.batch += 1;
  run.stepsTaken += 1;
  position.sums = {
    loss: sums.loss + loss * batch.count,
    correct: sums.correct + correct,
    seen: sums.seen + batch.count,
  };
}

function stepReport(run: FitRun, imagesPerSecond: number): StepReport {
  const { options, position, steps, startedMs, stepsTaken } = run;
  const { epoch, sums } = position;
  const step = stepOf(run);
  return {
    epoch,
    epochs: options.epochs,
    step,
    steps,
    loss: sums.loss / sums.seen,
    accuracy: sums.correct / sums.seen,
    imagesPerSecond,
    secondsLeft: ((options.clock() - startedMs) / stepsTaken / 1000) * (steps - step),
  };
}

/** Gives the event loop a turn where it is due. @throws the signal's reason where it was aborted meanwhile. */
async function yieldToTimers(run: FitRun): Promise<void> {
  const { clock, signal } = run.options;
  if (clock() - run.yieldedMs <= YIELD_MS) return;
  await new Promise<void>((resolve) => setImmediate(resolve));
  run.yieldedMs = clock();
  signal.throwIfAborted();
}

const diverged = (step: number, learningRate: number, cause: FoveaError) =>
  new FoveaError(
    'training-diverged',
    `The loss or its gradient is no longer a number at step ${step} with learning rate ${learningRate}. ` +
      'Set hyperparameters.learning_rate_multiplier below 1, e.g. 0.1, ' +
      `${cause.details?.['precision'] === 'float16' ? 'or recipe.precision to float32, ' : ''}and try again.`,
    { param: 'hyperparameters.learning_rate_multiplier', cause },
  );
