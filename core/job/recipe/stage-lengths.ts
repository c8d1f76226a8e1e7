// How long the stages of training are where a request leaves that to `auto`: for the trainer, and for an estimate. Knows nothing of
// how a stage is trained.

import type { Recipe } from './recipe.ts';

/** The stages of training, in the order in which a job passes through those that it has. */
export const STAGE_NAMES = ['head', 'full', 'scratch'] as const;
/** A stage of training. `head` and `full` are those of transfer learning; `scratch` is the only one of its job. */
export type StageName = (typeof STAGE_NAMES)[number];

/**
 * What a checkpoint may be of: a stage; a run of `full` without one of several folds, instead of `full` itself; or the training of `full`
 * again on all pictures, once folds have decided on it.
 */
export const RUN_NAMES = [...STAGE_NAMES, 'retrain', 'fold'] as const;
/** A run of the training loop. */
export type RunName = (typeof RUN_NAMES)[number];

/** Number of epochs and batch size of a stage. */
export interface StageLength {
  /** Number of epochs for a number of training pictures. */
  readonly epochs: (examples: number) => number;
  readonly batchSize: number;
}

/** Pictures and augmented views that the head is trained on, where there are few pictures. */
const HEAD_PICTURES = 3000;
const MAX_VIEWS = 4;

const atLeast = (least: number, most: number, pictures: number) => (examples: number) =>
  Math.min(most, Math.max(least, Math.round(pictures / Math.max(1, examples))));

/** From scratch, a small network needs to see about 10,000 pictures before it stops improving on a few hundred. */
const SCRATCH: StageLength = { epochs: atLeast(8, 30, 10_000), batchSize: 16 };

/** The length of each stage, by preset. */
export const STAGE_LENGTHS: Readonly<Record<Recipe['preset'], Readonly<Record<StageName, StageLength>>>> = {
  default: {
    // An epoch on cached features takes milliseconds, so training runs until it has converged. A few passes over tens of thousands
    // of pictures have as many updates as sixty over a few hundred, or two hundred over some dozens.
    head: {
      epochs: (examples) => Math.max(atLeast(5, 60, 200_000)(examples), atLeast(1, 200, 24_000)(examples)),
      batchSize: 32,
    },
    // Of a few hundred pictures: twice as many epochs made the features no better, on which the head is solved (bench/README.md). Some
    // thousands of pictures are seen more than five times: after five epochs their loss still falls.
    full: {
      epochs: (examples) => Math.max(atLeast(5, 30, 4000)(examples), atLeast(1, 12, 60_000)(examples)),
      batchSize: 16,
    },
    scratch: SCRATCH,
  },
  course: {
    head: { epochs: () => 5, batchSize: 32 },
    full: { epochs: () => 40, batchSize: 32 },
    scratch: SCRATCH,
  },
};

/** What trains, and on how much. */
export interface TrainingPlace {
  /** Whether a GPU trains. Processors take minutes for what a second stage gains, a GPU takes seconds. */
  readonly isGpu: boolean;
  /** Number of training pictures. */
  readonly pictures: number;
}

/**
 * From so many training pictures on, `auto` means a second stage on a GPU. The number is a guess: on 542 pictures the stage gained less
 * than its error out of fold, and nothing on the test (bench/README.md); larger sets were not measured.
 */
export const FULL_STAGE_PICTURES = 2000;

/** The place of what processors train, where the number of pictures does not matter. */
export const ON_PROCESSORS: TrainingPlace = { isGpu: false, pictures: 0 };

/** Whether there is a second stage, in which pretrained layers are trained, too. */
export const hasFullStage = (
  { stages, preset }: Pick<Recipe, 'stages' | 'preset'>,
  { isGpu, pictures }: TrainingPlace,
): boolean =>
  stages === 'full' ||
  (stages === 'auto' && ((isGpu && pictures >= FULL_STAGE_PICTURES) || preset === 'course'));

/** Number of augmented views of each picture that the head is trained on, where pictures are augmented at all. */
export const featureViewsFor = ({ preset }: Recipe, examples: number): number =>
  preset === 'course'
    ? MAX_VIEWS
    : Math.min(MAX_VIEWS, Math.max(0, Math.floor(HEAD_PICTURES / Math.max(1, examples)) - 1));
