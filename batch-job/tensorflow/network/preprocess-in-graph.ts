// Pixels to a network's input as ops of a program: core/image/preprocess-pixels.ts on the device, step for step.

import type { Preprocessing } from '../../../core/image/model-input.ts';
import { stepsOf } from '../../../core/image/preprocess-pixels.ts';
import * as ops from '../program/ops.ts';
import type { Value } from '../program/program.ts';
import type { ProgramBuilder } from '../program/program-builder.ts';

/**
 * Appends preprocessing, and gives float32 values of the same shape.
 *
 * @param pixels uint8 `[batch, height, width, channels]`; RGB where there are three channels.
 */
export function preprocessInGraph(b: ProgramBuilder, pixels: Value, preprocessing: Preprocessing): Value {
  const { divisor, mean, deviation, order } = stepsOf(preprocessing);
  const values = ops.cast(b, pixels, 'float32');
  const isInOrder = order.every((channel, i) => channel === i);
  const ordered = isInOrder
    ? values
    : ops.concatenate(
        b,
        order.map((channel) => ops.sliceChannels(b, values, channel, 1)),
      );
  const step = (type: 'RealDiv' | 'Sub', x: Value, by: readonly number[], nothing: number): Value =>
    by.every((number) => number === nothing)
      ? x
      : ops.binary(b, type, x, b.constant(by, by.length === 1 ? [] : [by.length]));
  return step('RealDiv', step('Sub', step('RealDiv', ordered, [divisor], 1), mean, 0), deviation, 1);
}
