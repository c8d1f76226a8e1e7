// Normalizations and their gradients in ONNX. ONNX Runtime's kernel normalizes by given statistics alone; those of a batch,
// and the gradient (Ioffe and Szegedy 2015), are composed around it in as few passes as its nodes allow.

import { closedShape, elementCount, type Op, type Value } from '../program/program.ts';
import { flagAttribute, numberAttribute } from '../program/read-attributes.ts';
import { inputAt, outputAt } from './operands.ts';
import type { StepWriter, WriteOp } from './step-writer.ts';

/** All axes of `[n, c, h, w]` but the channels. */
const REST = [0, 2, 3];

const epsilonOf = (op: Op) => numberAttribute(op, 'epsilon');

/** One value for each channel, in a shape that broadcasts with `[n, c, h, w]`. */
const perChannel = (step: StepWriter, vector: string): string =>
  step.node('Reshape', [vector, step.integers([-1, 1, 1])]);

/** x minus a mean of each channel; the gradient of a normalization reads it again. */
const centered = (step: StepWriter, x: Value, mean: Value): string =>
  step.shared('distance', mean, () =>
    step.node('Sub', [step.read(x, 'nchw'), perChannel(step, step.read(mean))]),
  );

/** Outputs: y, mean, variance with Bessel's correction, mean, variance. */
const batchNormalization: WriteOp = (step, op) => {
  const x = inputAt(op, 0);
  const [gamma, beta] = [step.read(inputAt(op, 1)), step.read(inputAt(op, 2))];
  const rows = elementCount(closedShape(x)) / elementCount(closedShape(inputAt(op, 1)));
  const picture = step.read(x, 'nchw');
  const normalize = (mean: string, variance: string) => {
    const inputs = [picture, gamma, beta, mean, variance];
    const attributes = { epsilon: { float: epsilonOf(op) } };
    step.write(outputAt(op, 0), step.node('BatchNormalization', inputs, attributes), 'nchw');
  };
  if (!flagAttribute(op, 'is_training'))
    return normalize(step.read(inputAt(op, 3)), step.read(inputAt(op, 4)));
  const mean = step.node('ReduceMean', [picture], { axes: REST, keepdims: 0 });
  step.write(outputAt(op, 1), mean);
  step.write(outputAt(op, 3), mean);
  // Two passes are exact where a difference of squares cancels.
  const squares = step.node('ReduceSumSquare', [centered(step, x, outputAt(op, 3))], {
    axes: REST,
    keepdims: 0,
  });
  const over = (count: number) => step.node('Mul', [squares, step.graph.scalar(1 / count)]);
  const variance = over(rows);
  step.write(outputAt(op, 2), over(Math.max(rows - 1, 1)));
  step.write(outputAt(op, 4), variance);
  normalize(mean, variance);
};

/** Inputs dy, x, gamma, mean, variance; outputs dx, dgamma, dbeta. */
const batchNormalizationGradient: WriteOp = (step, op) => {
  const [x, gammaValue] = [inputAt(op, 1), inputAt(op, 2)];
  const [dy, gamma, variance] = [
    step.read(inputAt(op, 0), 'nchw'),
    step.read(gammaValue),
    step.read(inputAt(op, 4)),
  ];
  const rows = elementCount(closedShape(x)) / elementCount(closedShape(gammaValue));
  const { scalar } = step.graph;
  const times = (a: string, b: string) => step.node('Mul', [a, b]);
  const sumOf = (value: string) => step.node('ReduceSum', [value, step.integers(REST)], { keepdims: 0 });
  const distance = centered(step, x, inputAt(op, 3));
  const deviation = step.node('Sqrt', [step.node('Add', [variance, scalar(epsilonOf(op))])]);
  const inverse = step.node('Reciprocal', [deviation]);
  const dbeta = sumOf(dy);
  const dgamma = times(sumOf(times(dy, distance)), inverse);
  const factor = times(gamma, inverse);
  const scaled = times(dy, perChannel(step, factor));
  step.write(outputAt(op, 1), dgamma);
  step.write(outputAt(op, 2), dbeta);
  if (!flagAttribute(op, 'is_training')) return step.write(outputAt(op, 0), scaled, 'nchw');
  // dx = factor * (dy - distance * dgamma * inverse / rows - dbeta / rows); the kernel does one product and sum a pass.
  const share = times(factor, scalar(-1 / rows));
  const slope = times(times(share, dgamma), inverse);
  const zeros = step.node('Mul', [gamma, scalar(0)]);
  const ones = step.node('Add', [zeros, scalar(1)]);
  const rest = step.node('BatchNormalization', [distance, slope, times(share, dbeta), zeros, ones], {
    epsilon: { float: 0 },
  });
  step.write(outputAt(op, 0), step.node('Add', [scaled, rest]), 'nchw');
};

interface LocalResponse {
  readonly radius: number;
  readonly bias: number;
  readonly alpha: number;
  readonly beta: number;
}

const localResponse = (op: Op): LocalResponse => ({
  radius: numberAttribute(op, 'depth_radius'),
  bias: numberAttribute(op, 'bias'),
  alpha: numberAttribute(op, 'alpha'),
  beta: numberAttribute(op, 'beta'),
});

const sizeOf = ({ radius }: LocalResponse) => 2 * radius + 1;

/** x / (bias + alpha * sum of squares around)^beta. ONNX's alpha is of a mean, TensorFlow's of the sum. */
const localResponseNormalization: WriteOp = (step, op) => {
  const o = localResponse(op);
  const attributes = {
    size: sizeOf(o),
    alpha: { float: o.alpha * sizeOf(o) },
    beta: { float: o.beta },
    bias: { float: o.bias },
  };
  step.write(outputAt(op, 0), step.node('LRN', [step.read(inputAt(op, 0), 'nchw')], attributes), 'nchw');
};

/** The sum over each channel and those around it, for pictures of the shape of `like`. */
function sumAround(step: StepWriter, x: string, like: Value, o: LocalResponse): string {
  const [batch = 1, height = 1, width = 1, channels = 1] = closedShape(like);
  const column = step.node('Reshape', [x, step.integers([batch, 1, channels, height * width])]);
  const mean = step.node('AveragePool', [column], {
    kernel_shape: [sizeOf(o), 1],
    pads: [o.radius, 0, o.radius, 0],
    count_include_pad: 1,
  });
  const picture = step.node('Reshape', [mean, step.integers([batch, channels, height, width])]);
  return step.node('Mul', [picture, step.graph.scalar(sizeOf(o))]);
}

/** Inputs dy, x, y. With s the sum under the power: dx = dy * s^-beta - 2 * alpha * beta * x * sum of dy * y / s around. */
const localResponseGradient: WriteOp = (step, op) => {
  const value = inputAt(op, 1);
  const [dy, x, y] = op.inputs.map((input) => step.read(input, 'nchw')) as [string, string, string];
  const o = localResponse(op);
  const { scalar } = step.graph;
  const times = (a: string, b: string) => step.node('Mul', [a, b]);
  const squares = sumAround(step, times(x, x), value, o);
  const sum = step.node('Add', [times(squares, scalar(o.alpha)), scalar(o.bias)]);
  const around = sumAround(step, step.node('Div', [times(dy, y), sum]), value, o);
  const direct = times(dy, step.node('Pow', [sum, scalar(-o.beta)]));
  const indirect = times(times(x, around), scalar(2 * o.alpha * o.beta));
  step.write(outputAt(op, 0), step.node('Sub', [direct, indirect]), 'nchw');
};

/** The writers of normalizations and their gradients, by TensorFlow's op name. */
export const NORMALIZATION_WRITERS: Readonly<Record<string, WriteOp>> = {
  FusedBatchNormV3: batchNormalization,
  FusedBatchNormGradV3: batchNormalizationGradient,
  LRN: localResponseNormalization,
  LRNGrad: localResponseGradient,
};
