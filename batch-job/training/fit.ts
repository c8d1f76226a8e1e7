// The training loop, the same for a head on features and for a whole network: epochs over shuffled examples, validation
// after each, the best weights kept. Where it stands can be saved at any step, and gone on from.

import { FoveaError, isFoveaError } from '../../core/errors/errors.ts';
import { deriveSeed, permutation } from '../../core/random.ts';
import {
  batches,
  type ExampleBatch,
  type ExampleSource,
  type PixelBatch,
  pixelBatches,
} from '../examples/example-source.ts';
import type { Batch, Trainer } from '../tensorflow/engine/engine.ts';
import { type Blend, blendWeights } from './blend-weights.ts';
import { evaluate, evaluatePixels } from './evaluate.ts';
import { type BestEpoch, type EpochReport, type EpochSums, type FitState, NO_SUMS } from './fit-state.ts';

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
  /** Examples of an epoch in their order, always equally many; left out, all of them, shuffled anew for each epoch. */
  readonly order?: (epoch: number) => Int32Array;
  /** Changes a batch before the trainer sees it, e.g. mixes its pictures. */
  readonly transform?: (batch: ExampleBatch | PixelBatch, epoch: number, index: number) => Batch;
  /** Whether the trainer takes pixels, and makes views and preprocessed values of them. */
  readonly asPixels?: boolean;
  /** Ends the run after so many epochs without a lower validation loss. */
  readonly patience?: number;
  /** Asked after every step: true ends the run as if the running epoch were its last, with what is best so far. */
  readonly isOver?: () => boolean;
  /** Ends with the best weights between the first ones and those of the best epoch, see blend-weights.ts. */
  readonly blendsWithFirst?: boolean;
  /** Where an earlier run of the same settings stopped. */
  readonly resume?: FitState;
  /** Called after every epoch, and with the step that was reached when an abort's reason is worth it. */
  readonly checkpoint?: {
    readonly save: (state: FitState) => Promise<void>;
    readonly savesOnAbort: (reason: unknown) => boolean;
  };
}

export interface FitResult {
  readonly best: BestEpoch;
  readonly blend: Blend;
  readonly history: readonly EpochReport[];
  /** Of the weights that are kept; null where there is nothing to validate on. */
  readonly validationLoss: number | null;
  readonly validationAccuracy: number | null;
}

/** Timers (progress, lease, signals) get their turn at least this often while steps keep the event loop busy. */
const YIELD_MS = 100;

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/**
 * Trains for the given number of epochs and leaves the trainer with the weights of the best one: the lowest validation
 * loss, or the last epoch's where there is nothing to validate on; or with the best blend of those and the first weights.
 *
 * A run that is resumed ends with the same bits as one that was never interrupted: order, dropout and augmentation depend
 * on seed, epoch and index alone.
 *
 * @throws {FoveaError} `training-diverged` when the loss is no longer a number; `trainer-state-invalid` where `resume` is
 * of another network, optimizer or seed.
 * @throws the signal's reason when aborted, between two steps.
 */
export async function fit(trainer: Trainer, options: FitOptions): Promise<FitResult> {
  const { train, validation, epochs, batchSize, seed, signal, clock, resume, checkpoint } = options;
  const { isOver = () => false, asPixels = false } = options;
  const stream: typeof batches | typeof pixelBatches = asPixels ? pixelBatches : batches;
  const orderOf = options.order ?? ((epoch) => permutation(train.labels.length, deriveSeed(seed, epoch)));
  const stepsPerEpoch = Math.ceil(orderOf(1).length / batchSize);
  const steps = stepsPerEpoch * epochs;
  const history: EpochReport[] = [...(resume?.history ?? [])];
  let epoch = resume?.epoch ?? 1;
  let batchIndex = resume?.batch ?? 0;
  let sums: EpochSums = resume?.sums ?? NO_SUMS;
  let { first, best } = resume ?? {};
  let isFinished = resume?.isFinished ?? false;
  let savedAt = '';
  const startedMs = clock();
  let yieldedMs = startedMs;
  let stepsTaken = 0;

  const save = async () => {
    const position = `${epoch}/${batchIndex}/${isFinished}`;
    if (checkpoint === undefined || position === savedAt) return;
    await checkpoint.save({
      epoch,
      batch: batchIndex,
      sums,
      history: [...history],
      first,
      best,
      isFinished,
      trainer: await trainer.state(),
    });
    savedAt = position;
  };

  const judge = () =>
    asPixels
      ? evaluatePixels(validation, (images, count) => trainer.predict(images, count), { batchSize, signal })
      : evaluate(validation, (images, count) => trainer.predict(images, count), { batchSize, signal });

  async function runEpoch(): Promise<EpochReport> {
    const epochStartedMs = clock();
    const seenBefore = sums.seen;
    const step = () => (epoch - 1) * stepsPerEpoch + batchIndex;
    const imagesPerSecond = () => (1000 * (sums.seen - seenBefore)) / Math.max(1, clock() - epochStartedMs);
    let learningRate = options.learningRate(Math.max(0, step() - 1), steps);
    const examples = train.atEpoch?.(epoch) ?? train;
    const order = orderOf(epoch).subarray(batchIndex * batchSize);
    for await (const batch of stream(examples, order, batchSize, signal)) {
      learningRate = options.learningRate(step(), steps);
      const input = options.transform?.(batch, epoch, batchIndex) ?? batch;
      const result = await trainer.step(input, learningRate).catch((error: unknown) => {
        throw isFoveaError(error, 'loss-not-finite') ? diverged(step() + 1, learningRate, error) : error;
      });
      batchIndex += 1;
      stepsTaken += 1;
      sums = {
        loss: sums.loss + result.loss * batch.count,
        correct: sums.correct + result.correct,
        seen: sums.seen + batch.count,
      };
      options.onStep({
        epoch,
        epochs,
        step: step(),
        steps,
        loss: sums.loss / sums.seen,
        accuracy: sums.correct / sums.seen,
        imagesPerSecond: imagesPerSecond(),
        secondsLeft: ((clock() - startedMs) / stepsTaken / 1000) * (steps - step()),
      });
      if (isOver()) break;
      if (clock() - yieldedMs > YIELD_MS) {
        await nextTurn();
        yieldedMs = clock();
        signal.throwIfAborted();
      }
    }
    const speed = imagesPerSecond();
    const scores = await judge();
    return {
      epoch,
      epochs,
      step: step(),
      trainLoss: sums.loss / sums.seen,
      trainAccuracy: sums.correct / sums.seen,
      validationLoss: scores.loss,
      validationAccuracy: scores.accuracy,
      learningRate,
      imagesPerSecond: speed,
    };
  }

  if (resume !== undefined) await trainer.restore(resume.trainer);
  try {
    if (first === undefined && options.blendsWithFirst === true) {
      const { loss } = await judge();
      first = { epoch: 0, validationLoss: loss, weights: await trainer.weights() };
    }
    if ((best ?? first) !== undefined && isOver()) isFinished = true;
    while (!isFinished) {
      const report = await runEpoch();
      const next = isBetter(report.validationLoss, best)
        ? { epoch, validationLoss: report.validationLoss, weights: await trainer.weights() }
        : best;
      // Without an await in between: an abort finds an epoch either running or finished.
      best = next;
      history.push(report);
      isFinished =
        epoch >= epochs || isOver() || epochsSinceLowest(history) >= (options.patience ?? Infinity);
      epoch += 1;
      batchIndex = 0;
      sums = NO_SUMS;
      await options.onEpoch(report);
      await save();
      signal.throwIfAborted();
    }
  } catch (error) {
    if (signal.aborted && checkpoint?.savesOnAbort(signal.reason) === true) await save();
    throw error;
  }
  best ??= first;
  if (best === undefined) throw new RangeError(`fit needs at least 1 epoch, not ${epochs}.`);
  const blend =
    first === undefined || first.validationLoss === null
      ? { ...best, share: best === first ? 0 : 1 }
      : await blendWeights(trainer, first, best, async () => (await judge()).loss);
  await trainer.setWeights(blend.weights);
  const whole = blend.share === 1 ? history.find((report) => report.epoch === best?.epoch) : undefined;
  const { loss, accuracy } =
    whole === undefined ? await judge() : { loss: whole.validationLoss, accuracy: whole.validationAccuracy };
  return { best, blend, history, validationLoss: loss, validationAccuracy: accuracy };
}

/** The first weights do not count: a stage that starts with a loss near 0 has to get worse before it gets better. */
function epochsSinceLowest(history: readonly EpochReport[]): number {
  const losses = history.map(({ validationLoss }) => validationLoss ?? 0);
  return losses.length - 1 - losses.lastIndexOf(Math.min(...losses));
}

/** A loss that cannot be told (no validation split) is always the newest, and so the best. */
const isBetter = (loss: number | null, best: BestEpoch | undefined): boolean =>
  loss === null || best === undefined || best.validationLoss === null || loss < best.validationLoss;

const diverged = (step: number, learningRate: number, cause: unknown) =>
  new FoveaError(
    'training-diverged',
    `The loss is no longer a number at step ${step} with learning rate ${learningRate}. ` +
      'Set hyperparameters.learning_rate_multiplier below 1, e.g. 0.1, and try again.',
    { param: 'hyperparameters.learning_rate_multiplier', cause },
  );
