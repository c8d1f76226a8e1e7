// Times the first stage of a job: it computes the features of every picture once, then trains a head on them.

import { toOnnxBackbone } from '../../batch-job/base/backbone-session.ts';
import { inMemoryExamples } from '../../batch-job/examples/example-source.ts';
import { createFeatureExtractor, featureExamples } from '../../batch-job/examples/features.ts';
import type { Splits } from '../../batch-job/inspect/splits.ts';
import { openEngine } from '../../batch-job/tensorflow/open-engine.ts';
import { evaluate } from '../../batch-job/training/evaluate.ts';
import { fit } from '../../batch-job/training/fit.ts';
import { cacheDirectory } from '../../core/cache-directory.ts';
import { findArchitecture } from '../../core/network/architectures/architectures.ts';
import { splitAt } from '../../core/network/surgery/split-at.ts';
import { initializeWeights } from '../../core/network/weights/initialize.ts';
import { loadPretrainedWeights } from '../../core/network/weights/load-pretrained-weights.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';

/** Epochs of the head; keras-frozen.py has the same. */
export const EPOCHS = 5;
/** Pictures of a training step; keras-frozen.py has the same. */
export const BATCH_SIZE = 32;
/** Learning rate of the head; keras-frozen.py has the same. */
export const LEARNING_RATE = 2e-3;

/** Time and accuracy of the first stage. */
export interface StageOneOutcome {
  /** Time from the encoded pictures to the trained head. */
  readonly seconds: number;
  /** Accuracy on the test split, 0 to 1. */
  readonly accuracy: number;
}

/** What to train on which pictures. */
export interface StageOneOptions {
  readonly store: ObjectStore;
  readonly architecture: string;
  readonly weightsDir: string;
  readonly splits: Splits;
  readonly classes: number;
  readonly seed: number;
}

/** Runs the first stage once. The caller empties the store's cache before. */
export async function runStageOne(options: StageOneOptions): Promise<StageOneOutcome> {
  const { store, weightsDir, splits, classes, seed } = options;
  const { signal } = new AbortController();
  const architecture = findArchitecture(options.architecture);
  const { defaultInputSize: inputSize, preprocessing } = architecture;
  const { backbone, head } = splitAt(architecture.build({ inputSize, classes }), architecture.featureLayer);
  const { weights } = await loadPretrainedWeights(backbone, architecture, { store, weightsDir, signal });
  const engine = await openEngine({ backend: 'auto', cacheDirectory: cacheDirectory(process.env) });
  const input = { ...inputSize, preprocessing, resize: 'stretch' } as const;
  const extract = { signal, onProgress: () => undefined };

  const startedMs = performance.now();
  const extractor = await createFeatureExtractor({
    store,
    backbone: toOnnxBackbone(backbone, weights),
    input,
  });
  const trainer = await engine.createTrainer({
    network: head,
    weights: initializeWeights(head, seed),
    optimizer: { type: 'adam' },
    seed,
    batchSize: BATCH_SIZE,
  });
  const table = await extractor.extract(splits.train, extract);
  await fit(trainer, {
    train: featureExamples(table, splits.train, { views: 0 }),
    validation: inMemoryExamples([1, 1, table.width], new Float32Array(), new Int32Array()),
    epochs: EPOCHS,
    batchSize: BATCH_SIZE,
    learningRate: () => LEARNING_RATE,
    seed,
    signal,
    clock: () => performance.now(),
    onStep: () => undefined,
    onEpoch: async () => undefined,
  });
  const seconds = (performance.now() - startedMs) / 1000;

  const test = await extractor.extract(splits.test, extract);
  const { accuracy } = await evaluate(
    featureExamples(test, splits.test, { views: 0 }),
    (images, count) => trainer.predict(images, count),
    { batchSize: BATCH_SIZE },
  );
  for (const features of [table, test]) features.close();
  trainer.dispose();
  await extractor.release();
  return { seconds, accuracy: accuracy ?? 0 };
}
