// One run of the training loop as a stage of a job: settings from recipe and request, progress and metrics to the job.

import { initializeWeights } from '../core/network/initialize.ts';
import type { Network, NetworkWeights } from '../core/network/network.ts';
import type { ExampleSource } from './training/examples.ts';
import { fit } from './training/fit.ts';
import { type Recipe, resolveRecipe } from './training/recipe.ts';
import type { TrainingContext } from './training-context.ts';

/** Trains a network from random weights; its best weights come back. */
export async function trainNetwork(
  { job, engine, reporter }: TrainingContext,
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
    reporter.startStage('training', { epoch: 0, epochs });
    const { best } = await fit(trainer, {
      ...examples,
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
