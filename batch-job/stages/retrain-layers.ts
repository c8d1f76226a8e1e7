// Trains the layers of the second stage again on all pictures, as those held out have decided.

import { subsetOf } from '../examples/example-source.ts';
import { interpolate } from '../training/interpolate-weights.ts';
import type { Verdict } from '../training/verdict.ts';
import { describeRetraining } from './describe-end.ts';
import type { FullExamples } from './full-examples.ts';
import { heldAnswers } from './held-answers.ts';
import { runStage, type Trained } from './run-stage.ts';
import { type FullStage, settingsOf, settleOn, type TrainFullDeps } from './tuned-layers.ts';

/**
 * Trains the same layers on all pictures, from the head that has seen them all: until the epoch, and with the share of the trained
 * weights, that were best for those held out. What was said of these stands for this network. Where the budget ends it before, the model is
 * the network that one fold has judged, or the head where several have.
 */
export async function retrainLayers(
  deps: TrainFullDeps,
  stage: FullStage & { readonly head: Trained },
  { all }: Pick<FullExamples, 'all'>,
  verdict: Verdict,
): Promise<Trained> {
  const { held, split, head } = stage;
  const { settle } = settleOn(deps, stage, all);
  const wanted = verdict.epoch ?? deps.decision.stages.get('full')?.epochs ?? 1;
  const { weights, epochs } = await runStage(deps, {
    ...settingsOf(deps, split),
    ...(settle === undefined ? {} : { settle }),
    train: all,
    validation: subsetOf(all, new Int32Array()),
    weights: head.weights,
    run: {
      name: 'retrain',
      resume: deps.checkpoints.resume('retrain'),
      carried: { verdict },
      lastEpoch: wanted,
      describe: (result) => describeRetraining(result, verdict, { wanted, pictures: all.labels.length }),
    },
  });
  const isWhole = epochs === wanted;
  if (!isWhole && verdict.weights === undefined) return head;
  const first = new Map([...head.weights].filter(([name]) => weights.has(name)));
  const interpolated = interpolate(first, weights, verdict.share);
  const trained = isWhole ? ((await settle?.(interpolated)) ?? interpolated) : (verdict.weights ?? first);
  const { validationLoss, validationAccuracy, probabilities } = verdict;
  return {
    weights: new Map([...head.weights, ...trained]),
    validationLoss,
    validationAccuracy,
    ...heldAnswers(held, head, probabilities),
  };
}
