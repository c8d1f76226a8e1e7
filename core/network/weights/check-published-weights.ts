// Says whether the bytes of a weight file are those of an architecture: a mirror may give a broken file, or another network's under its name.

import type { Architecture, WeightSource } from '../description/network.ts';
import { splitAt } from '../surgery/split-at.ts';
import { fromKeras } from './from-keras.ts';

/** All published classifiers are of ImageNet's classes. */
const PUBLISHED_CLASSES = 1000;
/** A backbone has none, so any number will do. */
const ANY_CLASSES = 2;

/**
 * Reads a published weight file, and compares the shapes of its weights with those of its architecture: of all layers where the file has
 * the classifier, else of the backbone.
 * @throws {FoveaError} `weights-unreadable`, also where the file is cut short; `weights-mismatch`.
 */
export async function checkPublishedWeights(
  { build, defaultInputSize: inputSize, featureLayer }: Architecture,
  { includesTop }: Pick<WeightSource, 'includesTop'>,
  bytes: Uint8Array,
): Promise<void> {
  const network = includesTop
    ? build({ inputSize, classes: PUBLISHED_CLASSES })
    : splitAt(build({ inputSize, classes: ANY_CLASSES }), featureLayer).backbone;
  await fromKeras(network, bytes);
}
