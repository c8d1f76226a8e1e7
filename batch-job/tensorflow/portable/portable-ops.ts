// Every op that programs use, on the kernels of the WebAssembly back end. The names are TensorFlow's.

import { elementCount } from '../program/program.ts';
import {
  flagAttribute,
  numberAttribute,
  paddingAttribute,
  pairAttribute,
} from '../program/read-attributes.ts';
import { ACTIVATION_GRADIENTS, biasGradient, softmaxCrossEntropy } from './elementwise-ops.ts';
import { maxPoolGradient } from './max-pool-gradient.ts';
import { batchNormalization, batchNormalizationGradient } from './normalization-ops.ts';
import { inputAt, type PortableOp, type RunPortableOp, shapeAt } from './portable-op.ts';
import { transposeMatrix } from './transposes.ts';
import { binary, matMul, meanOfRows, reshape, slice, type WasmTensor } from './wasm-kernels.ts';

const tensorsOf = (op: PortableOp): readonly WasmTensor[] =>
  op.inputs.filter((tensor) => tensor !== undefined);

const unary =
  (kernel: string): RunPortableOp =>
  (op) => [op.k.run(kernel, { x: inputAt(op, 0) })];

type BinaryKernel = Parameters<typeof binary>[1];

const elementwise =
  (kernel: BinaryKernel): RunPortableOp =>
  (op) => [binary(op.k, kernel, inputAt(op, 0), inputAt(op, 1))];

const window = (op: PortableOp) => ({
  strides: pairAttribute(op, 'strides'),
  pad: paddingAttribute(op),
  dataFormat: 'NHWC',
  dilations: [1, 1],
  dimRoundingMode: undefined,
});

const pool = (op: PortableOp) => ({ ...window(op), filterSize: pairAttribute(op, 'ksize') });

const convolution =
  (kernel: 'Conv2D' | 'DepthwiseConv2dNative'): RunPortableOp =>
  (op) => [op.k.run(kernel, { x: inputAt(op, 0), filter: inputAt(op, 1) }, window(op))];

const convolutionInputGradient =
  (kernel: string): RunPortableOp =>
  (op) => {
    const inputs = { filter: inputAt(op, 1), dy: inputAt(op, 2) };
    return [op.k.run(kernel, inputs, { ...window(op), inputShape: shapeAt(op, 0) })];
  };

const convolutionFilterGradient =
  (kernel: string): RunPortableOp =>
  (op) => {
    const inputs = { x: inputAt(op, 0), dy: inputAt(op, 2) };
    return [op.k.run(kernel, inputs, { ...window(op), filterShape: shapeAt(op, 0) })];
  };

const matrixProduct: RunPortableOp = (op) => {
  const { k } = op;
  const [a, b] = [inputAt(op, 0), inputAt(op, 1)];
  const turned = (x: WasmTensor) => transposeMatrix(k, x);
  const [turnA, turnB] = [flagAttribute(op, 'transpose_a'), flagAttribute(op, 'transpose_b')];
  // a × bᵀ is (b × aᵀ)ᵀ: turning a and the product is less work than turning a large b.
  if (turnB && !turnA && elementCount(b.shape) > elementCount(a.shape))
    return [turned(matMul(k, b, turned(a)))];
  return [matMul(k, turnA ? turned(a) : a, turnB ? turned(b) : b)];
};

const reduction =
  (kernel: 'Sum' | 'Mean'): RunPortableOp =>
  (op) => {
    const { k } = op;
    const x = inputAt(op, 0);
    const axis = op.numbers(1);
    const spatial = kernel === 'Mean' && x.shape.length === 4 && axis.join() === '1,2';
    // The back end's own reductions transpose first; its pooling does not.
    if (spatial) {
      const [n = 1, h = 1, w = 1, c = 1] = x.shape;
      return [reshape(k, meanOfRows(k, reshape(k, x, [n, h * w, 1, c])), shapeAt(op, 0))];
    }
    return [reshape(k, k.run(kernel, { x }, { axis: [...axis], keepDims: false }), shapeAt(op, 0))];
  };

const broadcastTo: RunPortableOp = (op) => {
  const { k } = op;
  const zeros = k.allocate(shapeAt(op, 0));
  k.view(zeros).fill(0);
  return [binary(k, 'Add', zeros, inputAt(op, 0))];
};

const addN: RunPortableOp = (op) => {
  const [head, ...rest] = tensorsOf(op);
  if (head === undefined) throw new Error('AddN has no inputs.');
  return [rest.reduce((sum, x) => binary(op.k, 'Add', sum, x), head)];
};

/** TensorFlow's average does not count padded positions, and neither may its gradient; the back end's own does. */
const averagePoolGradient: RunPortableOp = (op) => {
  const { k } = op;
  const [n = 1, h = 1, w = 1, c = 1] = shapeAt(op, 0);
  const filterShape = [...pairAttribute(op, 'ksize'), c, 1];
  const fill = (shape: readonly number[]) => {
    const tensor = k.allocate(shape);
    k.view(tensor).fill(1);
    return tensor;
  };
  const counts = k.run(
    'DepthwiseConv2dNative',
    { x: fill([1, h, w, c]), filter: fill(filterShape) },
    window(op),
  );
  const shares = binary(k, 'RealDiv', inputAt(op, 1), counts);
  const inputs = { dy: shares, filter: fill(filterShape) };
  return [k.run('DepthwiseConv2dNativeBackpropInput', inputs, { ...window(op), inputShape: [n, h, w, c] })];
};

const localResponse = (op: PortableOp) => ({
  depthRadius: numberAttribute(op, 'depth_radius'),
  bias: numberAttribute(op, 'bias'),
  alpha: numberAttribute(op, 'alpha'),
  beta: numberAttribute(op, 'beta'),
});

/** The implementation of each op, by TensorFlow's op name. */
export const PORTABLE_OPS: Readonly<Record<string, RunPortableOp>> = {
  ...ACTIVATION_GRADIENTS,
  Conv2D: convolution('Conv2D'),
  Conv2DBackpropInput: convolutionInputGradient('Conv2DBackpropInput'),
  Conv2DBackpropFilter: convolutionFilterGradient('Conv2DBackpropFilter'),
  DepthwiseConv2dNative: convolution('DepthwiseConv2dNative'),
  DepthwiseConv2dNativeBackpropInput: convolutionInputGradient('DepthwiseConv2dNativeBackpropInput'),
  DepthwiseConv2dNativeBackpropFilter: convolutionFilterGradient('DepthwiseConv2dNativeBackpropFilter'),
  MatMul: matrixProduct,
  BiasAdd: elementwise('Add'),
  BiasAddGrad: biasGradient,
  FusedBatchNormV3: batchNormalization,
  FusedBatchNormGradV3: batchNormalizationGradient,
  SoftmaxCrossEntropyWithLogits: softmaxCrossEntropy,
  Relu: unary('Relu'),
  Relu6: unary('Relu6'),
  Sigmoid: unary('Sigmoid'),
  Tanh: unary('Tanh'),
  Erf: unary('Erf'),
  Exp: unary('Exp'),
  Rsqrt: unary('Rsqrt'),
  Sqrt: unary('Sqrt'),
  Square: unary('Square'),
  Softmax: (op) => [
    op.k.run('Softmax', { logits: inputAt(op, 0) }, { dim: inputAt(op, 0).shape.length - 1 }),
  ],
  AddV2: elementwise('Add'),
  Sub: elementwise('Sub'),
  Mul: elementwise('Multiply'),
  RealDiv: elementwise('RealDiv'),
  Maximum: elementwise('Maximum'),
  AddN: addN,
  Sum: reduction('Sum'),
  Mean: reduction('Mean'),
  Reshape: (op) => [reshape(op.k, inputAt(op, 0), shapeAt(op, 0))],
  BroadcastTo: broadcastTo,
  Pad(op) {
    const flat = op.numbers(1);
    const paddings = inputAt(op, 0).shape.map((_, axis) => [flat[2 * axis] ?? 0, flat[2 * axis + 1] ?? 0]);
    return [op.k.run('PadV2', { x: inputAt(op, 0) }, { paddings, constantValue: 0 })];
  },
  Slice: (op) => [slice(op.k, inputAt(op, 0), op.numbers(1), shapeAt(op, 0))],
  ConcatV2: (op) => [op.k.run('Concat', tensorsOf(op), { axis: shapeAt(op, 0).length - 1 })],
  MaxPool: (op) => [op.k.run('MaxPool', { x: inputAt(op, 0) }, pool(op))],
  MaxPoolGrad: maxPoolGradient,
  AvgPool: (op) => [op.k.run('AvgPool', { x: inputAt(op, 0) }, pool(op))],
  AvgPoolGrad: averagePoolGradient,
  LRN: (op) => [op.k.run('LRN', { x: inputAt(op, 0) }, localResponse(op))],
  LRNGrad: (op) => [
    op.k.run('LRNGrad', { dy: inputAt(op, 0), x: inputAt(op, 1), y: inputAt(op, 2) }, localResponse(op)),
  ],
};
