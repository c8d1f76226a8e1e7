// The inputs and outputs of an op by their position, and the window of one that slides: of a convolution or a pooling.

import type { Pair } from '../../../core/network/description/layer.ts';
import { windowAttributes } from '../../../core/network/onnx/window-attributes.ts';
import { closedShape, type Op, type Value } from '../program/program.ts';
import { paddingAttribute, pairAttribute } from '../program/read-attributes.ts';

/** The names of N values. */
export type Names<N extends number, Rest extends readonly string[] = []> = Rest['length'] extends N
  ? Rest
  : Names<N, readonly [...Rest, string]>;

/**
 * Names of so many values.
 *
 * @throws {RangeError} Where there are more or fewer: a defect of the program.
 */
export function namesOf<N extends number>({ type }: Op, names: readonly string[], count: N): Names<N> {
  if (names.length !== count) throw new RangeError(`${type} has ${names.length} inputs here, not ${count}.`);
  return names as readonly string[] as Names<N>;
}

/** The input at a position, from 0. @throws {Error} Where the op has fewer. */
export function inputAt(op: Op, index: number): Value {
  const value = op.inputs[index];
  if (value === undefined) throw new Error(`${op.type} has no input ${index}.`);
  return value;
}

/** The output at a position, from 0. @throws {Error} Where the op has fewer. */
export function outputAt(op: Op, index: number): Value {
  const value = op.outputs[index];
  if (value === undefined) throw new Error(`${op.type} has no output ${index}.`);
  return value;
}

/** How a window slides over pictures. */
export interface SlidingWindow {
  readonly size: Pair;
  readonly strides: Pair;
  /** Zeros above and to the left. */
  readonly before: Pair;
  /** Zeros below and to the right; less than 0 where that many rows or columns are seen by no window. */
  readonly after: Pair;
  /** Number of positions along each axis. */
  readonly steps: Pair;
  /** Height of the pictures. */
  readonly height: number;
  /** Width of the pictures. */
  readonly width: number;
  /** The window's attributes in ONNX. */
  readonly attributes: {
    readonly kernel_shape: Pair;
    readonly strides: Pair;
    readonly pads: readonly number[];
  };
}

/** The window of a size that an op slides over pictures of the shape of `x`, `[n, h, w, c]`. */
export function slidingWindow(op: Op, x: Value, size: Pair): SlidingWindow {
  const [, height = 1, width = 1] = closedShape(x);
  const strides = pairAttribute(op, 'strides');
  const { pads } = windowAttributes([height, width, null], { size, strides, padding: paddingAttribute(op) });
  const [top = 0, left = 0, bottom = 0, right = 0] = pads as readonly number[];
  const along = (n: number, axis: 0 | 1, padding: number) =>
    Math.floor((n + padding - size[axis]) / strides[axis]) + 1;
  const steps: Pair = [along(height, 0, top + bottom), along(width, 1, left + right)];
  const reach = (axis: 0 | 1) => (steps[axis] - 1) * strides[axis] + size[axis];
  return {
    size,
    strides,
    before: [top, left],
    after: [reach(0) - height - top, reach(1) - width - left],
    steps,
    height,
    width,
    attributes: { kernel_shape: size, strides, pads: [top, left, bottom, right] },
  };
}

/** The shape of a filter, `[h, w, in, out]`; a depthwise one has one output a channel. */
export const filterShape = (filter: Value) =>
  closedShape(filter) as readonly [number, number, number, number];

/** Whether each channel is convolved by itself. */
export const isDepthwise = (op: Op): boolean => op.type.startsWith('Depthwise');

/** The window of a convolution, or of a gradient of one, and its groups. */
export function convolutionWindow(op: Op, x: Value, filter: Value) {
  const [height, width, channels] = filterShape(filter);
  return { window: slidingWindow(op, x, [height, width]), group: isDepthwise(op) ? channels : 1 };
}

/** The attributes of the transposed convolution that gives the size which the convolution read. */
export const transposedAttributes = ({ attributes, before, after }: SlidingWindow, group: number) => ({
  ...attributes,
  pads: [...before, ...after.map((n) => Math.max(n, 0))],
  output_padding: after.map((n) => Math.max(-n, 0)),
  group,
});
