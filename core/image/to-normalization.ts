// Checks numbers that people give as a preprocessing. Knows neither commands nor requests.

import { FoveaError } from '../errors/errors.ts';
import type { Normalization, Preprocessing } from './model-input.ts';
import { stepsOf } from './preprocess-pixels.ts';

/** Numbers as they are given: one for all colors, or one for each of red, green and blue. */
export interface GivenNormalization {
  readonly mean?: readonly number[] | undefined;
  readonly std?: readonly number[] | undefined;
}

const COLORS = 3;

/**
 * The preprocessing that means and deviations of pixel values from 0 to 1 say; undefined where neither is given.
 * @throws {FoveaError} `preprocessing-invalid` for one without the other, another count, and numbers of values from 0 to 255.
 */
export function toNormalization({ mean, std }: GivenNormalization): Normalization | undefined {
  if (mean === undefined && std === undefined) return undefined;
  if (mean === undefined || std === undefined)
    throw invalid(mean === undefined ? 'std' : 'mean', 'was given alone; mean and std go together.');
  check('mean', mean, (value) => value >= 0 && value <= 1, 'from 0 to 1');
  check('std', std, (value) => value > 0 && value <= 1, 'above 0 and up to 1');
  return { mean: [...mean], std: [...std], order: 'rgb' };
}

/** The largest value of a pixel. */
const PIXEL_MAX = 255;

/** The same arithmetic on the colors in another order of the input. */
export function inColorOrder(preprocessing: Preprocessing, order: Normalization['order']): Preprocessing {
  const { divisor, mean, deviation, order: channels } = stepsOf(preprocessing);
  if ((channels[0] === 0 ? 'rgb' : 'bgr') === order) return preprocessing;
  const numbers = (values: readonly number[]) =>
    values.toReversed().map((value) => (value * divisor) / PIXEL_MAX);
  return { mean: numbers(mean), std: numbers(deviation), order };
}

function check(
  name: 'mean' | 'std',
  values: readonly number[],
  isAllowed: (value: number) => boolean,
  allowed: string,
): void {
  const shown = values.join(',');
  if (values.length !== 1 && values.length !== COLORS)
    throw invalid(
      name,
      `${shown} has ${values.length} numbers; one for all colors or ${COLORS} are allowed.`,
    );
  if (values.every(isAllowed)) return;
  const hint = values.some((value) => value > 1) ? ' Divide those of values from 0 to 255 by 255.' : '';
  throw invalid(
    name,
    `${shown} must be numbers ${allowed}, since they are of pixel values from 0 to 1.${hint}`,
  );
}

const invalid = (name: 'mean' | 'std', problem: string) =>
  new FoveaError('preprocessing-invalid', `The ${name} ${problem}`, { param: name });
