// One run of the training loop: what it was given, how far it has come, and what is done with that: validation and
// checkpoints. Knows no order of these.

import type { Predictions } from '../../core/evaluation/predictions.ts';
import type { EpochReport } from '../../core/job/checkpoints/list-checkpoints.ts';
import { deriveSeed, permutation } from '../../core/random.ts';
import type { Trainer } from '../tensorflow/engine/engine.ts';
import { type EvaluateOptions, evaluate, evaluatePixels, type Scores } from './evaluate.ts';
import type { FitOptions } from './fit-options.ts';
import { type FitState, NO_SUMS } from './fit-state.ts';

/** How far a run has come, see {@link FitState}. Changes with every step. */
export type FitPosition = {
  -readonly [K in keyof Omit<FitState, 'trainer' | 'history'>]: FitState[K];
} & { readonly history: EpochReport[] };

/** A run of the training loop. */
export interface FitRun {
  readonly trainer: Trainer;
  readonly options: FitOptions;
  /** Examples of an epoch in their order. */
  readonly orderOf: (epoch: number) => Int32Array;
  readonly stepsPerEpoch: number;
  /** Optimizer steps of all epochs. */
  readonly steps: number;
  readonly position: FitPosition;
  /** When this process began the run, in milliseconds of the options' clock. */
  readonly startedMs: number;
  /** Optimizer steps that this process has taken. */
  stepsTaken: number;
  /** When the event loop had its last turn, in milliseconds of the options' clock. */
  yieldedMs: number;
  /** The position of the last checkpoint. */
  savedAt: string | undefined;
}

/** A run at its beginning, or at the position of the state that the options resume. */
export function startRun(trainer: Trainer, options: FitOptions): FitRun {
  const { train, epochs, batchSize, seed, clock, resume, fillsBatches = false } = options;
  const orderAt = options.order ?? ((epoch) => permutation(train.labels.length, deriveSeed(seed, epoch)));
  const orderOf = (epoch: number) => (fillsBatches ? fillBatches(orderAt(epoch), batchSize) : orderAt(epoch));
  const stepsPerEpoch = Math.ceil(orderOf(1).length / batchSize);
  const startedMs = clock();
  return {
    trainer,
    options,
    orderOf,
    stepsPerEpoch,
    steps: stepsPerEpoch * epochs,
    position: {
      epoch: resume?.epoch ?? 1,
      batch: resume?.batch ?? 0,
      sums: resume?.sums ?? NO_SUMS,
      history: [...(resume?.history ?? [])],
      first: resume?.first,
      best: resume?.best,
      ...(resume?.kept === undefined ? {} : { kept: resume.kept }),
      isFinished: resume?.isFinished ?? false,
    },
    startedMs,
    stepsTaken: 0,
    yieldedMs: startedMs,
    savedAt: undefined,
  };
}

/** The order, and after its end its beginning again, as far as the last batch goes. */
function fillBatches(order: Int32Array, batchSize: number): Int32Array {
  const length = batchSize * Math.ceil(order.length / batchSize);
  return Int32Array.from({ length }, (_, i) => order[i % order.length] as number);
}

/** Whether the options end the run now, before its last epoch is done. */
export const isOver = ({ options }: FitRun): boolean => options.isOver?.() ?? false;

/** Scores the trainer's weights as they are on the validation examples. */
export function validate(
  { trainer, options }: FitRun,
  onPredicted: NonNullable<EvaluateOptions['onPredicted']> = () => undefined,
): Promise<Scores> {
  const { validation, batchSize, signal, asPixels = false } = options;
  const how = { batchSize, signal, onPredicted };
  return asPixels
    ? evaluatePixels(validation, (images, count) => trainer.predict(images, count), how)
    : evaluate(validation, (images, count) => trainer.predict(images, count), how);
}

/** What the trainer's weights as they are say of the validation examples. */
export async function predictValidation(run: FitRun): Promise<Predictions> {
  const { labels } = run.options.validation;
  let all = new Float32Array();
  let done = 0;
  await validate(run, (probabilities, own) => {
    if (all.length === 0) all = new Float32Array((labels.length * probabilities.length) / own.length);
    all.set(probabilities, done);
    done += probabilities.length;
  });
  return { probabilities: all, labels, classes: all.length / labels.length };
}

/** Saves a checkpoint, unless the last one is of the same position or none is asked for. */
export async function saveCheckpoint(run: FitRun): Promise<void> {
  const { trainer, position, options } = run;
  const { epoch, batch, isFinished, history } = position;
  const at = `${epoch}/${batch}/${isFinished}`;
  if (options.checkpoint === undefined || at === run.savedAt) return;
  await options.checkpoint.save({ ...position, history: [...history], trainer: await trainer.state() });
  run.savedAt = at;
}
