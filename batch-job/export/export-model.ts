// From trained weights to a model that serves: exported to ONNX, judged on the test split, compared with the trainer on
// every picture judged (on some of training where none is), and committed.

import os from 'node:os';
import * as ort from 'onnxruntime-node';
import type { DatasetItem } from '../../core/dataset/inspect-dataset.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import { largestDifference } from '../../core/evaluation/largest-difference.ts';
import type { JobRecord } from '../../core/job/record/job.ts';
import { createJobStore } from '../../core/job/record/job-store.ts';
import { claimVersion } from '../../core/model/claim-version.ts';
import { commitModel } from '../../core/model/commit-model.ts';
import { MANIFEST, type Manifest } from '../../core/model/manifest.ts';
import { describeOnnx, ONNX_FILE } from '../../core/model/model-files.ts';
import type { NetworkWeights } from '../../core/network/description/network.ts';
import { type BackboneSession, openBackbone } from '../base/backbone-session.ts';
import type { ExampleBatch } from '../examples/example-source.ts';
import { pictureExamples } from '../examples/pictures.ts';
import { createReport } from '../report/create-report.ts';
import { readHistory } from '../report/read-history.ts';
import type { JudgedSplit } from '../report/report-input.ts';
import type { Trainer } from '../tensorflow/engine/engine.ts';
import { evaluate } from '../training/evaluate.ts';
import type { TrainingContext } from '../training-context.ts';
import { exportVariants } from './export-variants.ts';

/** Largest difference of a probability between trainer and served model that is put down to rounding. */
const MAX_PARITY_DIFFERENCE = 1e-3;
/** Training pictures that trainer and served model are compared on, where no others are there. */
const PARITY_PICTURES = 64;
/** Test pictures predicted together. */
export const EVALUATION_BATCH_SIZE = 16;

export interface ExportedModel {
  readonly model: string;
  readonly version: string;
  readonly result: NonNullable<JobRecord['result']>;
}

/**
 * Exports, judges and commits a model.
 * @throws {FoveaError} `parity-failed` where the exported model does not answer as the trainer does.
 */
export async function exportModel(context: TrainingContext, weights: NetworkWeights): Promise<ExportedModel> {
  const { store, reporter, job, base, network, input, inspection, splits, now } = context;
  const judgedOn = splits.test.length > 0 ? 'test' : 'validation';
  const served = await base.toServed(network, weights);
  const { onnx } = served;
  const { scores, maxDifference, parityPictures, judged, validation } = await judge(
    context,
    weights,
    onnx,
    judgedOn,
  );
  if (scores.accuracy !== null && judgedOn === 'test') {
    await reporter.message(
      `Test accuracy ${(100 * scores.accuracy).toFixed(1)} % on ${scores.count} pictures that training did not see; ` +
        `the exported model differs from the trainer by at most ${maxDifference.toExponential(1)}.`,
      {
        test_accuracy: scores.accuracy,
        test_loss: scores.loss,
        test_count: scores.count,
        max_difference: maxDifference,
      },
    );
  }
  if (scores.count === 0) {
    await reporter.message(
      'No picture was kept from training, so how well the model does is not known; on ' +
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

  reporter.startStage('exporting');
  const version = await claimVersion(store, job.model, job.id);
  const companions = base.toCompanions(network, weights);
  const backbone =
    base.imported === undefined ? null : { name: base.imported.name, sha256: base.imported.sha256 };
  if (backbone !== null) {
    await reporter.message(
      'The model has no heatmap, no files for TensorFlow.js and no variants in fewer bits: the layers of an imported backbone are ' +
        'known to ONNX Runtime alone.',
      { backbone },
    );
  }
  const variants = await exportVariants(context, onnx, judged.items);
  const createdAt = Math.floor(now() / 1000);
  const jobs = createJobStore({ store, now });
  // Written down while the job ran, after this attempt had read the record.
  const { resolved = null, trials = [] } = (await jobs.get(job.id)) ?? {};
  const described = await createReport(context, {
    version,
    createdAt,
    backbone,
    judgedOn,
    judged,
    validation,
    resolved,
    trials,
    history: await readHistory(jobs, job.id, context.trial),
    maxDifference,
    parityPictures,
    maxDifferenceAllowed: MAX_PARITY_DIFFERENCE,
    variants: variants.described,
    tfjs: companions.tfjs,
  });
  const manifest: Manifest = {
    formatVersion: MANIFEST.version,
    model: job.model,
    version,
    createdAt,
    jobId: job.id,
    architecture: job.architecture,
    ...(backbone === null ? {} : { backbone }),
    dataset: job.dataset,
    labels: [...inspection.classes],
    input,
    onnx: describeOnnx(ONNX_FILE, onnx, served),
    ...(companions.heatmap === undefined ? {} : { heatmap: companions.heatmap }),
    ...described.manifest,
    metrics: {
      testAccuracy: judgedOn === 'test' ? scores.accuracy : null,
      testCount: splits.test.length,
    },
  };
  // An attempt that lost the job meanwhile must not touch the version that its successor writes.
  await reporter.setModelVersion(version);
  reporter.signal.throwIfAborted();
  const files = new Map<string, Uint8Array | string>([
    [manifest.onnx.file, onnx],
    ...companions.files,
    ...variants.files,
    ...described.files,
  ]);
  await commitModel(store, manifest, files);
  return {
    model: job.model,
    version,
    result: {
      testAccuracy: manifest.metrics.testAccuracy,
      trainedImages: splits.train.length,
      maxParityDifference: maxDifference,
    },
  };
}

/**
 * Predicts the judged split by the exported model and by the trainer, and the validation split by the exported model, on
 * which its scores are calibrated.
 */
async function judge(
  context: TrainingContext,
  weights: NetworkWeights,
  onnx: Uint8Array,
  judgedOn: 'test' | 'validation',
) {
  const { store, reporter, memory, engine, base, network, input, job } = context;
  const batchSize = context.savings.partSizes['evaluation'] ?? EVALUATION_BATCH_SIZE;
  await memory.enter('evaluation');
  const session = await ort.InferenceSession.create(onnx, { intraOpNumThreads: os.availableParallelism() });
  try {
    const optimizer = { type: 'sgd' } as const;
    const trainer = await engine.createTrainer({ network, weights, optimizer, seed: job.seed, batchSize });
    try {
      // A trainer that knows the head alone is shown what the backbone makes of the pictures.
      const below =
        base.imported === undefined
          ? undefined
          : await openBackbone(
              (await base.loadFrozen(network, { store, signal: reporter.signal })).backbone,
              input,
            );
      try {
        return await compare(context, { session, trainer, below, batchSize, judgedOn });
      } finally {
        await below?.release();
      }
    } finally {
      trainer.dispose();
    }
  } finally {
    await session.release();
  }
}

interface Compared {
  /** Of the exported model. */
  readonly session: ort.InferenceSession;
  readonly trainer: Trainer;
  readonly below: BackboneSession | undefined;
  readonly batchSize: number;
  readonly judgedOn: 'test' | 'validation';
}

async function compare(
  { store, reporter, memory, input, inspection, splits }: TrainingContext,
  { session, trainer, below, batchSize, judgedOn }: Compared,
) {
  const inputName = session.inputNames[0] as string;
  const outputName = session.outputNames[0] as string;
  const predictOnnx = async (images: Float32Array, count: number): Promise<Float32Array> => {
    const tensor = new ort.Tensor('float32', images, [count, input.height, input.width, input.channels]);
    return (await session.run({ [inputName]: tensor }))[outputName]?.data as Float32Array;
  };
  let maxDifference = 0;
  let done = 0;
  const judgedItems = splits[judgedOn];
  const unjudged = judgedItems.length > 0 ? [] : spread(splits.train, PARITY_PICTURES);
  const steps = judgedItems.length + unjudged.length + (judgedOn === 'test' ? splits.validation.length : 0);
  reporter.startStage('evaluating', { step: 0, steps });
  const judgeSplit = async (
    items: readonly DatasetItem[],
    onBatch: (batch: ExampleBatch, probabilities: Float32Array) => Promise<void>,
  ) => {
    const classes = inspection.classes.length;
    const all = new Float32Array(items.length * classes);
    let offset = 0;
    const source = pictureExamples(store, items, input);
    const scores = await evaluate(source, predictOnnx, {
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
    const split: JudgedSplit = { items, predictions: { probabilities: all, labels: source.labels, classes } };
    return { scores, split };
  };
  const compareBatch = async (batch: ExampleBatch, probabilities: Float32Array) => {
    const examples = below === undefined ? batch.images : await below.run(batch.images.slice(), batch.count);
    const trained = await trainer.predict(examples, batch.count);
    maxDifference = Math.max(maxDifference, largestDifference(trained, probabilities));
  };
  const { scores, split: judged } = await judgeSplit(judgedItems, compareBatch);
  await judgeSplit(unjudged, compareBatch);
  const validation =
    judgedOn === 'validation' ? judged : (await judgeSplit(splits.validation, async () => {})).split;
  return { scores, maxDifference, parityPictures: judgedItems.length + unjudged.length, judged, validation };
}

/** At most `count` of the items, evenly spread, so that every class has its share. */
function spread<T>(items: readonly T[], count: number): T[] {
  const step = Math.max(1, items.length / count);
  return items.filter((_, index) => Math.floor(index / step) !== Math.floor((index - 1) / step));
}
