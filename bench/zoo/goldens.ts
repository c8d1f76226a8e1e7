// Finds the reference outputs of Keras for an architecture, and the network they were made with.

import { existsSync } from 'node:fs';
import type { Architecture, Network } from '../../core/network/description/network.ts';
import { cutAfter } from '../../core/network/surgery/split-at.ts';
import { type Golden, goldenPath, readGolden } from '../../tests/support/keras-golden.ts';

/** The last layer of goldens that are cut-off networks. */
const CUTS: Readonly<Record<string, string>> = { three_conv_cnn: 'conv3' };

/**
 * The name of an architecture's golden; undefined where there is none. Goldens are named after Keras's functions:
 * `mobilenet_v2_0.35` is `mobilenetv2_0.35`.
 */
export const goldenNameOf = (architecture: string): string | undefined =>
  [architecture, architecture.replaceAll(/_(?=v\d|b\d|tiny|small)/g, '')].find((name) =>
    existsSync(goldenPath(name)),
  );

/** The golden of an architecture, or undefined where there is none. */
export function goldenOf(architecture: string): Golden | undefined {
  const name = goldenNameOf(architecture);
  return name === undefined ? undefined : readGolden(goldenPath(name));
}

/** The network of a golden: its input size, 10 classes, and cut off where the golden is. */
export function networkOf({ name, build }: Architecture, golden: Golden): Network {
  const [, height, width, channels] = golden.inputShape;
  const network = build({ inputSize: { height, width, channels }, classes: 10 });
  const cut = CUTS[name];
  return cut === undefined ? network : cutAfter(network, cut);
}
