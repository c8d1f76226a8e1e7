// Update rules, each as ops of a program plus the numbers that change from update to update (learning rate, bias
// corrections). The rules and defaults are those of Keras 3.15.

import { binary, unary } from '../program/ops.ts';
import { attr, type Value, type VariableSpec } from '../program/program.ts';
import type { ProgramBuilder } from '../program/program-builder.ts';
import type { OptimizerAlgorithm } from './engine.ts';

/** One optimizer, its settings filled in. */
export interface Optimizer {
  /** Variables beside each trained one, of its shape, starting at 0. */
  readonly slots: readonly string[];
  /**
   * The numbers that an update needs, each an input of the program.
   *
   * @param update Counted from 1.
   */
  readonly scalars: (update: number, learningRate: number) => Readonly<Record<string, number>>;
  readonly scalarNames: readonly string[];
  /** The names of those that are proportional to the learning rate. */
  readonly rateNames: readonly string[];
  /** Appends the ops that update one variable. */
  readonly emit: (context: UpdateContext) => void;
}

/** What an optimizer appends the update of one variable with. */
export interface UpdateContext {
  readonly b: ProgramBuilder;
  readonly variable: VariableSpec;
  readonly gradient: Value;
  readonly slot: (name: string) => VariableSpec;
  readonly scalar: (name: string) => Value;
}

const APPLY = { T: attr.type('float32'), use_locking: attr.bool(false) };

function sgd(o: Extract<OptimizerAlgorithm, { type: 'sgd' }>): Optimizer {
  const { momentum = 0, nesterov = false } = o;
  const base = {
    scalarNames: ['learning_rate'],
    rateNames: ['learning_rate'],
    scalars: (_: number, learningRate: number) => ({ learning_rate: learningRate }),
  };
  if (momentum === 0) {
    return {
      ...base,
      slots: [],
      emit: ({ b, variable, gradient, scalar }) =>
        b.assign('ResourceApplyGradientDescent', [variable], [scalar('learning_rate'), gradient], APPLY),
    };
  }
  return {
    ...base,
    slots: ['momentum'],
    emit: ({ b, variable, gradient, slot, scalar }) =>
      b.assign(
        'ResourceApplyKerasMomentum',
        [variable, slot('momentum')],
        [scalar('learning_rate'), gradient, b.scalar(momentum)],
        { ...APPLY, use_nesterov: attr.bool(nesterov) },
      ),
  };
}

type AdamOptions = Extract<OptimizerAlgorithm, { type: 'adam' | 'adamw' | 'nadam' }>;

/** Adam (Kingma and Ba 2015). */
function adam({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 }: AdamOptions): Optimizer {
  return {
    slots: ['m', 'v'],
    scalarNames: ['learning_rate', 'beta1_power', 'beta2_power'],
    rateNames: ['learning_rate'],
    scalars: (update, learningRate) => ({
      learning_rate: learningRate,
      beta1_power: beta1 ** update,
      beta2_power: beta2 ** update,
    }),
    emit: ({ b, variable, gradient, slot, scalar }) =>
      b.assign(
        'ResourceApplyAdam',
        [variable, slot('m'), slot('v')],
        [
          scalar('beta1_power'),
          scalar('beta2_power'),
          scalar('learning_rate'),
          b.scalar(beta1),
          b.scalar(beta2),
          b.scalar(epsilon),
          gradient,
        ],
        { ...APPLY, use_nesterov: attr.bool(false) },
      ),
  };
}

/** Nadam (Dozat 2016), with Keras's momentum schedule beta1 * (1 - 0.96^t / 2). */
function nadam({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 }: AdamOptions): Optimizer {
  const momentumAt = (update: number) => beta1 * (1 - 0.5 * 0.96 ** update);
  return {
    slots: ['m', 'v'],
    scalarNames: ['momentum_factor', 'gradient_factor', 'variance_factor'],
    rateNames: ['momentum_factor', 'gradient_factor'],
    scalars(update, learningRate) {
      let product = 1;
      for (let t = 1; t <= update; t++) product *= momentumAt(t);
      const next = momentumAt(update + 1);
      return {
        momentum_factor: (learningRate * next) / (1 - product * next),
        gradient_factor: (learningRate * (1 - momentumAt(update))) / (1 - product),
        variance_factor: 1 / (1 - beta2 ** update),
      };
    },
    emit({ b, variable, gradient, slot, scalar }) {
      const mul = (x: Value, y: Value) => binary(b, 'Mul', x, y);
      const average = (name: string, x: Value, rate: number) => {
        const old = b.read(slot(name));
        const next = binary(b, 'AddV2', old, mul(binary(b, 'Sub', x, old), b.scalar(rate)));
        b.assign('AssignVariableOp', [slot(name)], [next], { dtype: attr.type('float32') });
        return next;
      };
      const m = average('m', gradient, 1 - beta1);
      const v = average('v', unary(b, 'Square', gradient), 1 - beta2);
      const step = binary(
        b,
        'AddV2',
        mul(m, scalar('momentum_factor')),
        mul(gradient, scalar('gradient_factor')),
      );
      const root = unary(b, 'Sqrt', mul(v, scalar('variance_factor')));
      const change = binary(b, 'RealDiv', step, binary(b, 'AddV2', root, b.scalar(epsilon)));
      b.assign('AssignSubVariableOp', [variable], [change], { dtype: attr.type('float32') });
    },
  };
}

/** RMSprop (Tieleman and Hinton 2012), not centered. */
function rmsprop(o: Extract<OptimizerAlgorithm, { type: 'rmsprop' }>): Optimizer {
  const { rho = 0.9, momentum = 0, epsilon = 1e-7 } = o;
  return {
    slots: ['velocity', 'momentum'],
    scalarNames: ['learning_rate'],
    rateNames: ['learning_rate'],
    scalars: (_, learningRate) => ({ learning_rate: learningRate }),
    emit: ({ b, variable, gradient, slot, scalar }) =>
      b.assign(
        'ResourceApplyRMSProp',
        [variable, slot('velocity'), slot('momentum')],
        [scalar('learning_rate'), b.scalar(rho), b.scalar(momentum), b.scalar(epsilon), gradient],
        APPLY,
      ),
  };
}

/** The optimizer of these options, with Keras's defaults for those that are omitted. */
export function createOptimizer(options: OptimizerAlgorithm): Optimizer {
  switch (options.type) {
    case 'sgd':
      return sgd(options);
    case 'adam':
    case 'adamw':
      return adam(options);
    case 'nadam':
      return nadam(options);
    case 'rmsprop':
      return rmsprop(options);
  }
}
