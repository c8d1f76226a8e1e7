// How long the stages of training are where a request leaves that to `auto`: what the trainer goes by, and what an estimate
// is made of. Knows nothing of how a stage learns.

import type { Recipe } from './recipe.ts';

/** The stages of training, in the order in which a job passes through those that it has. */
export const STAGE_NAMES = ['head', 'full', 'scratch'] as const;
/** A stage of training. `head` and `full` are those of transfer learning; `scratch` is the only one of its job. */
export type StageName = (typeof STAGE_NAMES)[number];

export interface StageLength {
  /** Epochs for a number of training examples. */
  readonly epochs: (examples: number) => number;
  readonly batchSize: number;
}

/** Pictures and views of them that the head is to see. */
const HEAD_PICTURES = 3000;
const MAX_VIEWS = 4;

const atLeast = (least: number, most: number, pictures: number) => (examples: number) =>
  Math.min(most, Math.max(least, Math.round(pictures / Math.max(1, examples))));

/** Pictures that a small network wants to have seen before it has learned what it can from a few hundred. */
const SCRATCH: StageLength = { epochs: atLeast(8, 30, 10_000), batchSize: 16 };

export const STAGE_LENGTHS: Readonly<Record<Recipe['preset'], Readonly<Record<StageName, StageLength>>>> = {
  default: {
    // An epoch on cached features takes milliseconds, so it runs until it has converged; of tens of thousands of pictures
    // a few passes are as many updates as sixty of a few hundred, or two hundred of some dozens.
    head: {
      epochs: (examples) => Math.max(atLeast(5, 60, 200_000)(examples), atLeast(1, 200, 24_000)(examples)),
      batchSize: 32,
    },
    // Pictures to be seen before small datasets stop gaining.
    full: { epochs: atLeast(5, 30, 14_000), batchSize: 16 },
    scratch: SCRATCH,
  },
  course: {
    head: { epochs: () => 5, batchSize: 32 },
    full: { epochs: () => 40, batchSize: 32 },
    scratch: SCRATCH,
  },
};

/** Whether the pretrained layers learn too. */
export const hasFullStage = ({ stages, preset }: Recipe): boolean =>
  stages === 'full' || (stages === 'auto' && preset === 'course');

/** Augmented views of each picture whose features the head is trained on, where pictures are augmented at all. */
export const featureViewsFor = ({ preset }: Recipe, examples: number): number =>
  preset === 'course'
    ? MAX_VIEWS
    : Math.min(MAX_VIEWS, Math.max(0, Math.floor(HEAD_PICTURES / Math.max(1, examples)) - 1));
