// Taking weights out of a set, with an error that says which one is not there.

import { FoveaError } from '../../errors/errors.ts';
import type { Network, NetworkWeights } from '../description/network.ts';
import { weightSpecs } from '../description/weight-specs.ts';

/** Problems named in one message; the details have them all. */
const MAX_NAMED = 10;

/** One weight. @throws {FoveaError} `weights-mismatch` where the set does not have it. */
export function readWeight(weights: NetworkWeights, key: string): Float32Array {
  const values = weights.get(key);
  if (values === undefined) throw weightsMismatch('the network', [`"${key}" is missing`]);
  return values;
}

/** All that is wrong with a set of weights, in one error. */
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
 * Checks that every weight of a network is there, with the right number of values. Further weights do not matter.
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
