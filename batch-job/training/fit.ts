// The training loop, the same for a head on features and for a whole network: epochs over shuffled examples, validation
// after each, the best weights kept. A run saves checkpoints and resumes from them at any step.

import { accuracyOf } from '../../core/evaluation/accuracy.ts';
import { crossEntropy } from '../../core/evaluation/probability-losses.ts';
import type { EpochReport } from '../../core/job/checkpoints/list-checkpoints.ts';
import type { Trainer } from '../tensorflow/engine/engine.ts';
import type { FitOptions, FitResult } from './fit-options.ts';
import { type FitRun, isOver, predictValidation, saveCheckpoint, startRun, validate } from './fit-run.ts';
import { type BestEpoch, NO_SUMS } from './fit-state.ts';
import { interpolateWeights } from './interpolate-weights.ts';
import { trainEpoch } from './train-epoch.ts';

/**
 * Trains for the given number of epochs and leaves the trainer with the weights of the best one: the one with the lowest
 * validation loss, or the last with `takesLast` and where there is nothing to validate on. With `interpolatesWithFirst`, leaves it with the best
 * interpolation of those and the first weights.
 *
 * A run that is resumed ends with the same bits as one that was never interrupted: order, dropout and augmentation depend
 * on seed, epoch and index alone.
 *
 * @throws {FoveaError} `training-diverged` when the loss is no longer a number; `trainer-state-invalid` where `resume` is
 * of another network, optimizer or seed.
 * @throws the signal's reason when aborted, between two steps.
 */
export async function fit(trainer: Trainer, options: FitOptions): Promise<FitResult> {
  const { resume, signal, checkpoint } = options;
  const run = startRun(trainer, options);
  const { position } = run;
  if (resume !== undefined) await trainer.restore(resume.trainer);
  try {
    if (options.interpolatesWithFirst === true) position.first ??= await scoreFirstWeights(run);
    if ((position.best ?? position.first) !== undefined && isOver(run)) position.isFinished = true;
    while (!position.isFinished) await finishEpoch(run, await trainEpoch(run));
  } catch (error) {
    if (signal.aborted && checkpoint?.savesOnAbort(signal.reason) === true) await saveCheckpoint(run);
    throw error;
  }
  return keepBestWeights(run);
}

async function scoreFirstWeights(run: FitRun): Promise<BestEpoch> {
  const { loss } = await validate(run);
  return { epoch: 0, validationLoss: loss, weights: await run.trainer.weights() };
}

async function finishEpoch(run: FitRun, report: EpochReport): Promise<void> {
  const { trainer, options, position } = run;
  const { epoch, validationLoss } = report;
  const { lastEpoch = options.epochs, keepsEpochs = [] } = options;
  const isBest = options.takesLast === true || isBetter(validationLoss, position.best);
  const isKept = keepsEpochs.includes(epoch) && epoch < lastEpoch;
  const ended = isBest || isKept ? { epoch, validationLoss, weights: await trainer.weights() } : undefined;
  // Without an await in between: an abort finds an epoch either running or finished.
  if (isBest) position.best = ended;
  if (isKept && ended !== undefined) position.kept = [...(position.kept ?? []), ended];
  position.history.push(report);
  position.isFinished = epoch >= lastEpoch || isOver(run) || isOutOfPatience(run);
  position.epoch += 1;
  position.batch = 0;
  position.sums = NO_SUMS;
  await options.onEpoch(report);
  await saveCheckpoint(run);
  options.signal.throwIfAborted();
}

/** A loss that cannot be told (no validation split) is always the newest, and so the best. */
const isBetter = (loss: number | null, best: BestEpoch | undefined): boolean =>
  loss === null || best === undefined || best.validationLoss === null || loss < best.validationLoss;

/** Early stopping. The first weights do not count: a stage that starts with a loss near 0 gets worse before it gets better. */
function isOutOfPatience({ options: { patience = Infinity }, position: { history } }: FitRun): boolean {
  const losses = history.map(({ validationLoss }) => validationLoss ?? 0);
  const epochsSinceLowest = losses.length - 1 - losses.lastIndexOf(Math.min(...losses));
  return epochsSinceLowest >= patience;
}

/** Leaves the trainer with the best weights. */
async function keepBestWeights(run: FitRun): Promise<FitResult> {
  const { trainer, options, position } = run;
  const { first, history, kept = [] } = position;
  const best = position.best ?? first;
  if (best === undefined) throw new RangeError(`fit needs at least 1 epoch, not ${options.epochs}.`);
  if (first !== undefined && first.validationLoss !== null) {
    const { validationGroups, validationWeights, settle } = options;
    const trained = [...kept.filter(({ epoch }) => epoch !== best.epoch), best];
    const { interpolation, predictions, gain, tried } = await interpolateWeights(
      trainer,
      { first, trained },
      () => predictValidation(run),
      { groups: validationGroups, weights: validationWeights, settle },
    );
    await trainer.setWeights(interpolation.weights);
    return {
      best,
      interpolation,
      history,
      validationLoss: crossEntropy(predictions) ?? null,
      validationAccuracy: accuracyOf(predictions)?.value ?? null,
      gain,
      tried,
      ...(wantsPredictions(run) ? { probabilities: predictions.probabilities } : {}),
    };
  }
  await trainer.setWeights(best.weights);
  const known = history.find(({ epoch }) => epoch === best.epoch);
  return {
    best,
    interpolation: { epoch: best.epoch, weights: best.weights, share: best === first ? 0 : 1 },
    history,
    validationLoss: known?.validationLoss ?? null,
    validationAccuracy: known?.validationAccuracy ?? null,
    ...(wantsPredictions(run) ? { probabilities: (await predictValidation(run)).probabilities } : {}),
  };
}

/** Whether the result has what the weights that are kept say of the validation examples, where there are some. */
function wantsPredictions({ options }: FitRun): boolean {
  const { validation, validationGroups, predictsValidation = false } = options;
  return validation.labels.length > 0 && (predictsValidation || validationGroups !== undefined);
}
