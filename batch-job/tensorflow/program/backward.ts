// Reverse-mode differentiation of a program's ops. The derivative of each op is in gradient-rules.ts.

import { GRADIENT_RULES } from './gradient-rules.ts';
import { addN } from './ops.ts';
import type { Op, Value, VariableSpec } from './program.ts';
import type { ProgramBuilder } from './program-builder.ts';

/** Ops that make a value from a variable alone. */
function variablesBehind(
  b: ProgramBuilder,
  ops: readonly Op[],
  wanted: ReadonlySet<string>,
): ReadonlySet<Value> {
  const dependent = new Set<Value>();
  for (const op of ops) {
    const source = op.outputs[0] && b.variableOf(op.outputs[0]);
    const depends = source ? wanted.has(source.name) : op.inputs.some((input) => dependent.has(input));
    if (depends) for (const output of op.outputs) dependent.add(output);
  }
  return dependent;
}

/**
 * Appends the ops of the backward pass.
 *
 * @param y Where differentiation starts, e.g. the logits.
 * @param dy Gradient of the loss by `y`, of its shape.
 * @param variables By which to differentiate; values that depend on none of them cost nothing.
 * @returns The gradient for each variable's name, of the variable's shape; variables on which `y` does not depend are
 * missing.
 * @throws {Error} For an op that has no gradient rule.
 */
export function appendBackward(
  b: ProgramBuilder,
  y: Value,
  dy: Value,
  variables: readonly VariableSpec[],
): ReadonlyMap<string, Value> {
  const forward = [...b.ops];
  const dependent = variablesBehind(b, forward, new Set(variables.map(({ name }) => name)));
  const pending = new Map<Value, [Value, ...Value[]]>([[y, [dy]]]);
  const gradients = new Map<string, Value>();
  for (const op of forward.toReversed()) {
    const [output] = op.outputs;
    const terms = output && pending.get(output);
    if (!output || !terms || !dependent.has(output)) continue;
    pending.delete(output);
    const gradient = addN(b, terms);
    const variable = b.variableOf(output);
    if (variable !== undefined) {
      gradients.set(variable.name, gradient);
      continue;
    }
    const rule = GRADIENT_RULES[op.type];
    if (rule === undefined) throw new Error(`There is no gradient rule for the op ${op.type}.`);
    const needs = (input: number) => op.inputs[input] !== undefined && dependent.has(op.inputs[input]);
    rule({ b, op, dy: gradient, needs }).forEach((term, index) => {
      const input = op.inputs[index];
      if (term === undefined || input === undefined || !dependent.has(input)) return;
      const known = pending.get(input);
      if (known === undefined) pending.set(input, [term]);
      else known.push(term);
    });
  }
  return gradients;
}
