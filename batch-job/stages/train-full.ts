// Stage two of transfer learning: trains the pretrained layers too, all of them or those from a named one on. Pictures held out decide
// whether it is kept. Where they were a fold of the head's, the layers are then trained again on all pictures, as the fold has decided.

import { type FrozenSplit, splitFrozen } from '../../core/job/recipe/full-stage.ts';
import { changesPictures } from '../../core/job/recipe/recipe.ts';
import type { Network, NetworkWeights } from '../../core/network/description/network.ts';
import { firstTrainable, isTrainableFrom } from '../../core/network/description/trainable-from.ts';
import { weightSpecs } from '../../core/network/description/weight-specs.ts';
import { type LoadFrozenDeps, loadFrozen } from '../base/load-frozen.ts';
import type { Decision } from '../decide/decide-recipe.ts';
import { type ExampleSource, subsetOf } from '../examples/example-source.ts';
import type { FitState } from '../training/fit-state.ts';
import { interpolate } from '../training/interpolate-weights.ts';
import { layerRates } from '../training/layer-rates.ts';
import type { Verdict } from '../training/verdict.ts';
import { type FullExamples, type FullExamplesDeps, withFullExamples } from './full-examples.ts';
import { type HoldOut, holdOut, toOutOfFold } from './hold-out.ts';
import { runStage, type StageResult, type Trained } from './run-stage.ts';
import { solveTunedHead } from './solve-tuned-head.ts';

/** What training the pretrained layers needs. */
export type TrainFullDeps = FullExamplesDeps &
  LoadFrozenDeps & { readonly decision: Pick<Decision, 'exactHead'> };

/** The stage as it is about to run. */
interface FullStage {
  readonly held: HoldOut;
  /** Where frozen layers end; undefined where all are trained. */
  readonly split: FrozenSplit | undefined;
  /** What stage one came to, if that is known. */
  readonly head: Trained | undefined;
}

/**
 * Trains the layers from the first trainable one on, and gives the weights of the whole network: the head's own, where training gains
 * nothing on the pictures held out.
 */
export function trainFull(deps: TrainFullDeps, head: Trained): Promise<Trained> {
  const held = holdOut(deps.splits, head);
  return train(deps, { held, split: frozenSplitFrom(deps, held, startOf(deps)), head });
}

/**
 * Resumes this stage from a checkpoint, also where other layers are trainable than before, because memory has run out since or
 * a larger machine has taken over.
 * @param state the checkpoint. Its variables are those of the trained layers, and may include frozen ones.
 * @param head what stage one came to, if that is known; otherwise it is in the checkpoint.
 */
export async function resumeFull(
  deps: TrainFullDeps,
  state: FitState,
  head: Trained | undefined,
): Promise<Trained> {
  const { network } = deps;
  const saved = state.trainer.variables;
  const keys = weightSpecs(network).map(({ key }) => key);
  const pristine: NetworkWeights = hasAll(network, saved)
    ? new Map()
    : (head?.weights ?? (await loadFrozen(deps)).weights);
  const first = state.first?.weights ?? saved;
  const weights = new Map(keys.map((key) => [key, (first.get(key) ?? pristine.get(key)) as Float32Array]));
  const held = { ...holdOut(deps.splits, head ?? { weights }), weights };
  return train(deps, { held, split: resumableSplit(deps, held, saved), head });
}

/** Resumes training on all pictures from a checkpoint. @param verdict what the fold has decided. */
export function resumeRetraining(
  deps: TrainFullDeps,
  state: FitState,
  verdict: Verdict,
  head: Trained,
): Promise<Trained> {
  const held = holdOut(deps.splits, head);
  const split = resumableSplit(deps, held, state.trainer.variables);
  return withFullExamples(deps, { held, split, weights: head.weights, retrains: true }, (examples) =>
    retrain(deps, { held, split, head }, examples, verdict),
  );
}

/** Trains on the pictures that are not held out; then on all, where those held out decide for it. */
const train = (deps: TrainFullDeps, stage: FullStage): Promise<Trained> => {
  const { held, split, head } = stage;
  const { weights, groups } = held;
  const retrains = doesRetrain(deps, held);
  return withFullExamples(deps, { held, split, weights, retrains }, async (examples) => {
    const settle = settleOn(deps, stage, examples.train);
    const trained = await runStage(deps, {
      ...settingsOf(deps, split?.trainable ?? deps.network),
      train: examples.train,
      validation: examples.validation,
      ...(groups === undefined ? {} : { validationGroups: groups }),
      interpolatesWithFirst: true,
      ...(settle === undefined ? {} : { settle }),
      weights,
    });
    const verdict = head && retrains ? toVerdict(trained) : undefined;
    if (head === undefined || verdict === undefined || deps.meter.isBudgetSpent())
      return keepBetter(stage, trained);
    return retrain(deps, { ...stage, head }, examples, verdict);
  });
};

/**
 * Solves the head on the features of the trained layers. Undefined where it is no linear one, or the job's settings are those of a book.
 */
function settleOn(
  deps: TrainFullDeps,
  { split }: FullStage,
  examples: ExampleSource,
): ((weights: NetworkWeights) => Promise<NetworkWeights>) | undefined {
  const { engine, base, network, job, classes, decision, savings, reporter, memory } = deps;
  const { exactHead, resolved, stages } = decision;
  const { featureLayer } = base;
  // The course's settings are those of a book.
  if (job.recipe.preset === 'course' || featureLayer === undefined || !base.hasLinearHead(network))
    return undefined;
  return (weights) =>
    solveTunedHead(
      {
        engine,
        network: split?.trainable ?? network,
        featureLayer,
        examples,
        views: resolved.featureViews,
        classes,
        balance: exactHead?.balance ?? (resolved.imbalance === 'none' ? 'none' : 'weights'),
        batchSize: savings.partSizes['full'] ?? stages.get('full')?.batchSize ?? 1,
        signal: reporter.signal,
        check: () => {
          reporter.signal.throwIfAborted();
          memory.check();
        },
      },
      weights,
    );
}

/** Whether the stage is trained again: only where the head it starts from has seen all pictures, so that it has, too. */
const doesRetrain = ({ decision }: TrainFullDeps, { groups }: HoldOut): boolean =>
  decision.stages.get('full')?.retrains === true && groups !== undefined;

/** What the pictures held out say of a stage; undefined where it is not kept. */
function toVerdict(trained: StageResult): Verdict | undefined {
  const { gain, probabilities, share, validationLoss, validationAccuracy, weights } = trained;
  return gain?.isKept === true && probabilities !== undefined
    ? { share, validationLoss, validationAccuracy, probabilities, weights }
    : undefined;
}

/** The trained network; the head, where training gained nothing. Out-of-fold predictions are those of what is kept. */
function keepBetter(
  { held, head }: FullStage,
  { gain, probabilities, weights, validationLoss, validationAccuracy, balancedLoss }: StageResult,
): Trained {
  if (gain?.isKept === false && head !== undefined) return head;
  return {
    weights: new Map([...held.weights, ...weights]),
    validationLoss,
    validationAccuracy,
    balancedLoss,
    ...heldOutAnswers(held, head, probabilities),
  };
}

function heldOutAnswers(
  held: HoldOut,
  head: Trained | undefined,
  probabilities: Float32Array | undefined,
): Pick<Trained, 'outOfFold' | 'headOutOfFold'> {
  const outOfFold = probabilities && toOutOfFold(held, probabilities);
  const headOutOfFold = head?.outOfFold;
  return {
    ...(outOfFold === undefined ? {} : { outOfFold }),
    ...(headOutOfFold === undefined ? {} : { headOutOfFold }),
  };
}

/**
 * Trains the same layers on all pictures, from the head that has seen them all: for as many epochs, and with the share of the trained
 * weights that was best for the fold. What the fold says of its own network stands for this one. Where
 * the budget ends it before, the fold's network is the model.
 */
async function retrain(
  deps: TrainFullDeps,
  stage: FullStage & { readonly head: Trained },
  { all }: Pick<FullExamples, 'all'>,
  verdict: Verdict,
): Promise<Trained> {
  const { held, split, head } = stage;
  const settle = settleOn(deps, stage, all);
  const { weights, epochs } = await runStage(deps, {
    ...settingsOf(deps, split?.trainable ?? deps.network),
    train: all,
    validation: subsetOf(all, new Int32Array()),
    ...(settle === undefined ? {} : { settle }),
    weights: head.weights,
    retrains: verdict,
  });
  const first = new Map([...head.weights].filter(([name]) => weights.has(name)));
  const isWhole = epochs === deps.decision.stages.get('full')?.epochs;
  const interpolated = interpolate(first, weights, verdict.share);
  const trained = isWhole ? ((await settle?.(interpolated)) ?? interpolated) : verdict.weights;
  const { validationLoss, validationAccuracy, probabilities } = verdict;
  return {
    weights: new Map([...head.weights, ...trained]),
    validationLoss,
    validationAccuracy,
    ...heldOutAnswers(held, head, probabilities),
  };
}

const hasAll = (network: Network, saved: NetworkWeights): boolean =>
  weightSpecs(network).every(({ key }) => saved.has(key));

/**
 * Splits the network so that its frozen layers have the weights of the stage before. Layers that were trained and are
 * frozen now belong to the trainable ones. Undefined where the network cannot be split so.
 */
function resumableSplit(deps: TrainFullDeps, held: HoldOut, saved: NetworkWeights): FrozenSplit | undefined {
  const { network } = deps;
  const from = startOf(deps);
  const split = frozenSplitFrom(deps, held, from);
  const isPristine = split !== undefined && !weightSpecs(split.frozen).some(({ key }) => saved.has(key));
  if (isPristine) return split;
  const lowest = weightSpecs(network).find(({ key }) => saved.has(key))?.layer;
  const hasRisen =
    from !== null && lowest !== undefined && isTrainableFrom(network, lowest)(firstTrainable(network, from));
  return hasRisen && !hasAll(network, saved) ? frozenSplitFrom(deps, held, lowest) : undefined;
}

const startOf = ({ savings, decision }: TrainFullDeps): string | null =>
  savings.unfreezeFrom ?? decision.resolved.unfreezeFrom;

function frozenSplitFrom(deps: TrainFullDeps, held: HoldOut, from: string | null): FrozenSplit | undefined {
  const { network, savings, decision, splits } = deps;
  const { train, validation } = held.splits;
  const trained = doesRetrain(deps, held) ? splits.train.length + splits.validation.length : train.length;
  return splitFrozen(network, {
    from,
    pictures: { train: trained, validation: validation.length },
    epochs: decision.stages.get('full')?.epochs ?? 1,
    isAugmented: changesPictures(decision.resolved.augmentation),
    bytesPerValue: savings.halfPrecision ? 2 : 4,
  });
}

/** The settings of the stage. @param trained the network, or the layers of it that are trained. */
function settingsOf(deps: TrainFullDeps, trained: Network) {
  const { network, job, decision } = deps;
  const firstLayerRate = decision.stages.get('full')?.firstLayerRate ?? 1;
  const from = startOf(deps);
  const trainable = from === null ? () => true : isTrainableFrom(network, from);
  return {
    stage: 'full',
    network: trained,
    trainer: {
      batchNormalization: job.recipe.batch_normalization,
      trainable,
      ...(firstLayerRate === 1 ? {} : { rateFactor: layerRates(trained, firstLayerRate, trainable) }),
    },
    mixes: true,
    refits: true,
  } as const;
}
