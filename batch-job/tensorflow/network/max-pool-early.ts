// Max pooling before the bias and the activation that it follows in the description: the same result, with fewer values to
// compute and differentiate.

import type { Pair } from '../../../core/network/description/layer.ts';
import * as ops from '../program/ops.ts';
import type { Value } from '../program/program.ts';
import type { ProgramBuilder } from '../program/program-builder.ts';

/** Monotonic activations: the maximum of their values is their value of the maximum. */
const MONOTONIC = ['Relu', 'Relu6', 'Sigmoid', 'Tanh'] as const;

/**
 * The maximum over windows of `x`, `[batch, h, w, channels]`. Where `x` comes from a bias and a monotonic activation, these
 * are applied to the maxima instead. Other readers of `x` are not affected.
 */
export function maxPoolEarly(b: ProgramBuilder, x: Value, poolSize: Pair, window: ops.Window): Value {
  const source = b.ops.findLast((op) => op.outputs.includes(x));
  const [raw, bias] = source?.inputs ?? [];
  if (raw === undefined) return ops.maxPool(b, x, poolSize, window);
  const pooled = () => maxPoolEarly(b, raw, poolSize, window);
  if (source?.type === 'BiasAdd' && bias !== undefined) return ops.biasAdd(b, pooled(), bias);
  const activation = MONOTONIC.find((type) => type === source?.type);
  return activation === undefined ? ops.maxPool(b, x, poolSize, window) : ops.unary(b, activation, pooled());
}
