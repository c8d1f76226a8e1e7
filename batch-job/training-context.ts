// What every part of a running fine-tune shares, and the pictures of its splits.

import type { DatasetInspection, DatasetItem } from '../core/dataset/inspect-dataset.ts';
import type { ModelInput } from '../core/image/model-input.ts';
import type { Savings } from '../core/job/recipe/memory-record.ts';
import type { JobRecord } from '../core/job/record/job.ts';
import type { Network } from '../core/network/description/network.ts';
import type { ObjectStore } from '../core/storage/object-store.ts';
import type { CostMeter } from './attempt/cost-meter.ts';
import type { JobReporter } from './attempt/job-reporter.ts';
import type { Base } from './base/base.ts';
import type { Decision } from './decide/decide-recipe.ts';
import type { ExampleSource } from './examples/example-source.ts';
import { type PictureOptions, pictureExamples } from './examples/pictures.ts';
import type { JobMemory } from './memory/job-memory.ts';
import type { Engine } from './tensorflow/engine/engine.ts';
import type { RunCheckpoints } from './training/run-checkpoints.ts';

export interface FineTuneDeps {
  readonly store: ObjectStore;
  readonly reporter: JobReporter;
  readonly meter: CostMeter;
  /** A folder of weight files put there by hand, looked at before anything else. */
  readonly weightsDir: string | undefined;
  /** Memory that the attempt may take, in bytes; left out, what its container or the machine has. */
  readonly memoryLimitBytes?: number | undefined;
  /** Where `fovea setup` puts native back ends. */
  readonly cacheDirectory: string;
  /** The container image that this process runs in, where it does. */
  readonly image?: string | undefined;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** The pictures of each split. */
export interface Splits {
  readonly train: readonly DatasetItem[];
  readonly validation: readonly DatasetItem[];
  readonly test: readonly DatasetItem[];
}

export interface TrainingContext extends FineTuneDeps {
  /** Of a trial, with its settings in it. */
  readonly job: JobRecord;
  /** Of a sweep, from 1. */
  readonly trial?: number;
  readonly engine: Engine;
  readonly base: Base;
  /** Made by the base, with as many classes as the dataset: the whole classifier, or the head of an imported backbone. */
  readonly network: Network;
  readonly input: ModelInput;
  readonly inspection: DatasetInspection;
  readonly splits: Splits;
  readonly checkpoints: RunCheckpoints;
  /** What the job's recipe comes to. */
  readonly decision: Decision;
  readonly memory: JobMemory;
  /** What is given up for want of memory. */
  readonly savings: Savings;
}

/** Says in the job's events that a picture became unreadable; the job goes on without it. */
export const reportUnreadable =
  ({ reporter }: Pick<TrainingContext, 'reporter'>): NonNullable<PictureOptions['onUnreadable']> =>
  (item, error) =>
    reporter.warn(
      `The picture "${item.key}" can no longer be read; others of its class take its place. ${error.message}`,
      { key: item.key, error_code: error.code },
    );

/** The training split, augmented. */
export const trainingPictures = (context: TrainingContext): ExampleSource =>
  pictureExamples(context.store, context.splits.train, context.input, {
    augmentation: context.decision.resolved.augmentation,
    seed: context.job.seed,
    onUnreadable: reportUnreadable(context),
  });

export const validationPictures = (context: TrainingContext): ExampleSource =>
  pictureExamples(context.store, context.splits.validation, context.input, {
    onUnreadable: reportUnreadable(context),
  });
