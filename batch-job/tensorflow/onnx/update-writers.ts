// Assignments and optimizer updates in ONNX: a variable's next value is an output of the graph. The rules are those of
// TensorFlow's ops of the same names.

import { present } from '../../../core/present.ts';
import type { Op } from '../program/program.ts';
import { flagAttribute } from '../program/read-attributes.ts';
import { variableLayout } from './layouts.ts';
import { inputAt, type Names, namesOf, outputAt } from './operands.ts';
import type { StepWriter, WriteOp } from './step-writer.ts';

/** Arithmetic in a step. */
interface Arithmetic {
  readonly add: (x: string, y: string) => string;
  readonly subtract: (x: string, y: string) => string;
  readonly times: (x: string, y: string) => string;
  readonly over: (x: string, y: string) => string;
  readonly root: (x: string) => string;
  readonly one: string;
}

const arithmetic = (step: StepWriter): Arithmetic => ({
  add: (x, y) => step.node('Add', [x, y]),
  subtract: (x, y) => step.node('Sub', [x, y]),
  times: (x, y) => step.node('Mul', [x, y]),
  over: (x, y) => step.node('Div', [x, y]),
  root: (x) => step.node('Sqrt', [x]),
  one: step.graph.scalar(1),
});

/** The writer of an op that takes so many variables and so many inputs, and gives the variables' next values. */
const update =
  <Variables extends number, Inputs extends number>(
    variableCount: Variables,
    inputCount: Inputs,
    rule: (a: Arithmetic, variables: Names<Variables>, inputs: Names<Inputs>, op: Op) => readonly string[],
  ): WriteOp =>
  (step, op) => {
    const handles = op.inputs.slice(0, variableCount);
    const rank = inputAt(op, 0).shape.length;
    const inputs = op.inputs
      .slice(variableCount)
      .map((value) => step.operand(value, rank, variableLayout(rank)));
    const next = rule(
      arithmetic(step),
      namesOf(op, handles.map(step.variable), variableCount),
      namesOf(op, inputs, inputCount),
      op,
    );
    handles.forEach((handle, index) => {
      step.assign(handle, present(next[index], `a next value of the variable ${index} of ${op.type}`));
    });
  };

/** A moving average: old + (x - old) * (1 - rate). */
const moveTowards = (a: Arithmetic, old: string, x: string, rate: string): string =>
  a.add(old, a.times(a.subtract(x, old), a.subtract(a.one, rate)));

/** The writers of the ops that read, assign or update variables, by TensorFlow's op name. */
export const UPDATE_WRITERS: Readonly<Record<string, WriteOp>> = {
  ReadVariableOp(step, op) {
    const handle = inputAt(op, 0);
    step.write(outputAt(op, 0), step.variable(handle), variableLayout(handle.shape.length));
  },
  AssignVariableOp: update(1, 1, (_, __, [x]) => [x]),
  AssignAddVariableOp: update(1, 1, (a, [value], [x]) => [a.add(value, x)]),
  AssignSubVariableOp: update(1, 1, (a, [value], [x]) => [a.subtract(value, x)]),
  ResourceApplyGradientDescent: update(1, 2, (a, [value], [rate, gradient]) => [
    a.subtract(value, a.times(rate, gradient)),
  ]),
  ResourceApplyKerasMomentum: update(2, 3, (a, [value, velocity], [rate, gradient, momentum], op) => {
    const change = a.times(rate, gradient);
    const next = a.subtract(a.times(momentum, velocity), change);
    const ahead = flagAttribute(op, 'use_nesterov') ? a.subtract(a.times(momentum, next), change) : next;
    return [a.add(value, ahead), next];
  }),
  ResourceApplyAdam: update(
    3,
    7,
    (a, [value, m, v], [beta1Power, beta2Power, rate, beta1, beta2, epsilon, gradient]) => {
      const correction = a.over(a.root(a.subtract(a.one, beta2Power)), a.subtract(a.one, beta1Power));
      const mean = moveTowards(a, m, gradient, beta1);
      const square = moveTowards(a, v, a.times(gradient, gradient), beta2);
      const step = a.over(a.times(mean, a.times(rate, correction)), a.add(a.root(square), epsilon));
      return [a.subtract(value, step), mean, square];
    },
  ),
  ResourceApplyRMSProp: update(
    3,
    5,
    (a, [value, square, velocity], [rate, rho, momentum, epsilon, gradient]) => {
      const mean = moveTowards(a, square, a.times(gradient, gradient), rho);
      const change = a.over(a.times(rate, gradient), a.root(a.add(mean, epsilon)));
      const next = a.add(a.times(momentum, velocity), change);
      return [a.subtract(value, next), mean, next];
    },
  ),
};
