// The options by which commands are told how pixels become the input of a network: a usual name, or numbers.

import { FoveaError } from '../../core/errors/errors.ts';
import type { Preprocessing } from '../../core/image/model-input.ts';
import { type GivenNormalization, toNormalization } from '../../core/image/to-normalization.ts';

/** The options as they are given. */
export interface PreprocessingOptions extends GivenNormalization {
  readonly preprocessing?: Extract<Preprocessing, string>;
}

/**
 * The preprocessing that the options say; undefined where they say none.
 * @throws {FoveaError} `preprocessing-invalid` for a name and numbers together, and as `toNormalization`.
 */
export function toPreprocessing({
  preprocessing,
  ...numbers
}: PreprocessingOptions): Preprocessing | undefined {
  const normalization = toNormalization(numbers);
  if (normalization === undefined || preprocessing === undefined) return normalization ?? preprocessing;
  throw new FoveaError(
    'preprocessing-invalid',
    `--preprocessing ${preprocessing} was given together with --mean and --std. Give one of them.`,
    { param: 'preprocessing' },
  );
}
