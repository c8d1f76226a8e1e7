// The attributes of a sliding window in ONNX: sizes, strides and TensorFlow's padding.

import type { Padding, Pair } from '../description/layer.ts';
import { type Shape, samePadding } from '../description/shapes.ts';
import type { AttributeValue } from './onnx-schema.ts';

interface Window {
  readonly size: Pair;
  readonly strides: Pair;
  readonly padding: Padding;
  /** Zeros that a layer before the window adds. */
  readonly explicit?: readonly [Pair, Pair] | undefined;
}

/**
 * Whether a window needs no padding at any size of the map. For a window of one pixel `same` and `valid` are equal.
 */
export const isUnpadded = (size: Pair, padding: Padding): boolean =>
  padding === 'valid' || (size[0] === 1 && size[1] === 1);

/** Strides, kernel size and pads of a window over a map `[height, width, channels]`. */
export function windowAttributes(input: Shape, window: Window): Readonly<Record<string, AttributeValue>> {
  const { size, strides, padding, explicit } = window;
  const attributes = { kernel_shape: size, strides };
  if (isUnpadded(size, padding)) {
    const [[top, bottom], [left, right]] = explicit ?? [
      [0, 0],
      [0, 0],
    ];
    return { ...attributes, pads: [top, left, bottom, right] };
  }
  const [height = null, width = null] = input;
  // Written out where the size is known, because ONNX has deprecated auto_pad; open sizes leave no other way.
  if (height === null || width === null) return { ...attributes, auto_pad: 'SAME_UPPER' };
  const [top, bottom] = samePadding(height, size[0], strides[0]);
  const [left, right] = samePadding(width, size[1], strides[1]);
  return { ...attributes, pads: [top, left, bottom, right] };
}
