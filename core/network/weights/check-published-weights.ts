// Says whether the bytes of a weight file are those of an architecture: a mirror may give a broken file, or another network's under its name.

import type { Architecture, WeightSource } from '../description/network.ts';
import { fromKeras } from './from-keras.ts';
import { publishedNetwork } from './published-network.ts';

/**
 * Reads a published weight file, and compares the shapes of its weights with those of its architecture: of all layers where the file has
 * the classifier, else of the backbone.
 * @throws {FoveaError} `weights-unreadable`, also where the file is cut short; `weights-mismatch`.
 */
export async function checkPublishedWeights(
  architecture: Architecture,
  source: Pick<WeightSource, 'includesTop'>,
  bytes: Uint8Array,
): Promise<void> {
  await fromKeras(publishedNetwork(architecture, source), bytes);
}
