// Stage two of transfer learning: trains the pretrained layers too, all of them or those from a named one on. Pictures held out decide
// whether it is kept. Where they were folds of the head's, the layers are then trained again on all pictures, as the folds have decided.

import type { NetworkWeights } from '../../core/network/description/network.ts';
import { weightSpecs } from '../../core/network/description/weight-specs.ts';
import { loadFrozen } from '../base/load-frozen.ts';
import type { FitState } from '../training/fit-state.ts';
import type { Verdict } from '../training/verdict.ts';
import { withFullExamples } from './full-examples.ts';
import { heldAnswers } from './held-answers.ts';
import { type HoldOuts, holdOuts } from './hold-out.ts';
import { judgeByFolds } from './judge-by-folds.ts';
import { retrainLayers } from './retrain-layers.ts';
import { runStage, type StageResult, type Trained } from './run-stage.ts';
import {
  comparedEpochs,
  doesRetrain,
  type FullStage,
  foldsOf,
  frozenSplit,
  hasAll,
  resumableSplit,
  settingsOf,
  settleOn,
  type TrainFullDeps,
} from './tuned-layers.ts';

/**
 * Trains the layers from the first trainable one on, and gives the weights of the whole network: the head's own, where training gains
 * nothing on the pictures held out. Where several folds decide, resumes from a checkpoint of a run without one of them.
 */
export function trainFull(deps: TrainFullDeps, head: Trained): Promise<Trained> {
  const held = holdOuts(deps.splits, head, foldsOf(deps));
  return train(deps, { held, split: frozenSplit(deps, held), head });
}

/**
 * Resumes the stage that one fold or the validation split judges from a checkpoint, also where other layers are trainable than before,
 * because memory has run out since or a larger machine has taken over.
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
  const [own] = holdOuts(deps.splits, head ?? { weights }, 1);
  const held: HoldOuts = [{ ...own, weights }];
  return train(deps, { held, split: resumableSplit(deps, held, saved), head });
}

/** Resumes training on all pictures from a checkpoint. @param verdict what the folds have decided. */
export function resumeRetraining(
  deps: TrainFullDeps,
  state: FitState,
  verdict: Verdict,
  head: Trained,
): Promise<Trained> {
  const held = holdOuts(deps.splits, head, foldsOf(deps));
  const split = resumableSplit(deps, held, state.trainer.variables);
  return withFullExamples(deps, { held, split, weights: head.weights, retrains: true }, (examples) =>
    retrainLayers(deps, { held, split, head }, examples, verdict),
  );
}

/** Trains on the pictures that are not held out; then on all, where those held out decide for it. */
const train = (deps: TrainFullDeps, stage: FullStage): Promise<Trained> => {
  const { held, split, head } = stage;
  const [one, ...others] = held;
  const { weights, ofFold } = one;
  const retrains = doesRetrain(deps, held);
  return withFullExamples(deps, { held, split, weights, retrains }, async (examples) => {
    if (head !== undefined && others.length > 0) {
      const verdict = await judgeByFolds(deps, stage, examples);
      return verdict === undefined ? head : retrainLayers(deps, { ...stage, head }, examples, verdict);
    }
    const own = examples.without(one);
    const settled = settleOn(deps, stage, own.train);
    const trained = await runStage(deps, {
      ...settingsOf(deps, split),
      ...settled,
      ...comparedEpochs(deps, settled),
      ...own,
      ...(ofFold === undefined ? {} : { validationGroups: ofFold.groups }),
      interpolatesWithFirst: true,
      weights,
    });
    const verdict = head && retrains ? toVerdict(trained) : undefined;
    if (head === undefined || verdict === undefined || deps.meter.earlyEnd() !== undefined)
      return keepBetter(stage, trained);
    return retrainLayers(deps, { ...stage, head }, examples, verdict);
  });
};

/** What the pictures held out say of a stage; undefined where it is not kept. */
function toVerdict(trained: StageResult): Verdict | undefined {
  const { gain, probabilities, chosen, validationLoss, validationAccuracy, weights } = trained;
  return gain?.isKept === true && probabilities !== undefined
    ? { ...chosen, validationLoss, validationAccuracy, probabilities, weights }
    : undefined;
}

/** The trained network; the head, where training gained nothing. Out-of-fold predictions are those of what is kept. */
function keepBetter(
  { held, head }: FullStage,
  { gain, probabilities, weights, validationLoss, validationAccuracy, balancedLoss }: StageResult,
): Trained {
  if (gain?.isKept === false && head !== undefined) return head;
  return {
    weights: new Map([...held[0].weights, ...weights]),
    validationLoss,
    validationAccuracy,
    balancedLoss,
    ...heldAnswers(held, head, probabilities),
  };
}
