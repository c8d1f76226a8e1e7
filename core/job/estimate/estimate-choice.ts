// Adds to an estimate what it takes to choose the base of a job that leaves it open. Knows no store.

import { toBackboneName } from '../../backbone/backbone.ts';
import { findArchitecture } from '../../network/architectures/architectures.ts';
import { planNetwork } from '../../network/plan/plan.ts';
import { AUTO_BASE, MAX_CHOICE_PICTURES, USUAL_BASE } from '../recipe/base-choice.ts';
import { type JobEstimate, type JobPictures, predictionSeconds, SECONDS_PER_HOUR } from './estimate-job.ts';

/** Seconds of cross-validating one base on its features: a guess for two cores, about right for some hundreds of pictures. */
const CROSS_VALIDATION_SECONDS = 5;
/** Any number will do: the layers below the head do not depend on it. */
const ANY_CLASSES = 2;

const planOf = (architecture: string) => {
  const { build, defaultInputSize: inputSize } = findArchitecture(architecture);
  return planNetwork(build({ inputSize, classes: ANY_CLASSES }));
};

/**
 * The base by which a job is estimated and checked before the trainer has chosen one: of those at hand, the one that computes most.
 * @param architecture What the job names.
 * @param atHand Names of bases, for a job with `auto`.
 */
export function likelyBase(architecture: string, atHand: readonly string[]): string {
  if (architecture !== AUTO_BASE) return architecture;
  const known = atHand.filter((name) => toBackboneName(name) === undefined);
  const flops = known.map((name) => planOf(name).flops);
  return known[flops.indexOf(Math.max(...flops))] ?? USUAL_BASE;
}

/**
 * Adds the comparison of the bases. Where there is nothing to compare, the estimate stays as it is.
 * @param atHand Names of the bases that are compared.
 */
export function withChoice(
  estimate: JobEstimate,
  atHand: readonly string[],
  { train }: Pick<JobPictures, 'train'>,
): JobEstimate {
  if (atHand.length < 2) return estimate;
  const { machine } = estimate;
  const known = atHand.filter((name) => toBackboneName(name) === undefined);
  const pictures = Math.min(train, MAX_CHOICE_PICTURES);
  const seconds = known.reduce(
    (sum, name) => sum + pictures * predictionSeconds(planOf(name), machine),
    atHand.length * CROSS_VALIDATION_SECONDS,
  );
  const total = estimate.seconds + seconds;
  const [start, ...others] = estimate.parts;
  const choice = { name: 'choice of the base', epochs: null, seconds };
  const imported = atHand.length - known.length;
  return {
    ...estimate,
    seconds: total,
    usd: (total / SECONDS_PER_HOUR) * machine.usdPerHour,
    parts: [...(start === undefined ? [] : [start]), choice, ...others],
    basis: [
      ...estimate.basis,
      `${atHand.length} bases are compared on ${pictures} pictures; what follows is for the largest of them.`,
      ...(imported === 0
        ? []
        : [`The features of ${imported} imported ones are not counted: their arithmetic is not known.`]),
    ],
  };
}
