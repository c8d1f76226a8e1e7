// From trained weights to a model that serves: exported to ONNX, judged on the test split, compared with the trainer on
// every test picture, and committed.

import os from 'node:os';
import * as ort from 'onnxruntime-node';
import { FoveaError } from '../core/errors.ts';
import type { JobRecord } from '../core/job/job.ts';
import { claimVersion } from '../core/model/claim-version.ts';
import { commitModel } from '../core/model/commit-model.ts';
import { MANIFEST_FORMAT_VERSION, type Manifest } from '../core/model/manifest.ts';
import { companionFiles, describeOnnx, ONNX_FILE } from '../core/model/model-files.ts';
import type { NetworkWeights } from '../core/network/network.ts';
import { toOnnx } from '../core/network/onnx/to-onnx.ts';
import { pictureExamples } from './pictures.ts';
import { evaluate } from './training/evaluate.ts';
import type { TrainingContext } from './training-context.ts';

/** Largest difference of a probability between trainer and served model that is put down to rounding. */
const MAX_PARITY_DIFFERENCE = 1e-3;
/** Test pictures predicted together. */
const BATCH_SIZE = 16;

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
  const { store, reporter, job, network, input, inspection, splits, now } = context;
  const onnx = toOnnx(network, weights);
  const { scores, maxDifference } = await judge(context, weights, onnx);
  if (scores.accuracy !== null) {
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
  if (!(maxDifference <= MAX_PARITY_DIFFERENCE)) {
    throw new FoveaError(
      'parity-failed',
      `The exported model's probabilities differ from the trainer's by up to ${maxDifference}, more than the ` +
        `${MAX_PARITY_DIFFERENCE} that rounding explains, so it was not published.`,
    );
  }

  reporter.startStage('exporting');
  const version = await claimVersion(store, job.model, job.id);
  const companions = companionFiles(network, weights);
  const manifest: Manifest = {
    formatVersion: MANIFEST_FORMAT_VERSION,
    model: job.model,
    version,
    createdAt: Math.floor(now() / 1000),
    jobId: job.id,
    architecture: job.architecture,
    dataset: job.dataset,
    labels: [...inspection.classes],
    input,
    onnx: describeOnnx(ONNX_FILE, onnx),
    ...(companions.heatmap === undefined ? {} : { heatmap: companions.heatmap }),
    metrics: { testAccuracy: scores.accuracy, testCount: scores.count },
  };
  const parity = {
    pictures: scores.count,
    maxDifference,
    allowed: MAX_PARITY_DIFFERENCE,
    trainer: context.engine.info,
  };
  // An attempt that lost the job meanwhile must not touch the version that its successor writes.
  await reporter.setModelVersion(version);
  reporter.signal.throwIfAborted();
  const files = new Map<string, Uint8Array | string>([
    [manifest.onnx.file, onnx],
    ...companions.files,
    ['parity.json', `${JSON.stringify(parity, undefined, 2)}\n`],
  ]);
  await commitModel(store, manifest, files);
  return {
    model: job.model,
    version,
    result: {
      testAccuracy: scores.accuracy,
      trainedImages: splits.train.length,
      maxParityDifference: maxDifference,
    },
  };
}

/** Predicts the test split by the exported model and by the trainer; where there is none, the validation split. */
async function judge(context: TrainingContext, weights: NetworkWeights, onnx: Uint8Array) {
  const { store, reporter, engine, network, input, splits, job } = context;
  const session = await ort.InferenceSession.create(onnx, { intraOpNumThreads: os.availableParallelism() });
  const inputName = session.inputNames[0] as string;
  const outputName = session.outputNames[0] as string;
  const trainer = await engine.createTrainer({
    network,
    weights,
    optimizer: { type: 'sgd' },
    seed: job.seed,
    batchSize: BATCH_SIZE,
  });
  const predictOnnx = async (images: Float32Array, count: number): Promise<Float32Array> => {
    const tensor = new ort.Tensor('float32', images, [count, input.height, input.width, input.channels]);
    return (await session.run({ [inputName]: tensor }))[outputName]?.data as Float32Array;
  };
  let maxDifference = 0;
  let done = 0;
  reporter.startStage('evaluating', { step: 0, steps: splits.test.length });
  try {
    const scores = await evaluate(pictureExamples(store, splits.test, input), predictOnnx, {
      batchSize: BATCH_SIZE,
      signal: reporter.signal,
      onBatch: async (batch, probabilities) => {
        const trained = await trainer.predict(batch.images, batch.count);
        maxDifference = Math.max(maxDifference, largestDifference(trained, probabilities));
        done += batch.count;
        reporter.update({ step: done });
      },
    });
    return { scores, maxDifference };
  } finally {
    trainer.dispose();
    await session.release();
  }
}

/** Not a number where either has one: that is a difference too. */
function largestDifference(a: Float32Array, b: Float32Array): number {
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs((a[i] as number) - (b[i] as number));
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}
