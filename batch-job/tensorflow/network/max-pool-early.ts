// Max pooling before the bias and the activation that it follows in the description: the same values, and fewer of them to
// add to, activate and differentiate.

import type { Pair } from '../../../core/network/description/layer.ts';
import * as ops from '../program/ops.ts';
import type { Value } from '../program/program.ts';
import type { ProgramBuilder } from '../program/program-builder.ts';

/** Ops that never turn a larger value into a smaller one. */
const MONOTONIC = ['Relu', 'Relu6', 'Sigmoid', 'Tanh'] as const;

/**
 * The maximum over windows of `x`, `[batch, h, w, channels]`. An op that keeps the order of values, channel by channel, may
 * come after it; what else reads `x` still has it.
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
