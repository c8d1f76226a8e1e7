// One run of the training loop as a stage of a job: settings from recipe and request, progress and metrics to the job.

import { isFoveaError } from '../core/errors.ts';
import { initializeWeights } from '../core/network/initialize.ts';
import type { Network, NetworkWeights } from '../core/network/network.ts';
import type { JobReporter } from './job-reporter.ts';
import type { StageName } from './run-checkpoints.ts';
import type { Trainer } from './tensorflow/engine.ts';
import type { ExampleSource } from './training/examples.ts';
import { fit } from './training/fit.ts';
import type { FitState } from './training/fit-state.ts';
import { type Recipe, resolveRecipe } from './training/recipe.ts';
import type { TrainingContext } from './training-context.ts';

/** Trains a network from random weights; its best weights come back. */
export async function trainNetwork(
  { job, engine, reporter, checkpoints }: TrainingContext,
  stage: StageName,
  network: Network,
  recipe: Recipe,
  examples: { readonly train: ExampleSource; readonly validation: ExampleSource },
): Promise<NetworkWeights> {
  const { epochs, batchSize, optimizer, learningRate } = resolveRecipe(
    recipe,
    job.hyperparameters,
    examples.train.labels.length,
  );
  const trainer = await engine.createTrainer({
    network,
    weights: initializeWeights(network, job.seed),
    optimizer,
    seed: job.seed,
    batchSize,
  });
  try {
    const resume = await restorable(checkpoints.resume(stage), trainer, reporter);
    reporter.startStage('training', { epoch: resume?.epoch ?? 0, epochs });
    const { best } = await fit(trainer, {
      ...examples,
      ...(resume === undefined ? {} : { resume }),
      checkpoint: {
        save: (state) => checkpoints.save(stage, state),
        // What ends otherwise is not gone on with: cancelled, lost to another attempt, or without storage.
        savesOnAbort: (reason) => isFoveaError(reason, 'trainer-terminated'),
      },
      epochs,
      batchSize,
      learningRate,
      seed: job.seed,
      signal: reporter.signal,
      clock: () => performance.now(),
      onStep: (report) => reporter.update(report),
      onEpoch: async (report) => {
        reporter.update({
          loss: report.trainLoss,
          accuracy: report.validationAccuracy ?? report.trainAccuracy,
        });
        await reporter.event({
          level: 'info',
          type: 'metrics',
          message:
            `Epoch ${report.epoch}/${epochs}: loss ${report.trainLoss.toFixed(4)}` +
            (report.validationAccuracy === null
              ? ''
              : `, validation accuracy ${(100 * report.validationAccuracy).toFixed(1)} %`),
          data: {
            epoch: report.epoch,
            step: report.step,
            train_loss: report.trainLoss,
            train_accuracy: report.trainAccuracy,
            valid_loss: report.validationLoss,
            valid_accuracy: report.validationAccuracy,
            learning_rate: report.learningRate,
            images_per_second: report.imagesPerSecond,
          },
        });
      },
    });
    await reporter.message(
      `The weights of epoch ${best.epoch} are kept: the lowest loss on the validation split.`,
    );
    return await trainer.weights();
  } finally {
    trainer.dispose();
  }
}

/** The state, unless the trainer cannot take it: after a change of the trainer's own code, the stage starts anew. */
async function restorable(
  state: FitState | undefined,
  trainer: Trainer,
  reporter: JobReporter,
): Promise<FitState | undefined> {
  if (state === undefined) return undefined;
  try {
    await trainer.restore(state.trainer);
    return state;
  } catch (error) {
    if (!isFoveaError(error, 'trainer-state-invalid')) throw error;
    await reporter.event({
      level: 'warn',
      type: 'message',
      message: `The stage starts anew, because its checkpoint does not fit. ${error.message}`,
      data: { error_code: error.code },
    });
    return undefined;
  }
}
