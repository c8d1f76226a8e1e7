// What all architectures share: the checks of size, channels and classes, and the start and end of building. Knows none of
// them.

import { FoveaError } from '../../errors/errors.ts';
import type { Architecture, BuildOptions, InputSize } from './network.ts';
import { createNetworkBuilder, type NetworkBuilder } from './network-builder.ts';

const CHANNEL_COUNTS: readonly number[] = [1, 3];

interface ArchitectureFacts extends Omit<Architecture, 'build'> {
  /** Writes the layers, the classifier last. */
  readonly write: (n: NetworkBuilder, options: BuildOptions) => void;
  /** Numbers of channels that the network takes. Default: 1 and 3; one number where layers hold a constant for each channel. */
  readonly channelCounts?: readonly number[];
}

function checkSide(name: string, side: 'height' | 'width', size: InputSize, minimum: number): void {
  const value = size[side];
  if (!Number.isInteger(value) || value < minimum) {
    throw new FoveaError(
      'input-too-small',
      `The input of ${name} cannot have a ${side} of ${value}: it must be a whole number of pixels, at least ${minimum}.`,
      { param: side, details: { received: value, minimum } },
    );
  }
}

/**
 * Makes an architecture from its facts and its layers.
 *
 * `build` throws a {@link FoveaError}: `input-too-small`, `channels-unsupported` or `classes-out-of-range`.
 */
export function defineArchitecture({ write, channelCounts, ...facts }: ArchitectureFacts): Architecture {
  const allowed = channelCounts ?? CHANNEL_COUNTS;
  const build = (options: BuildOptions) => {
    const { inputSize, classes } = options;
    checkSide(facts.name, 'height', inputSize, facts.minInputSize.height);
    checkSide(facts.name, 'width', inputSize, facts.minInputSize.width);
    if (!allowed.includes(inputSize.channels)) {
      throw new FoveaError(
        'channels-unsupported',
        `The input of ${facts.name} cannot have ${inputSize.channels} channels: it takes ${allowed.join(' or ')}.`,
        { param: 'channels', details: { received: inputSize.channels, allowed } },
      );
    }
    if (!Number.isInteger(classes) || classes < 1) {
      throw new FoveaError(
        'classes-out-of-range',
        `${facts.name} cannot tell ${classes} classes apart: the number of classes must be a whole number, at least 1.`,
        { param: 'classes', details: { received: classes, minimum: 1 } },
      );
    }
    const n = createNetworkBuilder(facts.name, inputSize);
    write(n, options);
    return n.build();
  };
  return { ...facts, build };
}
