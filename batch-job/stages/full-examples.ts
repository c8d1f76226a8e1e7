// The examples of the second stage: pictures, or the outputs of frozen layers, which are computed once. Where layers are trained again on
// all pictures, those of the fold are computed with the others.

import type { DatasetItem } from '../../core/dataset/inspect-dataset.ts';
import type { FrozenSplit } from '../../core/job/recipe/full-stage.ts';
import type { NetworkWeights } from '../../core/network/description/network.ts';
import { toOnnxBackbone } from '../base/backbone-session.ts';
import { type CachedExamplesDeps, openCachedExamples } from '../examples/cached-examples.ts';
import { type ExampleSource, subsetOf } from '../examples/example-source.ts';
import { type SplitPicturesDeps, withSplitPictures } from '../examples/split-pictures.ts';
import type { HoldOut } from './hold-out.ts';
import type { StageDeps } from './run-stage.ts';

/** What opening the examples needs. */
export type FullExamplesDeps = StageDeps & CachedExamplesDeps & SplitPicturesDeps;

/** The examples of the second stage. */
export interface FullExamples {
  /** Those that are not held out. */
  readonly train: ExampleSource;
  /** Those that are held out. */
  readonly validation: ExampleSource;
  /** All of them; without those held out, where the stage is not trained again. */
  readonly all: ExampleSource;
}

/** Which pictures, and which layers see them. */
export interface FullExamplesOptions {
  readonly held: Pick<HoldOut, 'splits'>;
  /** Where frozen layers end; undefined where all are trained. */
  readonly split: FrozenSplit | undefined;
  /** Those of the frozen layers, at least. */
  readonly weights: NetworkWeights;
  /** Whether the stage is trained again on all pictures. */
  readonly retrains: boolean;
}

/** Opens the examples, uses them, and frees them at the end. */
export async function withFullExamples<T>(
  given: FullExamplesDeps,
  { held: { splits }, split, weights, retrains }: FullExamplesOptions,
  use: (examples: FullExamples) => Promise<T>,
): Promise<T> {
  const all = retrains ? [...given.splits.train, ...given.splits.validation] : splits.train;
  const trained = new Set<DatasetItem>(splits.train);
  const indices = Int32Array.from(all.flatMap((item, index) => (trained.has(item) ? [index] : [])));
  const open = ({ train, validation }: Pick<FullExamples, 'train' | 'validation'>) =>
    use({ train: indices.length === all.length ? train : subsetOf(train, indices), validation, all: train });
  const deps = { ...given, splits: { train: all, validation: splits.validation } };
  const { augmentation } = deps.decision.resolved;
  if (split === undefined) return withSplitPictures(deps, { augmentation, seed: deps.seed }, open);
  const { frozen, shape, views } = split;
  const examples = await openCachedExamples(deps, {
    backbone: toOnnxBackbone(frozen, weights),
    shape,
    views: { count: views - 1, augmentation },
  });
  try {
    return await open(examples);
  } finally {
    examples.close();
  }
}
