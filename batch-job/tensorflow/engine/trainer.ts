// A network in training: runs the programs for each batch, accumulates over micro-batches, and keeps count of the steps.
// Knows no back end; an executor runs the programs.

import { FoveaError } from '../../../core/errors/errors.ts';
import { present } from '../../../core/present.ts';
import { FORMATS } from '../../../core/storage/formats.ts';
import type { Executor, Session } from '../executor/executor.ts';
import type { InputData } from '../executor/input-data.ts';
import { elementCount } from '../program/program.ts';
import { type BatchInputs, countImages, createBatchInputs, type MicroBatch } from './batch-inputs.ts';
import { mostProbable } from './batch-targets.ts';
import type { Images, StepResult, Trainer, TrainerOptions } from './engine.ts';
import { isSkippedInVain, LOSS_SCALE_OUTPUTS } from './loss-scale.ts';
import { padSamples } from './pad-samples.ts';
import { initialVariables, readState, readWeights, writeState, writeWeights } from './trainer-variables.ts';
import {
  buildTrainingPrograms,
  microBatchSizeOf,
  type TrainingPrograms,
  weightDecayOf,
} from './training-programs.ts';

/** A network on an executor, with its programs. */
interface Training {
  readonly session: Session;
  readonly plan: TrainingPrograms;
  readonly options: TrainerOptions;
}

/**
 * Starts training on an executor.
 *
 * @throws {FoveaError} `network-not-classifier`, `weights-invalid`.
 */
export async function createTrainer(executor: Executor, options: TrainerOptions): Promise<Trainer> {
  const plan = buildTrainingPrograms(options);
  const session = await executor.createSession({
    variables: plan.variables,
    programs: plan.programs,
    batchSize: options.fixedBatches === true ? microBatchSizeOf(options) : options.batchSize,
    initial: initialVariables(plan, options.weights),
    // Preprocessed values come from memory that is seldom the same, and are few.
    ...(options.preprocessing === undefined
      ? {}
      : { ahead: { input: 'images', programs: ['update', 'accumulate'] } }),
  });
  return trainerOf({ session, plan, options });
}

function trainerOf(training: Training): Trainer {
  const { session, plan, options } = training;
  const { seed } = options;
  const inputsOf = createBatchInputs(plan, options);
  let batches = 0;
  let updates = 0;
  return {
    async step(batch, learningRate, next) {
      const inputs = inputsOf(batch, batches);
      const { loss, logits, isUpdated, isInVain } = await runMicroBatches(
        training,
        inputs,
        { updates, learningRate },
        next,
      );
      batches++;
      if (isUpdated) updates++;
      if (!Number.isFinite(loss))
        throw notFinite(`The loss of batch ${batches} is ${loss}.`, options, learningRate);
      if (isInVain)
        throw notFinite(`The gradients of batch ${batches} are not finite.`, options, learningRate);
      return toStepResult(loss, logits, inputs, plan.classes);
    },
    predict: (images, count) => predict(training, images, count),
    weights: () => readWeights(session, plan),
    setWeights: (weights) => writeWeights(session, plan, weights),
    async state() {
      const variables = await readState(session, plan);
      return { formatVersion: FORMATS.trainerState.version, batches, updates, seed, variables };
    },
    async restore(state) {
      await writeState(session, plan, state, seed);
      batches = state.batches;
      updates = state.updates;
    },
    dispose: () => session.dispose(),
  };
}

/** What became of a batch. */
interface BatchOutcome {
  readonly loss: number;
  readonly logits: Float32Array;
  /** False where the step was skipped, see loss-scale.ts. */
  readonly isUpdated: boolean;
  /** Whether no other scale of the loss would help. */
  readonly isInVain: boolean;
}

/** What the optimizer's numbers depend on. */
interface UpdateRate {
  /** Updates so far. */
  readonly updates: number;
  readonly learningRate: number;
}

const imagesOf = (microBatch: MicroBatch | undefined): InputData | undefined =>
  microBatch?.inputs.find(([name]) => name === 'images')?.[1];

/** Runs the micro-batches of a batch; with the last one the optimizer updates the weights. */
async function runMicroBatches(
  training: Training,
  { count, microBatches }: BatchInputs,
  rate: UpdateRate,
  next: Images | undefined,
): Promise<BatchOutcome> {
  const { session, plan } = training;
  const logits = new Float32Array(count * plan.classes);
  let loss = 0;
  let isUpdated = true;
  let isInVain = false;
  for (const [index, { start, size, isLast, inputs }] of microBatches.entries()) {
    const following = isLast
      ? next?.subarray(0, imagesOf(microBatches[0])?.length)
      : imagesOf(microBatches[index + 1]);
    const outputs = await session.run(
      isLast ? 'update' : 'accumulate',
      size,
      new Map<string, InputData>([...inputs, ...(isLast ? optimizerInputs(training, rate) : [])]),
      following,
    );
    loss += outputs.get('loss')?.[0] ?? Number.NaN;
    logits.set(present(outputs.get('logits'), 'the logits of the step'), start * plan.classes);
    const scale = outputs.get(LOSS_SCALE_OUTPUTS.scale)?.[0];
    if (scale === undefined) continue;
    isUpdated = outputs.get(LOSS_SCALE_OUTPUTS.isUpdated)?.[0] === 1;
    isInVain = isSkippedInVain(isUpdated, scale);
  }
  return { loss, logits, isUpdated, isInVain };
}

/** The numbers that the update after so many others needs, by the names of the program's inputs. */
function optimizerInputs(
  { plan, options }: Training,
  { updates, learningRate }: UpdateRate,
): readonly (readonly [string, Float32Array])[] {
  const scalars = {
    ...plan.optimizer.scalars(updates + 1, learningRate),
    decay_rate: weightDecayOf(options.optimizer) * learningRate,
    // As in Keras, the average starts from the weights after the first update.
    average_rate: updates === 0 ? 1 : 1 - (options.emaDecay ?? 0),
  };
  return Object.entries(scalars).map(([name, value]) => [name, Float32Array.of(value)]);
}

function toStepResult(
  loss: number,
  logits: Float32Array,
  { classIndices }: BatchInputs,
  classes: number,
): StepResult {
  const predicted = mostProbable(logits, classes);
  const correct = predicted.reduce((sum, c, sample) => sum + (c === classIndices[sample] ? 1 : 0), 0);
  return { loss, correct };
}

const notFinite = (problem: string, { precision = 'float32' }: TrainerOptions, learningRate: number) =>
  new FoveaError(
    'loss-not-finite',
    `${problem} Lower the learning rate (it was ${learningRate}), or clip gradients` +
      `${precision === 'float16' ? ', or train in float32: numbers above 65,504 are infinite in float16' : ''}.`,
    { details: { precision } },
  );

async function predict(
  { session, plan, options }: Training,
  images: Images,
  count: number,
): Promise<Float32Array> {
  const { classes, imageShape } = plan;
  const imageSize = elementCount(imageShape);
  const microBatchSize = microBatchSizeOf(options);
  const probabilities = new Float32Array(count * classes);
  if (count > 0 && countImages(images, imageShape, count) !== count)
    throw new FoveaError('batch-invalid', `${images.length / imageSize} pictures were given as ${count}.`);
  for (let start = 0; start < count; start += microBatchSize) {
    const size = Math.min(microBatchSize, count - start);
    const samples = images.subarray(start * imageSize, (start + size) * imageSize);
    const padded = options.fixedBatches === true ? microBatchSize : size;
    const inputs = new Map([['images', padSamples(samples, size, padded)]]);
    const outputs = await session.run('predict', padded, inputs);
    const found = present(outputs.get('probabilities'), 'the probabilities of the prediction');
    probabilities.set(found.subarray(0, size * classes), start * classes);
  }
  return probabilities;
}
