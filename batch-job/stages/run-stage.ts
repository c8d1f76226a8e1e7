// Runs one stage of training: the training loop with its checkpoints. Progress and metrics are reported to the job.

import type { DatasetItem } from '../../core/dataset/inspect-dataset.ts';
import { isFoveaError } from '../../core/errors/errors.ts';
import type { OutOfFold } from '../../core/evaluation/out-of-fold.ts';
import type { ModelInput } from '../../core/image/model-input.ts';
import type { EpochReport } from '../../core/job/checkpoints/list-checkpoints.ts';
import type { Savings } from '../../core/job/recipe/memory-record.ts';
import { mixesPictures } from '../../core/job/recipe/recipe.ts';
import type { RunName, StageName } from '../../core/job/recipe/stage-lengths.ts';
import type { JobRecord } from '../../core/job/record/job.ts';
import type { Network, NetworkWeights } from '../../core/network/description/network.ts';
import type { CostMeter } from '../attempt/cost-meter.ts';
import type { JobReporter } from '../attempt/job-reporter.ts';
import type { Decision } from '../decide/decide-recipe.ts';
import type { StageSettings } from '../decide/stage-settings.ts';
import type { ExampleSource, PixelExamples } from '../examples/example-source.ts';
import { createBatchMixer, createDeviceMixer } from '../examples/mix-batch.ts';
import type { JobMemory } from '../memory/job-memory.ts';
import type { Engine, Trainer, TrainerOptions } from '../tensorflow/engine/engine.ts';
import {
  balancedOrder,
  balancedWeights,
  balancingWeights,
  countClasses,
  isImbalanced,
  lossOfUnequal,
} from '../training/balance.ts';
import { fit } from '../training/fit.ts';
import type { FitOptions, FitResult } from '../training/fit-options.ts';
import type { FitState } from '../training/fit-state.ts';
import type { Interpolated } from '../training/interpolate-weights.ts';
import { refitState } from '../training/refit-state.ts';
import type { RunCheckpoints } from '../training/run-checkpoints.ts';
import type { Carried } from '../training/verdict.ts';
import { describeEnd, type StageEnd } from './describe-end.ts';

/** What every stage needs of its job. */
export interface StageDeps {
  /** The job, or a trial of it with its own settings. */
  readonly job: Pick<JobRecord, 'recipe' | 'maxCostUsd' | 'sweep'>;
  readonly seed: number;
  readonly classes: number;
  readonly input: ModelInput;
  readonly decision: Pick<Decision, 'stages' | 'resolved'>;
  readonly engine: Engine;
  readonly checkpoints: Pick<RunCheckpoints, 'resume' | 'save' | 'carried'>;
  readonly memory: Pick<JobMemory, 'enter' | 'check'>;
  readonly savings: Savings;
  readonly meter: CostMeter;
  readonly reporter: JobReporter;
}

/** What a stage trains, and on what. */
export interface StageOptions {
  readonly stage: StageName;
  readonly network: Network;
  /** The weights to start with, also where a checkpoint cannot be resumed. */
  readonly weights: NetworkWeights;
  readonly train: ExampleSource;
  readonly validation: ExampleSource;
  readonly trainer?: Pick<TrainerOptions, 'trainable' | 'batchNormalization' | 'rateFactor'>;
  /** Whether the stage ends with the best interpolation of its first and its trained weights (WiSE-FT). */
  readonly interpolatesWithFirst?: boolean;
  /** The group of look-alikes of each validation picture, where they are known. */
  readonly validationGroups?: Int32Array;
  /** Whether pictures may be mixed, as the job's augmentation says. */
  readonly mixes?: boolean;
  /** Whether a checkpoint may have other trainable layers than there are now; variables that it lacks come from `weights`. */
  readonly refits?: boolean;
  /**
   * What is done to the trained weights before they are scored and kept. All epochs are trained then: the loss of weights that are not
   * settled does not tell which are best.
   */
  readonly settle?: (weights: NetworkWeights) => Promise<NetworkWeights>;
  /** Epochs whose weights are compared with those of the last, too. */
  readonly keepsEpochs?: readonly number[];
  /** Which run of the stage this is, where it has several. */
  readonly run?: StageRun;
}

/** One of several runs of a stage. */
export interface StageRun {
  readonly name: RunName;
  /** Its name in events. Default: `name`. */
  readonly label?: string;
  /** The checkpoint that it resumes from. */
  readonly resume: FitState | undefined;
  /** What earlier runs have come to. */
  readonly carried: Carried;
  /** It ends after this epoch, on the schedule of all. Default: after the last. */
  readonly lastEpoch?: number | undefined;
  /** What the job is told at its end. */
  readonly describe: (result: FitResult) => StageEnd;
}

/** The weights that a stage ends with, and their scores on validation. */
export interface Trained extends Pick<FitResult, 'validationLoss' | 'validationAccuracy'> {
  readonly weights: NetworkWeights;
  /** The validation loss with every class counted alike, by which trials of a sweep are compared where classes are unequal; undefined elsewhere. */
  readonly balancedLoss?: number | undefined;
  /** Where the head was cross-validated: what models that have not seen a picture's fold say of it. */
  readonly outOfFold?: OutOfFoldPictures;
  /** The same of the head that a second stage began with, which knows fewer of the pictures. */
  readonly headOutOfFold?: OutOfFoldPictures;
  /**
   * The weights of heads that have not seen one of these folds each, for a second stage on which the folds decide; absent where the head
   * has not seen the validation split, which decides then.
   */
  readonly withoutFolds?: readonly { readonly fold: number; readonly weights: NetworkWeights }[];
}

/** Out-of-fold predictions, with the pictures. Those that no fold could hold out are not among them. */
export interface OutOfFoldPictures extends OutOfFold {
  readonly items: readonly DatasetItem[];
}

/** What a stage ends with, and how its validation pictures fared. */
export interface StageResult
  extends Pick<Trained, 'weights' | 'validationLoss' | 'validationAccuracy' | 'balancedLoss'>,
    Pick<FitResult, 'gain' | 'probabilities' | 'tried'> {
  /** Which of the weights it ends with. */
  readonly chosen: Interpolated;
  /** Number of finished epochs. */
  readonly epochs: number;
}

/** Trains a network through a stage, and gives the weights of its best epoch. */
export async function runStage(deps: StageDeps, options: StageOptions): Promise<StageResult> {
  const { job, seed, classes, reporter, meter, memory, checkpoints, decision } = deps;
  const { stage, train, validation, settle } = options;
  const {
    name,
    label,
    carried,
    resume: saved,
    lastEpoch,
    describe,
  } = options.run ?? {
    name: stage,
    label: undefined,
    carried: undefined,
    resume: checkpoints.resume(stage),
    lastEpoch: undefined,
    describe: describeEnd,
  };
  const run = label ?? name;
  const settings = decision.stages.get(stage);
  if (settings === undefined) throw new RangeError(`The stage "${stage}" is not among those of the job.`);
  const { epochs, batchSize, learningRate, patience } = settings;
  await memory.enter(stage);
  const { trainer, asPixels, transform } = await openTrainer(deps, options, settings);
  try {
    const resume = await restorable(saved, trainer, { ...options, reporter });
    reporter.startStage('training', { epoch: resume?.epoch ?? 0, epochs: lastEpoch ?? epochs });
    const isUnequal = isImbalanced(countClasses(train.labels, classes));
    const result = await fit(trainer, {
      train,
      validation,
      epochs,
      batchSize,
      learningRate,
      seed,
      signal: reporter.signal,
      clock: () => performance.now(),
      isOver: () => meter.earlyEnd() !== undefined,
      ...(patience === undefined || settle !== undefined ? {} : { patience }),
      ...(options.interpolatesWithFirst === true ? { interpolatesWithFirst: true } : {}),
      ...(settle === undefined ? {} : { settle, takesLast: true }),
      ...(options.validationGroups === undefined ? {} : { validationGroups: options.validationGroups }),
      ...(isUnequal ? { validationWeights: balancedWeights(validation.labels, classes) } : {}),
      ...(options.keepsEpochs === undefined ? {} : { keepsEpochs: options.keepsEpochs }),
      ...(lastEpoch === undefined ? {} : { lastEpoch }),
      predictsValidation: job.sweep !== null && isUnequal,
      ...(decision.resolved.imbalance === 'balanced_sampling'
        ? { order: (epoch: number) => balancedOrder(train.labels, classes, seed, epoch) }
        : {}),
      fillsBatches: deps.engine.prefersFixedBatches,
      asPixels,
      transform,
      ...(resume === undefined ? {} : { resume }),
      checkpoint: {
        save: (state) => checkpoints.save(name, state, carried),
        // Other ends are not resumed from here: the job is cancelled, another attempt has it, or there is no storage.
        savesOnAbort: (reason) =>
          isFoveaError(reason, 'trainer-terminated') || isFoveaError(reason, 'job-paused'),
      },
      onStep: (report) => {
        reporter.update(report);
        memory.check();
      },
      onEpoch: (report) => reportEpoch(reporter, run, report),
    });
    const { interpolation, history, gain, probabilities, tried, validationLoss, validationAccuracy } = result;
    const { message, data } = describe(result);
    await reporter.message(message, { stage: run, ...data });
    const early = meter.earlyEnd();
    if (early !== undefined)
      await reporter.warn(
        `${early.reason} ${name === 'fold' ? 'The head becomes' : 'The best weights so far become'} the model.`,
        { stage: run, ...early.data },
      );
    return {
      weights: await trainer.weights(),
      validationLoss,
      validationAccuracy,
      balancedLoss: lossOfUnequal(
        train.labels,
        probabilities && { probabilities, labels: validation.labels, classes },
      ),
      chosen: { epoch: interpolation.epoch, share: interpolation.share },
      epochs: history.length,
      ...(gain === undefined ? {} : { gain }),
      ...(tried === undefined ? {} : { tried }),
      ...(probabilities === undefined ? {} : { probabilities }),
    };
  } finally {
    trainer.dispose();
  }
}

/** How a stage trains its batches. */
interface StageTrainer {
  readonly trainer: Trainer;
  /** Whether batches are pixels, of which the device computes the network's input. */
  readonly asPixels: boolean;
  /** Mixes the pictures of a batch, where the stage does so. */
  readonly transform: NonNullable<FitOptions['transform']>;
}

/** Opens the trainer of a stage. The caller disposes it. */
async function openTrainer(
  { seed, classes, engine, input, savings, decision }: StageDeps,
  options: StageOptions,
  { batchSize, optimizer, emaDecay, labelSmoothing, precision }: StageSettings,
): Promise<StageTrainer> {
  const { stage, network, weights, train, validation } = options;
  const { imbalance, augmentation } = decision.resolved;
  const microBatchSize = savings.partSizes[stage];
  const mixes = options.mixes === true && mixesPictures(augmentation);
  // The device cannot mix pictures whose partner is in another micro-batch.
  const hasMicroBatches = microBatchSize !== undefined && microBatchSize < batchSize;
  const pixels =
    engine.takesPixels && !(mixes && hasMicroBatches) && validation.pixels !== undefined
      ? (train.atEpoch?.(1) ?? train).pixels
      : undefined;
  const trainer = await engine.createTrainer({
    ...options.trainer,
    ...(pixels === undefined ? {} : pixelOptions(input, pixels, { shape: train.shape, mixes })),
    ...(precision === 'mixed' ? { precision: engine.mixedPrecision() } : {}),
    network,
    weights,
    optimizer,
    seed,
    batchSize,
    ...(microBatchSize === undefined ? {} : { microBatchSize }),
    ...(emaDecay === undefined ? {} : { emaDecay }),
    ...(labelSmoothing === undefined ? {} : { labelSmoothing }),
    ...(imbalance === 'class_weights'
      ? { classWeights: balancingWeights(countClasses(train.labels, classes)) }
      : {}),
  });
  const mixing = { augmentation, seed, classes, shape: train.shape };
  const mixValues = mixes ? createBatchMixer(mixing) : undefined;
  const mixPixels = mixes ? createDeviceMixer(mixing) : undefined;
  return {
    trainer,
    asPixels: pixels !== undefined,
    transform: (batch, epoch, index) =>
      ('drawn' in batch ? mixPixels?.(batch, epoch, index) : mixValues?.(batch, epoch, index)) ?? batch,
  };
}

/** The options of a trainer whose batches are pixels. */
function pixelOptions(
  { preprocessing }: ModelInput,
  { shape: [height, width] }: PixelExamples,
  { shape, mixes }: { readonly shape: ExampleSource['shape']; readonly mixes: boolean },
): Pick<TrainerOptions, 'preprocessing' | 'viewsFrom' | 'mixes'> {
  const cutsViews = height !== shape[0] || width !== shape[1];
  return {
    preprocessing,
    mixes,
    ...(cutsViews ? { viewsFrom: { height, width } } : {}),
  };
}

async function reportEpoch(reporter: JobReporter, stage: string, report: EpochReport): Promise<void> {
  reporter.update({
    loss: report.trainLoss,
    accuracy: report.validationAccuracy ?? report.trainAccuracy,
  });
  await reporter.event({
    level: 'info',
    type: 'metrics',
    message:
      `Epoch ${report.epoch}/${report.epochs}: loss ${report.trainLoss.toFixed(4)}` +
      (report.validationAccuracy === null
        ? ''
        : `, validation accuracy ${(100 * report.validationAccuracy).toFixed(1)} %`),
    data: {
      stage,
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
}

/** Restores a checkpoint. Undefined where the trainer cannot take it, e.g. after a change of its code: the stage then starts anew. */
async function restorable(
  state: FitState | undefined,
  trainer: Trainer,
  {
    reporter,
    weights,
    refits = false,
  }: Pick<StageOptions, 'weights' | 'refits'> & { readonly reporter: JobReporter },
): Promise<FitState | undefined> {
  if (state === undefined) return undefined;
  const fitting = refits ? refitState(state, await trainer.state(), weights) : state;
  try {
    await trainer.restore(fitting.trainer);
  } catch (error) {
    if (!isFoveaError(error, 'trainer-state-invalid')) throw error;
    await reporter.warn(`The stage starts anew, because its checkpoint does not fit. ${error.message}`, {
      error_code: error.code,
    });
    return undefined;
  }
  if (fitting !== state) {
    await reporter.message('From here on, other layers are trained than when the checkpoint was written.');
  }
  return fitting;
}
