// The input `images` of every program: preprocessed values, or pixels that the device preprocesses; in training the device
// also cuts augmented views out of them and mixes them.

import { FoveaError } from '../../../core/errors/errors.ts';
import type { Network } from '../../../core/network/description/network.ts';
import { preprocessInGraph } from '../network/preprocess-in-graph.ts';
import { mixInGraph, renderInGraph } from '../network/render-in-graph.ts';
import type { Value } from '../program/program.ts';
import type { ProgramBuilder } from '../program/program-builder.ts';
import type { TrainerOptions } from './engine.ts';

/**
 * The shape of the pictures that a network takes, `[height, width, channels]`.
 *
 * @throws {FoveaError} `network-not-classifier` where it takes images of any size.
 */
export function imageShapeOf(network: Network): readonly [number, number, number] {
  const [input] = network.layers;
  const [height = null, width = null, channels] = input?.type === 'input' ? input.shape : [];
  if (height !== null && width !== null && channels !== undefined) return [height, width, channels];
  throw new FoveaError(
    'network-not-classifier',
    `The network "${network.name}" cannot be run: its first layer is no input of a fixed size. Build it with one.`,
  );
}

/** Appends the input and gives the images, float32 `[batch, height, width, channels]`, preprocessed. */
export function appendImages(
  b: ProgramBuilder,
  batch: number | null,
  { network, preprocessing }: Pick<TrainerOptions, 'network' | 'preprocessing'>,
): Value {
  const shape = [batch, ...imageShapeOf(network)];
  return preprocessing === undefined
    ? b.input('images', shape)
    : preprocessInGraph(b, b.input('images', shape, 'uint8'), preprocessing);
}

/** {@link appendImages} with augmented views cut out of the pictures and mixed before, where the options say so. */
export function appendViews(
  b: ProgramBuilder,
  batch: number | null,
  options: Pick<TrainerOptions, 'network' | 'preprocessing' | 'viewsFrom' | 'mixes'>,
): Value {
  const { network, preprocessing, viewsFrom, mixes = false } = options;
  if (preprocessing === undefined || (viewsFrom === undefined && !mixes))
    return appendImages(b, batch, options);
  const [height, width, channels] = imageShapeOf(network);
  const from = viewsFrom ?? { height, width };
  const pixels = b.input('images', [batch, from.height, from.width, channels], 'uint8');
  const views = viewsFrom === undefined ? pixels : renderInGraph(b, pixels, { height, width });
  const values = preprocessInGraph(b, views, preprocessing);
  return mixes ? mixInGraph(b, values) : values;
}
