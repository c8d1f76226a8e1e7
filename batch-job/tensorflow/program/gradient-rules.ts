// The gradient rule of every op that networks are made of, itself written in ops. Knows no network and no executor.

import type { Pair } from '../../../core/network/description/layer.ts';
import {
  activationGradient,
  binary,
  broadcastTo,
  channelsOf,
  known,
  matMul,
  pad,
  reduce,
  reshape,
  shapeTensor,
  slice,
  sliceChannels,
  unary,
} from './ops.ts';
import type { Op, Shape, Value } from './program.ts';
import type { ProgramBuilder } from './program-builder.ts';

/** What a rule works with. */
export interface GradientContext {
  readonly b: ProgramBuilder;
  readonly op: Op;
  /** Gradient of the loss by the op's first output. */
  readonly dy: Value;
  /** Whether the gradient by the input at an index is needed; where not, a rule may omit it. */
  readonly needs: (input: number) => boolean;
}

/** Gives the gradients by the op's inputs, in their order; undefined where there is none or it is not needed. */
export type GradientRule = (context: GradientContext) => readonly (Value | undefined)[];

function inputAt(op: Op, index: number): Value {
  const value = op.inputs[index];
  if (value === undefined) throw new Error(`${op.type} has no input ${index}.`);
  return value;
}

function outputAt(op: Op, index: number): Value {
  const value = op.outputs[index];
  if (value === undefined) throw new Error(`${op.type} has no output ${index}.`);
  return value;
}

/** The numbers of an input that is a constant: paddings, or where a slice begins. */
function constantAt({ b, op }: GradientContext, index: number): readonly number[] {
  const data = b.constantOf(inputAt(op, index));
  if (data === undefined) throw new Error(`Input ${index} of ${op.type} is no constant.`);
  return data;
}

/** Sums a gradient over the axes along which its input was broadcast. */
function unbroadcast(b: ProgramBuilder, gradient: Value, shape: Shape): Value {
  const lead = gradient.shape.length - shape.length;
  const axes = gradient.shape.flatMap((n, axis) =>
    axis < lead || (shape[axis - lead] === 1 && n !== 1) ? [axis] : [],
  );
  return axes.length === 0 ? gradient : reshape(b, reduce(b, 'Sum', gradient, axes), shape);
}

const convolutionRule =
  (inputOp: string, filterOp: string): GradientRule =>
  ({ b, op, dy, needs }) => {
    const [x, kernel] = [inputAt(op, 0), inputAt(op, 1)];
    return [
      needs(0) ? b.op(inputOp, [shapeTensor(b, x), kernel, dy], op.attributes, x.shape) : undefined,
      needs(1) ? b.op(filterOp, [x, shapeTensor(b, kernel), dy], op.attributes, kernel.shape) : undefined,
    ];
  };

const activationRule =
  (type: 'ReluGrad' | 'Relu6Grad' | 'SigmoidGrad' | 'TanhGrad'): GradientRule =>
  ({ b, op, dy }) => [activationGradient(b, type, outputAt(op, 0), dy)];

const meanRule: GradientRule = ({ b, op, dy }) => {
  const x = inputAt(op, 0);
  const y = outputAt(op, 0);
  const kept = reshape(b, dy, y.shape.length === x.shape.length ? y.shape : keptShape(x.shape, y.shape));
  const count = x.shape.reduce<number>(
    (product, n, axis) => (kept.shape[axis] === n ? product : product * known(n)),
    1,
  );
  return [broadcastTo(b, binary(b, 'Mul', kept, b.scalar(1 / count)), x), undefined];
};

/** `[batch, h, w, c]` reduced to `[batch, c]`, with its spatial axes back as 1. */
function keptShape(full: Shape, reduced: Shape): Shape {
  if (full.length !== 4 || reduced.length !== 2)
    throw new Error('Only spatial axes are reduced without keeping them.');
  return [reduced[0] ?? null, 1, 1, known(reduced[1])];
}

const TWO_OVER_SQRT_PI = 2 / Math.sqrt(Math.PI);

/** The rules by TensorFlow's op name. Differentiating an op without a rule is an error. */
export const GRADIENT_RULES: Readonly<Record<string, GradientRule>> = {
  Conv2D: convolutionRule('Conv2DBackpropInput', 'Conv2DBackpropFilter'),
  DepthwiseConv2dNative: convolutionRule(
    'DepthwiseConv2dNativeBackpropInput',
    'DepthwiseConv2dNativeBackpropFilter',
  ),
  MatMul: ({ b, op, dy, needs }) => [
    needs(0) ? matMul(b, dy, inputAt(op, 1), { transposeY: true }) : undefined,
    needs(1) ? matMul(b, inputAt(op, 0), dy, { transposeX: true }) : undefined,
  ],
  BiasAdd: ({ b, op, dy, needs }) => [
    dy,
    needs(1) ? b.op('BiasAddGrad', [dy], op.attributes, inputAt(op, 1).shape) : undefined,
  ],
  Relu: activationRule('ReluGrad'),
  Relu6: activationRule('Relu6Grad'),
  Sigmoid: activationRule('SigmoidGrad'),
  Tanh: activationRule('TanhGrad'),
  Erf: ({ b, op, dy }) => {
    const square = unary(b, 'Square', inputAt(op, 0));
    const bell = unary(b, 'Exp', binary(b, 'Mul', square, b.scalar(-1)));
    return [binary(b, 'Mul', dy, binary(b, 'Mul', bell, b.scalar(TWO_OVER_SQRT_PI)))];
  },
  /** dx = y * (dy - sum of dy * y). */
  Softmax: ({ b, op, dy }) => {
    const y = outputAt(op, 0);
    const inner = reduce(b, 'Sum', binary(b, 'Mul', dy, y), [-1], true);
    return [binary(b, 'Mul', binary(b, 'Sub', dy, inner), y)];
  },
  /** dx = -y³ / 2 * dy. */
  Rsqrt: ({ b, op, dy }) => {
    const y = outputAt(op, 0);
    const cube = binary(b, 'Mul', unary(b, 'Square', y), y);
    return [binary(b, 'Mul', dy, binary(b, 'Mul', cube, b.scalar(-0.5)))];
  },
  Square: ({ b, op, dy }) => [binary(b, 'Mul', dy, binary(b, 'Mul', inputAt(op, 0), b.scalar(2)))],
  AddV2: ({ b, op, dy, needs }) =>
    [0, 1].map((index) => (needs(index) ? unbroadcast(b, dy, inputAt(op, index).shape) : undefined)),
  Sub: ({ b, op, dy, needs }) => [
    needs(0) ? unbroadcast(b, dy, inputAt(op, 0).shape) : undefined,
    needs(1) ? unbroadcast(b, binary(b, 'Mul', dy, b.scalar(-1)), inputAt(op, 1).shape) : undefined,
  ],
  Mul: ({ b, op, dy, needs }) =>
    [0, 1].map((index) =>
      needs(index)
        ? unbroadcast(b, binary(b, 'Mul', dy, inputAt(op, 1 - index)), inputAt(op, index).shape)
        : undefined,
    ),
  /** The gradient by the numerator only: no layer divides by what it learns. */
  RealDiv({ b, op, dy, needs }) {
    if (needs(1)) throw new Error('RealDiv has no gradient by its divisor.');
    return [unbroadcast(b, binary(b, 'RealDiv', dy, inputAt(op, 1)), inputAt(op, 0).shape), undefined];
  },
  Mean: meanRule,
  Reshape: ({ b, op, dy }) => [reshape(b, dy, inputAt(op, 0).shape), undefined],
  Pad: (context) => {
    const { b, op, dy } = context;
    const x = inputAt(op, 0);
    const paddings = constantAt(context, 1);
    const begin = x.shape.map((_, axis) => paddings[2 * axis] ?? 0);
    return [
      slice(
        b,
        dy,
        begin,
        x.shape.map((n) => n ?? -1),
      ),
      undefined,
    ];
  },
  Slice: (context) => {
    const { b, op, dy } = context;
    const x = inputAt(op, 0);
    const begin = constantAt(context, 1);
    const paddings = x.shape.map((n, axis): Pair => {
      const before = begin[axis] ?? 0;
      return n === null ? [0, 0] : [before, n - before - known(dy.shape[axis])];
    });
    return [pad(b, dy, paddings), undefined, undefined];
  },
  ConcatV2: ({ b, op, dy, needs }) => {
    let from = 0;
    return op.inputs.slice(0, -1).map((value, index) => {
      const count = channelsOf(value);
      from += count;
      return needs(index) ? sliceChannels(b, dy, from - count, count) : undefined;
    });
  },
  MaxPool: ({ b, op, dy }) => {
    const x = inputAt(op, 0);
    return [b.op('MaxPoolGrad', [x, outputAt(op, 0), dy], op.attributes, x.shape)];
  },
  AvgPool: ({ b, op, dy }) => {
    const x = inputAt(op, 0);
    return [b.op('AvgPoolGrad', [shapeTensor(b, x), dy], op.attributes, x.shape)];
  },
  LRN: ({ b, op, dy }) => {
    const x = inputAt(op, 0);
    return [b.op('LRNGrad', [dy, x, outputAt(op, 0)], op.attributes, x.shape)];
  },
  FusedBatchNormV3: ({ b, op, dy }) => {
    const { exponential_avg_factor: _, ...attributes } = op.attributes;
    const [x, gamma] = [inputAt(op, 0), inputAt(op, 1)];
    const training = op.attributes['is_training']?.value === true;
    // Where the op normalizes by moving statistics it gives none, and its gradient reads them from its inputs.
    const reserved = training
      ? [outputAt(op, 3), outputAt(op, 4), outputAt(op, 5)]
      : [inputAt(op, 3), inputAt(op, 4), outputAt(op, 5)];
    return b
      .emit('FusedBatchNormGradV3', [dy, x, gamma, ...reserved], attributes, [
        { shape: x.shape },
        { shape: gamma.shape },
        { shape: gamma.shape },
        { shape: [0] },
        { shape: [0] },
      ])
      .slice(0, 3);
  },
};
