// Lets several folds decide on the second stage: it is trained without each of them in turn, and what the networks say of the pictures
// they have not seen tells, of all folds together, which weights to keep, and from which epoch.

import { accuracyOf } from '../../core/evaluation/accuracy.ts';
import type { Predictions } from '../../core/evaluation/predictions.ts';
import { crossEntropy } from '../../core/evaluation/probability-losses.ts';
import { present } from '../../core/present.ts';
import type { JobReporter } from '../attempt/job-reporter.ts';
import { balancedWeights, countClasses, isImbalanced } from '../training/balance.ts';
import { surestGain } from '../training/surest-gain.ts';
import type { FoldAnswers, Verdict } from '../training/verdict.ts';
import { describeFold, describeFolds } from './describe-end.ts';
import type { FullExamples } from './full-examples.ts';
import { heldGroups, heldItems } from './hold-out.ts';
import { runStage } from './run-stage.ts';
import {
  comparedEpochs,
  type FullStage,
  isUntouched,
  settingsOf,
  settleOn,
  type TrainFullDeps,
} from './tuned-layers.ts';

/**
 * Trains the layers without each fold, and says what all folds decide; undefined where the stage is not kept, or the budget ends it before.
 * Resumes from a checkpoint of such a run.
 */
export async function judgeByFolds(
  deps: TrainFullDeps,
  stage: FullStage,
  examples: Pick<FullExamples, 'without'>,
): Promise<Verdict | undefined> {
  const { checkpoints, meter, reporter, decision } = deps;
  const { held, split } = stage;
  const saved = checkpoints.resume('fold');
  const answers: FoldAnswers[] = saved === undefined ? [] : [...(checkpoints.carried.folds ?? [])];
  // Where other layers are frozen than when the checkpoint was written, they have learned there. The fold begins anew then.
  const isFitting =
    saved !== undefined && (split === undefined || isUntouched(split, saved.trainer.variables));
  let resume = isFitting ? saved : undefined;
  let lastSeconds = 0;
  for (const [index, { weights, ofFold, splits }] of [...held.entries()].slice(answers.length)) {
    const { train, validation } = examples.without(present(held[index], 'a hold-out'));
    const { fold, groups } = present(ofFold, 'a fold');
    const settled = settleOn(deps, stage, train);
    const startedMs = performance.now();
    const secondsSince = () => (performance.now() - startedMs) / 1000;
    const after = { folds: held.length - index - 1, secondsEach: lastSeconds };
    const { tried, epochs } = await runStage(
      { ...deps, reporter: tellingOfAll(reporter, secondsSince, after) },
      {
        ...settingsOf(deps, split),
        ...settled,
        ...comparedEpochs(deps, settled),
        train,
        validation,
        validationGroups: groups,
        interpolatesWithFirst: true,
        weights,
        run: {
          name: 'fold',
          label: `fold-${index + 1}`,
          resume,
          carried: { folds: [...answers] },
          describe: (result) =>
            describeFold(result, {
              number: index + 1,
              count: held.length,
              pictures: splits.validation.length,
            }),
        },
      },
    );
    if (
      tried === undefined ||
      epochs !== decision.stages.get('full')?.epochs ||
      meter.earlyEnd() !== undefined
    )
      return undefined;
    answers.push({ fold, tried });
    resume = undefined;
    lastSeconds = secondsSince();
  }
  const { chosen, gain, predictions } = chooseByFolds(deps, stage, answers);
  const { message, data } = describeFolds(chosen, gain, held.length);
  await reporter.message(message, { stage: 'full', ...data });
  if (!gain.isKept) return undefined;
  return {
    ...chosen,
    probabilities: predictions.probabilities,
    validationLoss: crossEntropy(predictions) ?? null,
    validationAccuracy: accuracyOf(predictions)?.value ?? null,
  };
}

/**
 * A reporter whose time left is that of the running fold and of those after it: each takes as long as the last one, or as the running one
 * where that takes longer.
 * @param secondsSince the running fold began.
 */
const tellingOfAll = (
  reporter: JobReporter,
  secondsSince: () => number,
  after: { readonly folds: number; readonly secondsEach: number },
): JobReporter => ({
  ...reporter,
  update(known) {
    if (known.secondsLeft == null) return reporter.update(known);
    const gone = secondsSince();
    const each = Math.max(after.secondsEach, gone + known.secondsLeft);
    reporter.update({ ...known, secondsLeft: each - gone + after.folds * each });
  },
});

/** The weights whose gain is surest on the pictures of all folds together. */
function chooseByFolds(
  { classes, splits }: TrainFullDeps,
  { held }: FullStage,
  answers: readonly FoldAnswers[],
) {
  const labels = Int32Array.from(heldItems(held), ({ classIndex }) => classIndex);
  const trained = Int32Array.from([...splits.train, ...splits.validation], ({ classIndex }) => classIndex);
  const [first] = answers;
  const tried = present(first, 'the answers of a fold').tried.map(({ epoch, share }, index) => ({
    epoch,
    share,
    predictions: {
      probabilities: Float32Array.from(
        answers.flatMap((of) => [...present(of.tried[index], 'the same weights in each fold').probabilities]),
      ),
      labels,
      classes,
    } satisfies Predictions,
  }));
  const [before, ...others] = tried;
  const { best, gain } = surestGain(
    present(before, 'the first weights').predictions,
    others.map(({ predictions }) => predictions),
    {
      groups: heldGroups(held),
      ...(isImbalanced(countClasses(trained, classes)) ? { weights: balancedWeights(labels, classes) } : {}),
    },
  );
  const { epoch, share, predictions } = present(others[best], 'the surest weights');
  return { chosen: { epoch, share }, gain, predictions };
}
