// Trains one network on digits, from random weights, and resumes where an earlier process of the same run stopped. Does not know
// the test pictures.

import { createHash } from 'node:crypto';
import { learningRate } from '../../batch-job/decide/learning-rate.ts';
import type { ExampleSource } from '../../batch-job/examples/example-source.ts';
import type { Engine, Trainer } from '../../batch-job/tensorflow/engine/engine.ts';
import { fit } from '../../batch-job/training/fit.ts';
import { fromCheckpointFile, toCheckpointFile } from '../../batch-job/training/fit-checkpoint.ts';
import type { FitOptions, FitResult } from '../../batch-job/training/fit-options.ts';
import { createCheckpoints } from '../../core/job/checkpoints/checkpoints.ts';
import { findArchitecture } from '../../core/network/architectures/architectures.ts';
import { initializeWeights } from '../../core/network/weights/initialize.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import { distortDigits } from './distort-digits.ts';
import type { Preset } from './presets.ts';

/** The number of digits. */
export const CLASSES = 10;
/** The name that checkpoints of these runs have for their only stage. */
const STAGE = 'scratch';

/** One run. */
export interface DigitsRun {
  readonly name: string;
  readonly preset: Preset;
  /** The seed of weights, order, dropout and augmentation. */
  readonly seed: number;
  readonly train: ExampleSource;
  readonly validation: ExampleSource;
  /** Where checkpoints are kept; without it none are written. */
  readonly store?: ObjectStore | undefined;
}

/** What a run is told of by, and what stops it after a checkpoint. */
export type DigitsHooks = Pick<FitOptions, 'onStep' | 'onEpoch' | 'signal'>;

/**
 * Trains to the end of the last epoch.
 *
 * @returns the trainer with the weights to use, to be disposed of by the caller.
 * @throws the signal's reason where it is aborted, after a checkpoint.
 */
export async function trainDigits(
  engine: Engine,
  { name, preset, seed, train, validation, store }: DigitsRun,
  hooks: DigitsHooks,
): Promise<{ readonly trainer: Trainer; readonly result: FitResult }> {
  const { architecture, augmentation, batchSize, epochs, optimizer, emaDecay, labelSmoothing } = preset;
  const [height, width] = train.shape;
  const network = findArchitecture(architecture).build({
    inputSize: { height, width, channels: 1 },
    classes: CLASSES,
  });
  const fingerprint = createHash('sha256')
    .update(JSON.stringify({ preset, seed, network, pictures: train.labels.length }))
    .digest('hex');
  const checkpoints = store && createCheckpoints({ store, jobId: name });
  const found = await checkpoints?.newest(
    (file, key) => fromCheckpointFile(file, fingerprint, key),
    async (key, error) => console.warn(`The checkpoint "${key}" is skipped. ${error.message}`),
  );
  const trainer = await engine.createTrainer({
    network,
    weights: initializeWeights(network, seed),
    optimizer,
    ...(emaDecay === undefined ? {} : { emaDecay }),
    ...(labelSmoothing === undefined ? {} : { labelSmoothing }),
    seed,
    batchSize,
  });
  const result = await fit(trainer, {
    ...hooks,
    train: augmentation === undefined ? train : distortDigits(train, augmentation, seed),
    validation,
    epochs,
    batchSize,
    learningRate: rateOf(preset),
    seed,
    clock: () => performance.now(),
    ...(found === undefined ? {} : { resume: found.state }),
    ...(checkpoints === undefined
      ? {}
      : {
          checkpoint: {
            save: (state) => checkpoints.save(toCheckpointFile({ fingerprint, stage: STAGE, state })),
            savesOnAbort: () => true,
          },
        }),
  });
  return { trainer, result };
}

function rateOf({ learningRate: { peak, warmUp } }: Preset): FitOptions['learningRate'] {
  return (step, steps) => {
    const updates = Math.round(warmUp * steps);
    return learningRate({ type: 'cosine', rate: peak, updates: steps - updates }, { updates })(step);
  };
}
