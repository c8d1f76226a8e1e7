// Dynamic loss scaling, by which small gradients survive in float16 (Micikevicius et al. 2018, "Mixed precision training").
// The loss is multiplied by a scale before the backward pass, and gradients are divided by it after. Where one of them is not
// finite, the step changes nothing but the scale, which is halved; after many steps without that it is doubled.

import * as ops from '../program/ops.ts';
import { attr, type Value, type VariableSpec } from '../program/program.ts';
import type { ProgramBuilder } from '../program/program-builder.ts';
import type { TrainerOptions } from './engine.ts';

/** The scale, a power of two, by which no gradient is rounded. Names of weights have a slash. */
const SCALE: VariableSpec = { name: 'loss_scale', shape: [] };
/** Steps since the scale has last changed. */
const STEPS: VariableSpec = { name: 'loss_scale_steps', shape: [] };

/** The variables of loss scaling with their first values. */
export const LOSS_SCALE_VARIABLES: ReadonlyMap<VariableSpec, number> = new Map([
  [SCALE, 2 ** 15],
  [STEPS, 0],
]);

/** The first value of a variable of loss scaling, by its name; undefined for all other variables. */
export const firstLossScale = (name: string): number | undefined =>
  [...LOSS_SCALE_VARIABLES].find(([spec]) => spec.name === name)?.[1];

/** The scale is doubled after so many steps, as in PyTorch and Keras. */
export const GROWTH_STEPS = 2000;
/** Without scaling, no gradient is lost that a smaller scale would save. */
const MIN_SCALE = 1;
const MAX_SCALE = 2 ** 24;

/** Whether steps are scaled: bfloat16 has the range of float32, and loses no small gradients. */
export const scalesLoss = ({ precision }: Pick<TrainerOptions, 'precision'>): boolean =>
  precision === 'float16';

/** Outputs of a program that tell what has become of the step. */
export const LOSS_SCALE_OUTPUTS = {
  /** 1 where the step has changed the weights, 0 where it was skipped. */
  isUpdated: 'is_updated',
  /** The scale that the step had. */
  scale: 'loss_scale',
} as const;

/** Whether a step that had this scale was skipped although a smaller scale cannot help. */
export const isSkippedInVain = (isUpdated: boolean, scale: number): boolean =>
  !isUpdated && scale <= MIN_SCALE;

/** The gradient of the scaled loss. */
export const scaleGradient = (b: ProgramBuilder, gradient: Value): Value =>
  ops.binary(b, 'Mul', gradient, b.read(SCALE));

/** The gradients of the loss of those of the scaled loss. */
export function unscaleGradients(b: ProgramBuilder, scaled: readonly Value[]): readonly Value[] {
  const inverse = ops.binary(b, 'RealDiv', b.scalar(1), b.read(SCALE));
  return scaled.map((gradient) => ops.binary(b, 'Mul', gradient, inverse));
}

/** Whether all values of all gradients are finite, bool `[]`. */
export function areFinite(b: ProgramBuilder, gradients: readonly Value[]): Value {
  const [first = b.scalar(0), ...rest] = gradients.map((gradient) => ops.halfSumOfSquares(b, gradient));
  return ops.isFiniteAt(b, ops.addN(b, [first, ...rest]));
}

/** A program whose assignments can be undone. */
export interface Undoable {
  /** Records the assignments, beside all that the given builder does. */
  readonly b: ProgramBuilder;
  /** Appends ops that give every variable that was assigned its former value back, unless the condition, a bool `[]`, holds. */
  undoUnless(condition: Value): void;
}

/**
 * Begins to record assignments. A program has no branches, so a step is always computed, and then possibly undone. TensorFlow
 * copies a variable that is assigned while its former value is still needed.
 */
export function recordAssignments(b: ProgramBuilder): Undoable {
  const former = new Map<string, { readonly variable: VariableSpec; readonly value: Value }>();
  return {
    b: {
      ...b,
      assign(type, variables, inputs, attributes) {
        for (const variable of variables) {
          if (!former.has(variable.name)) former.set(variable.name, { variable, value: b.read(variable) });
        }
        b.assign(type, variables, inputs, attributes);
      },
    },
    undoUnless(condition) {
      for (const { variable, value } of former.values())
        assign(b, variable, ops.select(b, condition, b.read(variable), value));
    },
  };
}

/** Appends the change of the scale after a step, and the outputs {@link LOSS_SCALE_OUTPUTS}. @param finite Bool `[]`. */
export function appendLossScale(b: ProgramBuilder, finite: Value): void {
  const scale = b.read(SCALE);
  const [zero, one] = [b.scalar(0), b.scalar(1)];
  const steps = ops.select(b, finite, ops.binary(b, 'AddV2', b.read(STEPS), one), zero);
  const grows = ops.isAtLeast(b, steps, b.scalar(GROWTH_STEPS));
  const doubled = ops.binary(b, 'Minimum', ops.binary(b, 'Mul', scale, b.scalar(2)), b.scalar(MAX_SCALE));
  const halved = ops.binary(b, 'Maximum', ops.binary(b, 'Mul', scale, b.scalar(0.5)), b.scalar(MIN_SCALE));
  b.output(LOSS_SCALE_OUTPUTS.isUpdated, ops.select(b, finite, one, zero));
  b.output(LOSS_SCALE_OUTPUTS.scale, scale);
  assign(b, SCALE, ops.select(b, finite, ops.select(b, grows, doubled, scale), halved));
  assign(b, STEPS, ops.select(b, grows, zero, steps));
}

const assign = (b: ProgramBuilder, variable: VariableSpec, value: Value): void =>
  b.assign('AssignVariableOp', [variable], [value], { dtype: attr.type('float32') });
