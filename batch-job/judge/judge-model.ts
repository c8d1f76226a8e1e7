// Evaluates a trained model before it is published: predicts the evaluation pictures by the exported model, and measures how
// far its answers are from the trainer's.

import os from 'node:os';
import * as ort from 'onnxruntime-node';
import type { DatasetItem } from '../../core/dataset/inspect-dataset.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import { accuracyOf } from '../../core/evaluation/accuracy.ts';
import { largestDifference } from '../../core/evaluation/largest-difference.ts';
import type { Predictions } from '../../core/evaluation/predictions.ts';
import { crossEntropy } from '../../core/evaluation/probability-losses.ts';
import type { ModelInput } from '../../core/image/model-input.ts';
import type { Savings } from '../../core/job/recipe/memory-record.ts';
import type { Report } from '../../core/model/report.ts';
import type { Network } from '../../core/network/description/network.ts';
import { present } from '../../core/present.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import type { JobReporter } from '../attempt/job-reporter.ts';
import { type BackboneSession, openBackbone } from '../base/backbone-session.ts';
import type { Base } from '../base/base.ts';
import type { Decision } from '../decide/decide-recipe.ts';
import type { ExampleBatch } from '../examples/example-source.ts';
import { pictureExamples } from '../examples/pictures.ts';
import type { Splits } from '../inspect/splits.ts';
import type { JobMemory } from '../memory/job-memory.ts';
import type { OutOfFoldPictures, Trained } from '../stages/run-stage.ts';
import type { Engine, Trainer } from '../tensorflow/engine/engine.ts';
import { evaluate, type Scores } from '../training/evaluate.ts';

/** Largest difference of a probability between trainer and served model that rounding explains. */
export const MAX_PARITY_DIFFERENCE = 1e-3;
/** Training pictures on which trainer and served model are compared where there are no others. */
const PARITY_PICTURES = 64;
/** Pictures predicted together. */
export const EVALUATION_BATCH_SIZE = 16;

/** What the evaluation of a model needs. */
export interface JudgeDeps {
  readonly store: ObjectStore;
  readonly reporter: JobReporter;
  readonly memory: Pick<JobMemory, 'enter' | 'check'>;
  readonly savings: Pick<Savings, 'partSizes'>;
  readonly engine: Engine;
  readonly base: Base;
  readonly network: Network;
  readonly input: ModelInput;
  readonly splits: Splits;
  readonly decision: Pick<Decision, 'exactHead'>;
  readonly classes: number;
  readonly seed: number;
}

/** A trained model, and its export that serves. */
export interface TrainedModel extends Pick<Trained, 'weights' | 'outOfFold' | 'headOutOfFold'> {
  /** The exported model. */
  readonly onnx: Uint8Array;
}

/** The pictures of a split and the served model's predictions for them, before temperature scaling. */
export interface JudgedSplit {
  readonly items: readonly DatasetItem[];
  readonly predictions: Predictions;
}

/** The result of an evaluation. */
export interface Judgement {
  /** The split of the evaluation: validation where there is no test split, and `folds` where the model was trained on that too. */
  readonly judgedOn: Report['judgedOn'];
  readonly judged: JudgedSplit;
  /** The validation split, where the model was not trained on it; without pictures elsewhere. */
  readonly validation: JudgedSplit;
  /** What cross-validation says of the pictures that the model was trained on. */
  readonly outOfFold: OutOfFoldPictures | undefined;
  /** The same of the head that a second stage began with. */
  readonly headOutOfFold: OutOfFoldPictures | undefined;
  /** Pictures that served model and trainer were compared on, with the served model's answers: training pictures where no split is left. */
  readonly answered: JudgedSplit;
  /** Scores on the judged pictures. */
  readonly scores: Scores;
  /** Largest difference of a probability between trainer and served model. */
  readonly maxDifference: number;
}

/**
 * Predicts the split of the evaluation by the exported model and by the trainer, and the validation split by the exported model.
 * @throws {FoveaError} `parity-failed` where the exported model's probabilities differ from the trainer's by more than
 * {@link MAX_PARITY_DIFFERENCE}.
 */
export async function judgeModel(deps: JudgeDeps, model: TrainedModel): Promise<Judgement> {
  const { reporter, memory, engine, base, network, input, savings, seed, store } = deps;
  const batchSize = savings.partSizes['evaluation'] ?? EVALUATION_BATCH_SIZE;
  await memory.enter('evaluation');
  const session = await ort.InferenceSession.create(model.onnx, {
    intraOpNumThreads: os.availableParallelism(),
  });
  try {
    const optimizer = { type: 'sgd' } as const;
    const { weights } = model;
    const trainer = await engine.createTrainer({ network, weights, optimizer, seed, batchSize });
    try {
      // A trainer that knows the head alone is given the backbone's features of the pictures.
      const backbone =
        base.imported === undefined
          ? undefined
          : await openBackbone(
              (await base.loadFrozen(network, { store, signal: reporter.signal })).backbone,
              input,
            );
      try {
        const judgement = await compare(deps, { ...model, session, trainer, backbone, batchSize });
        await report(reporter, judgement);
        return judgement;
      } finally {
        await backbone?.release();
      }
    } finally {
      trainer.dispose();
    }
  } finally {
    await session.release();
  }
}

interface Compared extends Pick<TrainedModel, 'outOfFold' | 'headOutOfFold'> {
  /** Runs the exported model. */
  readonly session: ort.InferenceSession;
  readonly trainer: Trainer;
  readonly backbone: BackboneSession | undefined;
  readonly batchSize: number;
}

async function compare(
  { store, reporter, memory, input, classes, splits, decision }: JudgeDeps,
  { session, trainer, backbone, batchSize, outOfFold, headOutOfFold }: Compared,
): Promise<Judgement> {
  const unseen = decision.exactHead?.usesValidation === true ? [] : splits.validation;
  const unanswered = splits.test.length === 0 && unseen.length === 0;
  const folds = unanswered ? outOfFold : undefined;
  const judgedOn = folds !== undefined ? 'folds' : splits.test.length > 0 ? 'test' : 'validation';
  const predictOnnx = predictorOf(session, input);
  const answeredItems = unanswered
    ? spread(splits.train, PARITY_PICTURES)
    : judgedOn === 'test'
      ? splits.test
      : unseen;
  const steps = answeredItems.length + (judgedOn === 'test' ? unseen.length : 0);
  reporter.startStage('evaluating', { step: 0, steps });
  let done = 0;
  const judgeSplit = async (
    items: readonly DatasetItem[],
    onBatch: (batch: ExampleBatch, probabilities: Float32Array) => Promise<void>,
  ): Promise<JudgedSplit> => {
    const all = new Float32Array(items.length * classes);
    let offset = 0;
    const source = pictureExamples(store, items, input);
    await evaluate(source, predictOnnx, {
      batchSize,
      signal: reporter.signal,
      onBatch: async (batch, probabilities) => {
        all.set(probabilities, offset);
        offset += probabilities.length;
        await onBatch(batch, probabilities);
        done += batch.count;
        reporter.update({ step: done });
        memory.check();
      },
    });
    return { items, predictions: { probabilities: all, labels: source.labels, classes } };
  };
  let maxDifference = 0;
  const compareBatch = async (batch: ExampleBatch, probabilities: Float32Array) => {
    const examples =
      backbone === undefined ? batch.images : await backbone.run(batch.images.slice(), batch.count);
    const trained = await trainer.predict(examples, batch.count);
    maxDifference = Math.max(maxDifference, largestDifference(trained, probabilities));
  };
  const answered = await judgeSplit(answeredItems, compareBatch);
  const judged = folds ?? (unanswered ? nothing(classes) : answered);
  const validation = judgedOn === 'validation' ? judged : await judgeSplit(unseen, async () => {});
  return {
    judgedOn,
    judged,
    validation,
    outOfFold,
    headOutOfFold,
    answered,
    scores: scoresOf(judged.predictions),
    maxDifference,
  };
}

const nothing = (classes: number): JudgedSplit => ({
  items: [],
  predictions: { probabilities: new Float32Array(), labels: new Int32Array(), classes },
});

const scoresOf = (predictions: Predictions): Scores => ({
  count: predictions.labels.length,
  loss: crossEntropy(predictions) ?? null,
  accuracy: accuracyOf(predictions)?.value ?? null,
});

/** Predicts by an exported model: float32 probabilities `[count, classes]`. */
export function predictorOf(session: ort.InferenceSession, { height, width, channels }: ModelInput) {
  const inputName = present(session.inputNames[0], 'an input of the exported model');
  const outputName = present(session.outputNames[0], 'an output of the exported model');
  return async (images: Float32Array, count: number): Promise<Float32Array> => {
    const tensor = new ort.Tensor('float32', images, [count, height, width, channels]);
    return (await session.run({ [inputName]: tensor }))[outputName]?.data as Float32Array;
  };
}

/** Tells the job how the model does. @throws {FoveaError} `parity-failed`. */
async function report(reporter: JobReporter, judgement: Judgement): Promise<void> {
  const { judgedOn, answered, scores, maxDifference } = judgement;
  const parityPictures = answered.items.length;
  if (scores.accuracy !== null && judgedOn === 'test') {
    await reporter.message(
      `Test accuracy ${(100 * scores.accuracy).toFixed(1)} % on ${scores.count} pictures that were not used for training; ` +
        `the exported model differs from the trainer by at most ${maxDifference.toExponential(1)}.`,
      {
        test_accuracy: scores.accuracy,
        test_loss: scores.loss,
        test_count: scores.count,
        max_difference: maxDifference,
      },
    );
  }
  if (scores.accuracy !== null && judgedOn === 'folds') {
    await reporter.message(
      `There is no test split: the model was trained on all pictures. Models that had not seen a picture or its look-alikes were right ` +
        `on ${(100 * scores.accuracy).toFixed(1)} % of ${scores.count} pictures; the exported model differs from the trainer by at most ` +
        `${maxDifference.toExponential(1)}.`,
      {
        out_of_fold_accuracy: scores.accuracy,
        max_difference: maxDifference,
        parity_pictures: parityPictures,
      },
    );
  }
  if (scores.count === 0) {
    await reporter.message(
      'All pictures were used for training, so the accuracy of the model is not known; on ' +
        `${parityPictures} training pictures the exported model differs from the trainer by at most ${maxDifference.toExponential(1)}.`,
      { max_difference: maxDifference, parity_pictures: parityPictures },
    );
  }
  if (!(maxDifference <= MAX_PARITY_DIFFERENCE)) {
    throw new FoveaError(
      'parity-failed',
      `The exported model's probabilities differ from the trainer's by up to ${maxDifference}, more than the ` +
        `${MAX_PARITY_DIFFERENCE} that rounding explains, so it was not published.`,
    );
  }
}

/** Chooses at most `count` of the items, evenly spread, so that every class has its share. */
function spread<T>(items: readonly T[], count: number): T[] {
  const step = Math.max(1, items.length / count);
  return items.filter((_, index) => Math.floor(index / step) !== Math.floor((index - 1) / step));
}
