// Convolutions and their gradients by the input in ONNX. Those by the filter are in filter-gradient-writers.ts.

import { elementCount, type Op, type Value } from '../program/program.ts';
import { depthwiseFilterGradient, filterGradient } from './filter-gradient-writers.ts';
import {
  convolutionWindow,
  filterShape,
  inputAt,
  isDepthwise,
  outputAt,
  transposedAttributes,
} from './operands.ts';
import type { StepWriter, WriteOp } from './step-writer.ts';

/** A filter as ONNX takes it: `[out, in, h, w]`, with one input for each group of a depthwise one. */
function readFilter(step: StepWriter, op: Op, filter: Value): string {
  const name = step.read(filter, 'oihw');
  if (!isDepthwise(op)) return name;
  const [height, width, channels] = filterShape(filter);
  return step.node('Reshape', [name, step.integers([channels, 1, height, width])]);
}

function convolve(step: StepWriter, op: Op, output: Value, bias: readonly Value[]): void {
  const [x, filter] = [inputAt(op, 0), inputAt(op, 1)];
  const { window, group } = convolutionWindow(op, x, filter);
  const inputs = [
    step.read(x, 'nchw'),
    readFilter(step, op, filter),
    ...bias.map((value) => step.read(value)),
  ];
  step.write(output, step.node('Conv', inputs, { ...window.attributes, group }), 'nchw');
}

/** The bias that the convolution can add itself, where the addition is all that reads its output. */
const soleBias = (step: StepWriter, op: Op): Op | undefined => {
  const readers = step.program.ops.filter(({ inputs }) => inputs.includes(outputAt(op, 0)));
  return readers.length === 1 && readers[0]?.type === 'BiasAdd' ? readers[0] : undefined;
};

const convolution: WriteOp = (step, op) => {
  if (soleBias(step, op) === undefined) convolve(step, op, outputAt(op, 0), []);
};

const biasAdd: WriteOp = (step, op) => {
  const [x, bias, output] = [inputAt(op, 0), inputAt(op, 1), outputAt(op, 0)];
  const below = step.program.ops.find(({ outputs }) => outputs.includes(x));
  const isConvolution = below?.type === 'Conv2D' || below?.type === 'DepthwiseConv2dNative';
  if (isConvolution && soleBias(step, below) === op) return convolve(step, below, output, [bias]);
  const layout = step.layoutOf(x);
  const operands = [step.read(x, layout), step.operand(bias, x.shape.length, layout)];
  step.write(output, step.node('Add', operands), layout);
};

const biasGradient: WriteOp = (step, op) => {
  const dy = inputAt(op, 0);
  const axes = dy.shape.length === 4 ? [0, 2, 3] : [0];
  const inputs = [step.read(dy, 'nchw'), step.integers(axes)];
  step.write(outputAt(op, 0), step.node('ReduceSum', inputs, { keepdims: 0 }));
};

/** Inputs: shape of x, filter, dy. */
const inputGradient: WriteOp = (step, op) => {
  const [filter, dy, dx] = [inputAt(op, 1), inputAt(op, 2), outputAt(op, 0)];
  const { window, group } = convolutionWindow(op, dx, filter);
  const isPoint = elementCount(window.size) * elementCount(window.strides) === 1 && group === 1;
  const [gradient, weights] = [step.read(dy, 'nchw'), readFilter(step, op, filter)];
  // A convolution with the transposed matrix of the filter is a plain matrix product; ConvTranspose copies once more.
  const name = isPoint
    ? step.node(
        'Conv',
        [gradient, step.node('Transpose', [weights], { perm: [1, 0, 2, 3] })],
        window.attributes,
      )
    : step.node('ConvTranspose', [gradient, weights], transposedAttributes(window, group));
  step.write(dx, name, 'nchw');
};

/** The writers of convolutions, their gradients and biases, by TensorFlow's op name. */
export const CONVOLUTION_WRITERS: Readonly<Record<string, WriteOp>> = {
  Conv2D: convolution,
  DepthwiseConv2dNative: convolution,
  BiasAdd: biasAdd,
  BiasAddGrad: biasGradient,
  Conv2DBackpropInput: inputGradient,
  DepthwiseConv2dNativeBackpropInput: inputGradient,
  Conv2DBackpropFilter: filterGradient,
  DepthwiseConv2dNativeBackpropFilter: depthwiseFilterGradient,
};
