// The table of architectures: adding one is one file in architectures/ and one row here.

import { editDistance } from '../../edit-distance.ts';
import { FoveaError } from '../../errors/errors.ts';
import type { Architecture } from '../description/network.ts';
import { alexnet } from './alexnet.ts';
import { convnextTiny } from './convnext-tiny.ts';
import { densenet121 } from './densenet121.ts';
import { efficientnetB0 } from './efficientnet-b0.ts';
import { efficientnetV2B0 } from './efficientnet-v2-b0.ts';
import { googlenet } from './googlenet.ts';
import { inceptionV3 } from './inception-v3.ts';
import { lenet5 } from './lenet5.ts';
import { mnistCnn } from './mnist-cnn.ts';
import { mnistCnnWide } from './mnist-cnn-wide.ts';
import { mobilenet } from './mobilenet.ts';
import { mobilenetV2Full, mobilenetV2Narrow } from './mobilenet-v2.ts';
import { mobilenetV3Small } from './mobilenet-v3-small.ts';
import { resnet50, seResnet50 } from './resnet50.ts';
import { resnet50V2 } from './resnet50-v2.ts';
import { smallCnn } from './small-cnn.ts';
import { threeConvCnn } from './three-conv-cnn.ts';
import { vgg16 } from './vgg16.ts';
import { xception } from './xception.ts';

/** All architectures, roughly from the smallest to the largest. */
export const ARCHITECTURES: readonly Architecture[] = [
  lenet5,
  smallCnn,
  threeConvCnn,
  mnistCnn,
  mnistCnnWide,
  mobilenetV2Narrow,
  mobilenetV3Small,
  mobilenetV2Full,
  mobilenet,
  efficientnetB0,
  efficientnetV2B0,
  googlenet,
  densenet121,
  xception,
  inceptionV3,
  resnet50,
  resnet50V2,
  seResnet50,
  convnextTiny,
  alexnet,
  vgg16,
];

/** The prefix of imported backbones in the model names of jobs, where architectures have none. */
export const IMPORTED_PREFIX = 'onnx:';

/**
 * Finds an architecture by its name.
 *
 * @throws {FoveaError} `architecture-unknown`, naming all architectures, the most similar name first.
 */
export function findArchitecture(name: string): Architecture {
  const found = ARCHITECTURES.find((architecture) => architecture.name === name);
  if (found !== undefined) return found;
  if (name.startsWith(IMPORTED_PREFIX)) {
    throw new FoveaError(
      'architecture-unknown',
      `"${name}" is an imported backbone, whose layers are not known. A job can train a classifier on it, but it cannot be ` +
        'planned, and it cannot be served without training. Name an architecture.',
      { param: 'architecture', details: { received: name } },
    );
  }
  const known = ARCHITECTURES.map((architecture) => architecture.name).toSorted(
    (a, b) => editDistance(name, a) - editDistance(name, b),
  );
  throw new FoveaError(
    'architecture-unknown',
    `There is no architecture "${name}". There are, the most similar first: ${known.join(', ')}.`,
    { param: 'architecture', details: { received: name, allowed: known } },
  );
}
