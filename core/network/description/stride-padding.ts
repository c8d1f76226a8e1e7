// The explicit padding before a stride-2 convolution that Keras Applications use instead of `same`.

import type { Pair } from './layer.ts';
import type { Shape } from './shapes.ts';

/**
 * The padding `[[top, bottom], [left, right]]` that keeps a valid, stride-2 window of odd size centered as in the
 * original training (`correct_pad` of Keras Applications). On an even size it is one less before than after.
 */
export function stridePadding([height, width]: Shape, kernelSize: number): readonly [Pair, Pair] {
  const half = Math.floor(kernelSize / 2);
  const along = (size: number | null | undefined): Pair => [half - ((size ?? 1) % 2 === 0 ? 1 : 0), half];
  return [along(height), along(width)];
}
