// The network whose weights a published file has.

import type { Architecture, Network, WeightSource } from '../description/network.ts';
import { cutAfter } from '../surgery/split-at.ts';

/** All published classifiers are of ImageNet's classes. */
const PUBLISHED_CLASSES = 1000;

/** The whole classifier where the file has its top, else the backbone. */
export function publishedNetwork(
  { build, defaultInputSize: inputSize, featureLayer }: Architecture,
  { includesTop }: Pick<WeightSource, 'includesTop'>,
): Network {
  const network = build({ inputSize, classes: PUBLISHED_CLASSES });
  return includesTop ? network : cutAfter(network, featureLayer);
}
