// Assignments and optimizer updates of the portable back end: one loop over the heap, in place. The rules are those of
// TensorFlow's ops of the same names.

import type { Attributes } from '../program/program.ts';

/** Updates variables in place. Variables and inputs are in the op's order. */
export type UpdateOp = (
  variables: readonly Float32Array[],
  inputs: readonly Float32Array[],
  attributes: Attributes,
) => void;

type Views = readonly Float32Array[];

function at(views: Views, index: number): Float32Array {
  const view = views[index];
  if (view === undefined) throw new Error(`The update has no operand ${index}.`);
  return view;
}

const scalarAt = (views: Views, index: number): number => at(views, index)[0] ?? 0;

/** The update ops by TensorFlow's name, each with the number of variables it takes. */
export const UPDATE_OPS: Readonly<Record<string, { readonly variables: number; readonly run: UpdateOp }>> = {
  AssignVariableOp: { variables: 1, run: (v, x) => at(v, 0).set(at(x, 0)) },
  AssignAddVariableOp: {
    variables: 1,
    run(v, x) {
      const [value, change] = [at(v, 0), at(x, 0)];
      for (let i = 0; i < value.length; i++) value[i] = (value[i] as number) + (change[i] as number);
    },
  },
  AssignSubVariableOp: {
    variables: 1,
    run(v, x) {
      const [value, change] = [at(v, 0), at(x, 0)];
      for (let i = 0; i < value.length; i++) value[i] = (value[i] as number) - (change[i] as number);
    },
  },
  ResourceApplyGradientDescent: {
    variables: 1,
    run(v, x) {
      const [value, learningRate, gradient] = [at(v, 0), scalarAt(x, 0), at(x, 1)];
      for (let i = 0; i < value.length; i++)
        value[i] = (value[i] as number) - learningRate * (gradient[i] as number);
    },
  },
  ResourceApplyKerasMomentum: {
    variables: 2,
    run(v, x, attributes) {
      const [value, velocity] = [at(v, 0), at(v, 1)];
      const [learningRate, gradient, momentum] = [scalarAt(x, 0), at(x, 1), scalarAt(x, 2)];
      const nesterov = attributes['use_nesterov']?.value === true;
      for (let i = 0; i < value.length; i++) {
        const change = -learningRate * (gradient[i] as number);
        const next = Math.fround(momentum * (velocity[i] as number) + change);
        velocity[i] = next;
        value[i] = (value[i] as number) + (nesterov ? momentum * next + change : next);
      }
    },
  },
  ResourceApplyAdam: {
    variables: 3,
    run(v, x) {
      const [value, m, s] = [at(v, 0), at(v, 1), at(v, 2)];
      const [beta1Power, beta2Power, learningRate] = [scalarAt(x, 0), scalarAt(x, 1), scalarAt(x, 2)];
      const [beta1, beta2, epsilon, gradient] = [scalarAt(x, 3), scalarAt(x, 4), scalarAt(x, 5), at(x, 6)];
      const rate = (learningRate * Math.sqrt(1 - beta2Power)) / (1 - beta1Power);
      for (let i = 0; i < value.length; i++) {
        const g = gradient[i] as number;
        const mean = (m[i] as number) + (1 - beta1) * (g - (m[i] as number));
        const square = (s[i] as number) + (1 - beta2) * (g * g - (s[i] as number));
        m[i] = mean;
        s[i] = square;
        value[i] = (value[i] as number) - (rate * mean) / (Math.sqrt(square) + epsilon);
      }
    },
  },
  ResourceApplyRMSProp: {
    variables: 3,
    run(v, x) {
      const [value, square, momentum] = [at(v, 0), at(v, 1), at(v, 2)];
      const [learningRate, rho, decay, epsilon] = [
        scalarAt(x, 0),
        scalarAt(x, 1),
        scalarAt(x, 2),
        scalarAt(x, 3),
      ];
      const gradient = at(x, 4);
      for (let i = 0; i < value.length; i++) {
        const g = gradient[i] as number;
        const mean = (square[i] as number) + (1 - rho) * (g * g - (square[i] as number));
        const change = decay * (momentum[i] as number) + (learningRate * g) / Math.sqrt(mean + epsilon);
        square[i] = mean;
        momentum[i] = change;
        value[i] = (value[i] as number) - change;
      }
    },
  },
};
