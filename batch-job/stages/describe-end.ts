// How the end of a stage is told to the job: a sentence, and the same as data.

import type { FitResult } from '../training/fit-options.ts';
import type { Interpolated } from '../training/interpolate-weights.ts';
import type { Gain } from '../training/surest-gain.ts';
import type { Verdict } from '../training/verdict.ts';

/** What an event says of the end. */
export interface StageEnd {
  readonly message: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The end of a stage that its own validation pictures judge, if there are any. */
export function describeEnd({ best, interpolation, gain, history }: FitResult): StageEnd {
  const kept = `The weights of epoch ${best.epoch} are kept`;
  const message =
    best.validationLoss === null
      ? `${kept}, the last one: there is no validation split to choose by.`
      : `${kept}: the lowest loss on the validation split.`;
  return {
    message: gain === undefined ? message : describeChoice(interpolation, gain),
    data: {
      best_epoch: best.epoch,
      blend_share: interpolation.share,
      epochs: history.length,
      ...(gain === undefined ? {} : gainData(gain)),
    },
  };
}

/** The end of one of the runs that leave out a fold each. @param number from 1. */
export function describeFold(
  { history }: Pick<FitResult, 'history'>,
  { number, count, pictures }: { readonly number: number; readonly count: number; readonly pictures: number },
): StageEnd {
  const { length: epochs } = history;
  return {
    message: `Of ${count} folds, ${number} ${number === 1 ? 'is' : 'are'} done: layers that were trained for ${describeEpochs(epochs)} without its ${pictures} pictures have judged them.`,
    data: { fold: number, folds: count, pictures, epochs },
  };
}

/** What all folds together decide. @param chosen the weights whose gain is surest, kept or not. */
export const describeFolds = (chosen: Interpolated, gain: Gain, folds: number): StageEnd => ({
  message: describeChoice(gain.isKept ? chosen : { epoch: 0, share: 0 }, gain, `all ${folds} folds`),
  data: {
    best_epoch: chosen.epoch,
    blend_share: gain.isKept ? chosen.share : 0,
    folds,
    ...gainData(gain),
  },
});

/** The end of training again on all pictures. @param wanted the epoch it was to end with. */
export function describeRetraining(
  { history }: Pick<FitResult, 'history'>,
  { share, weights }: Verdict,
  { wanted, pictures }: { readonly wanted: number; readonly pictures: number },
): StageEnd {
  const { length: epochs } = history;
  const data = { best_epoch: epochs, blend_share: share, epochs };
  if (epochs < wanted)
    return {
      message:
        `Of ${wanted} epochs on all pictures, ${epochs} are done. ` +
        (weights === undefined
          ? 'The network as it was before the stage becomes the model.'
          : 'The network that has not seen the pictures held out becomes the model.'),
      data,
    };
  const interpolated =
    share === 1 ? '' : ` Their weights (${100 * share} %) are interpolated with those from before the stage.`;
  return {
    message:
      `The layers are trained again on all ${pictures} pictures, for ${describeEpochs(epochs)}, ` +
      `as the pictures held out have decided.${interpolated}`,
    data,
  };
}

function describeChoice(
  { epoch, share }: Interpolated,
  gain: Gain,
  judges = 'the pictures held out',
): string {
  if (!gain.isKept)
    return (
      `The weights from before the stage are kept: on ${judges}, no others, and no interpolation with them, gain more ` +
      `than the error of that gain and are right as often. ${describeGain(gain)}`
    );
  const kept = `The weights of epoch ${epoch} are kept`;
  const interpolated = `The weights of epoch ${epoch} (${100 * share} %) are interpolated with those from before the stage`;
  return `${share === 1 ? kept : interpolated}: the surest gain on ${judges}. ${describeGain(gain)}`;
}

/** The gain in a sentence. */
function describeGain({ loss, accuracy, isBalanced }: Gain): string {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const change = `${loss.mean < 0 ? 'rises' : 'falls'} by ${Math.abs(loss.mean).toFixed(3)} ± ${loss.error.toFixed(3)}`;
  const balanced = isBalanced ? ', every class counted alike' : '';
  return `At best the loss ${change}, and ${percent(accuracy.best)} are right instead of ${percent(accuracy.first)}${balanced}.`;
}

const gainData = ({ loss, accuracy }: Gain): StageEnd['data'] => ({
  loss_gain: loss.mean,
  loss_gain_error: loss.error,
  accuracy_before: accuracy.first,
  accuracy_after: accuracy.best,
});

const describeEpochs = (epochs: number): string => (epochs === 1 ? 'one epoch' : `${epochs} epochs`);
