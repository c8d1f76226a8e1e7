// The table of architectures: adding one is one file in architectures/ and one row here.

import { FoveaError } from '../errors.ts';
import { mnistCnn } from './architectures/mnist-cnn.ts';
import { mobilenetV2Full, mobilenetV2Narrow } from './architectures/mobilenet-v2.ts';
import { smallCnn } from './architectures/small-cnn.ts';
import { editDistance } from './edit-distance.ts';
import type { Architecture } from './network.ts';

/** All architectures, smallest first. */
export const ARCHITECTURES: readonly Architecture[] = [
  smallCnn,
  mnistCnn,
  mobilenetV2Narrow,
  mobilenetV2Full,
];

/**
 * The architecture of the given name.
 *
 * @throws {FoveaError} `architecture-unknown`, naming all architectures, the nearest name first.
 */
export function findArchitecture(name: string): Architecture {
  const found = ARCHITECTURES.find((architecture) => architecture.name === name);
  if (found !== undefined) return found;
  const known = ARCHITECTURES.map((architecture) => architecture.name).toSorted(
    (a, b) => editDistance(name, a) - editDistance(name, b),
  );
  throw new FoveaError(
    'architecture-unknown',
    `There is no architecture "${name}". There are, the most similar first: ${known.join(', ')}.`,
    { param: 'architecture', details: { received: name, allowed: known } },
  );
}
