// The examples of the second stage: pictures, or the outputs of frozen layers, which are computed once. Where layers are trained again on
// all pictures, those of the folds are computed with the others.

import type { DatasetItem } from '../../core/dataset/inspect-dataset.ts';
import type { FrozenSplit } from '../../core/job/recipe/full-stage.ts';
import type { NetworkWeights } from '../../core/network/description/network.ts';
import { toOnnxBackbone } from '../base/backbone-session.ts';
import { type CachedExamplesDeps, openCachedExamples } from '../examples/cached-examples.ts';
import { type ExampleSource, subsetOf } from '../examples/example-source.ts';
import { type SplitPicturesDeps, withSplitPictures } from '../examples/split-pictures.ts';
import { type HoldOut, type HoldOuts, heldItems } from './hold-out.ts';
import type { StageDeps } from './run-stage.ts';

/** What opening the examples needs. */
export type FullExamplesDeps = StageDeps & CachedExamplesDeps & SplitPicturesDeps;

/** The examples of a run of the stage. */
export interface RunExamples {
  /** Those that are not held out. */
  readonly train: ExampleSource;
  /** Those that are held out, as they are. */
  readonly validation: ExampleSource;
}

/** The examples of the second stage. */
export interface FullExamples {
  /** Those of the run that leaves out the pictures of a hold-out. */
  readonly without: (held: HoldOut) => RunExamples;
  /** All of them; without those held out, where the stage is not trained again. */
  readonly all: ExampleSource;
}

/** Which pictures, and which layers see them. */
export interface FullExamplesOptions {
  readonly held: HoldOuts;
  /** Where frozen layers end; undefined where all are trained. */
  readonly split: FrozenSplit | undefined;
  /** Those of the frozen layers, at least. */
  readonly weights: NetworkWeights;
  /** Whether the stage is trained again on all pictures; always with several hold-outs. */
  readonly retrains: boolean;
}

/** Opens the examples, uses them, and frees them at the end. */
export async function withFullExamples<T>(
  given: FullExamplesDeps,
  { held, split, weights, retrains }: FullExamplesOptions,
  use: (examples: FullExamples) => Promise<T>,
): Promise<T> {
  const [{ splits }] = held;
  const all = retrains ? [...given.splits.train, ...given.splits.validation] : splits.train;
  const judged = heldItems(held);
  const open = ({ train, validation }: RunExamples) =>
    use({
      all: train,
      without: (one) => ({
        train: partOf(train, all, one.splits.train),
        validation: partOf(validation, judged, one.splits.validation),
      }),
    });
  const deps = { ...given, splits: { train: all, validation: judged } };
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

/** The examples of some of the pictures; the source itself where they are all. */
function partOf(
  source: ExampleSource,
  items: readonly DatasetItem[],
  wanted: readonly DatasetItem[],
): ExampleSource {
  if (wanted.length === items.length) return source;
  const own = new Set(wanted);
  return subsetOf(source, Int32Array.from(items.flatMap((item, index) => (own.has(item) ? [index] : []))));
}
