// Reads weights out of a set, with an error that names those that are missing.

import { FoveaError } from '../../errors/errors.ts';
import type { Network, NetworkWeights } from '../description/network.ts';
import { weightSpecs } from '../description/weight-specs.ts';

/** Problems named in one message; the details have them all. */
const MAX_NAMED = 10;

/**
 * Finds a weight by its key.
 * @throws {FoveaError} `weights-mismatch` where the set does not have it.
 */
export function readWeight(weights: NetworkWeights, key: string): Float32Array {
  const values = weights.get(key);
  if (values === undefined) throw weightsMismatch('the network', [`"${key}" is missing`]);
  return values;
}

/** The error for weights that do not fit, with all problems in one message. */
export function weightsMismatch(network: string, problems: readonly string[], advice = ''): FoveaError {
  const named = problems.slice(0, MAX_NAMED).join('; ');
  const more = problems.length > MAX_NAMED ? `; and ${problems.length - MAX_NAMED} more` : '';
  return new FoveaError(
    'weights-mismatch',
    `The weights do not fit ${network}: ${named}${more}.${advice === '' ? '' : ` ${advice}`}`,
    { details: { problems } },
  );
}

/**
 * Checks that every weight of a network is present, with the right number of values. Other weights are ignored.
 *
 * @throws {FoveaError} `weights-mismatch`, naming every weight that is missing or of another size.
 */
export function checkWeights(network: Network, weights: NetworkWeights): void {
  const problems = weightSpecs(network).flatMap(({ key, shape, size }) => {
    const values = weights.get(key);
    if (values === undefined) return [`"${key}" [${shape.join(', ')}] is missing`];
    return values.length === size
      ? []
      : [`"${key}" has ${values.length} values, and [${shape.join(', ')}] needs ${size}`];
  });
  if (problems.length > 0) throw weightsMismatch(`network "${network.name}"`, problems);
}
