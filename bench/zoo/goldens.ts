// Which reference outputs of Keras belong to which architecture, and the network they were made with.

import { existsSync } from 'node:fs';
import type { Architecture, Network } from '../../core/network/description/network.ts';
import { cutAfter } from '../../core/network/surgery/split-at.ts';
import { type Golden, goldenPath, readGolden } from '../../tests/support/keras-golden.ts';

/** Goldens that are a network without what comes after this layer. */
const CUTS: Readonly<Record<string, string>> = { three_conv_cnn: 'conv3' };

/** Goldens are named after Keras's functions: `mobilenet_v2_0.35` is `mobilenetv2_0.35`. */
export const goldenNameOf = (architecture: string): string | undefined =>
  [architecture, architecture.replaceAll(/_(?=v\d|b\d|tiny|small)/g, '')].find((name) =>
    existsSync(goldenPath(name)),
  );

/** The golden of an architecture, or undefined where there is none. */
export function goldenOf(architecture: string): Golden | undefined {
  const name = goldenNameOf(architecture);
  return name === undefined ? undefined : readGolden(goldenPath(name));
}

/** The network that a golden is of. */
export function networkOf({ name, build }: Architecture, golden: Golden): Network {
  const [, height, width, channels] = golden.inputShape;
  const network = build({ inputSize: { height, width, channels }, classes: 10 });
  const cut = CUTS[name];
  return cut === undefined ? network : cutAfter(network, cut);
}
