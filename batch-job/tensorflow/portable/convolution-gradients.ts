// The gradients of convolutions that the WebAssembly back end lacks (or has as a plain loop), composed from its XNNPACK
// forward kernels, and registered as kernels under the names that TensorFlow.js gives them.

import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { backend_util, type KernelFunc, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';
import {
  binary,
  convolve,
  dilate,
  type KernelScope,
  matMul,
  meanPerChannel,
  place,
  reshape,
  slice,
  transpose,
  type WasmTensor,
  withKernels,
} from './wasm-kernels.ts';

type Geometry = backend_util.Conv2DInfo;
type Shape4 = [number, number, number, number];

/** What the convolution kernels are told. */
interface ConvolutionAttributes {
  readonly strides: number | [number, number];
  readonly pad: 'same' | 'valid';
}

function geometry(
  xShape: readonly number[],
  filterShape: readonly number[],
  a: ConvolutionAttributes,
  depthwise: boolean,
) {
  return backend_util.computeConv2DInfo(
    [...xShape] as Shape4,
    [...filterShape] as Shape4,
    a.strides,
    1,
    a.pad,
    undefined,
    depthwise,
    'channelsLast',
  );
}

/** dy with zeros between (stride) and around it, such that a stride-1 convolution of it has the size of the input. */
function spreadGradient(k: KernelScope, dy: WasmTensor, g: Geometry): WasmTensor {
  const spread = g.strideHeight > 1 || g.strideWidth > 1 ? dilate(k, dy, g.strideHeight, g.strideWidth) : dy;
  const top = g.filterHeight - 1 - g.padInfo.top;
  const left = g.filterWidth - 1 - g.padInfo.left;
  return place(k, spread, top, left, g.inHeight + g.filterHeight - 1, g.inWidth + g.filterWidth - 1);
}

/** By the input: a convolution of dy with the filter turned by 180° and its channels swapped. */
export function convolutionInputGradient(
  k: KernelScope,
  dy: WasmTensor,
  filter: WasmTensor,
  g: Geometry,
): WasmTensor {
  const { filterHeight, filterWidth, inChannels, outChannels, batchSize, outHeight, outWidth } = g;
  if (filterHeight === 1 && filterWidth === 1) {
    const swapped = transpose(k, reshape(k, filter, [inChannels, outChannels]), [1, 0]);
    const rows = matMul(k, reshape(k, dy, [batchSize * outHeight * outWidth, outChannels]), swapped);
    const grid = reshape(k, rows, [batchSize, outHeight, outWidth, inChannels]);
    const spread = dilate(k, grid, g.strideHeight, g.strideWidth);
    return place(k, spread, 0, 0, g.inHeight, g.inWidth);
  }
  const turned = k.run('Reverse', { x: filter }, { dims: [0, 1] });
  return convolve(k, 'Conv2D', spreadGradient(k, dy, g), transpose(k, turned, [0, 1, 3, 2]));
}

/** The part of the input, zeros included, that some window sees. */
function seenInput(k: KernelScope, x: WasmTensor, g: Geometry): WasmTensor {
  const height = (g.outHeight - 1) * g.strideHeight + g.filterHeight;
  const width = (g.outWidth - 1) * g.strideWidth + g.filterWidth;
  return place(k, x, g.padInfo.top, g.padInfo.left, height, width);
}

/** By the filter: a convolution of the input with dy as the filter, channels and batch swapped, dilated by the stride. */
export function convolutionFilterGradient(
  k: KernelScope,
  x: WasmTensor,
  dy: WasmTensor,
  g: Geometry,
): WasmTensor {
  const { filterHeight, filterWidth, inChannels, outChannels, batchSize, outHeight, outWidth } = g;
  const strided = g.strideHeight > 1 || g.strideWidth > 1;
  if (filterHeight === 1 && filterWidth === 1 && !strided) {
    const rows = batchSize * outHeight * outWidth;
    const columns = transpose(k, reshape(k, x, [rows, inChannels]), [1, 0]);
    return reshape(k, matMul(k, columns, reshape(k, dy, [rows, outChannels])), [
      1,
      1,
      inChannels,
      outChannels,
    ]);
  }
  const swapped = transpose(k, seenInput(k, x, g), [3, 1, 2, 0]);
  const filter = transpose(k, dy, [1, 2, 0, 3]);
  const result = convolve(k, 'Conv2D', swapped, filter, [g.strideHeight, g.strideWidth]);
  return transpose(k, result, [1, 2, 0, 3]);
}

/** By the input of a depthwise convolution. */
export function depthwiseInputGradient(
  k: KernelScope,
  dy: WasmTensor,
  filter: WasmTensor,
  g: Geometry,
): WasmTensor {
  const turned = k.run('Reverse', { x: filter }, { dims: [0, 1] });
  return convolve(k, 'DepthwiseConv2dNative', spreadGradient(k, dy, g), turned);
}

/**
 * Where a window's position (i, j) sees the input: `[batch, outHeight, outWidth, channels]`. Strides are taken by
 * splitting rows and columns into phases once, because the back end's StridedSlice is a loop over single values.
 */
function tapReader(k: KernelScope, x: WasmTensor, g: Geometry): (i: number, j: number) => WasmTensor {
  const { strideHeight: sh, strideWidth: sw, batchSize: n, inChannels: c, outHeight, outWidth } = g;
  if (sh === 1 && sw === 1) return (i, j) => slice(k, x, [0, i, j, 0], [n, outHeight, outWidth, c]);
  const [, h, w] = x.shape as Shape4;
  const [rows, columns] = [Math.ceil(h / sh), Math.ceil(w / sw)];
  const grid = reshape(k, place(k, x, 0, 0, rows * sh, columns * sw), [n * rows, sh, columns, sw * c]);
  const phases = new Map<string, WasmTensor>();
  return (i, j) => {
    const key = `${i % sh},${j % sw}`;
    const phase =
      phases.get(key) ??
      reshape(k, slice(k, grid, [0, i % sh, 0, (j % sw) * c], [n * rows, 1, columns, c]), [
        n,
        rows,
        columns,
        c,
      ]);
    phases.set(key, phase);
    return slice(k, phase, [0, Math.floor(i / sh), Math.floor(j / sw), 0], [n, outHeight, outWidth, c]);
  };
}

/** By the filter of a depthwise convolution: for each of its positions, the sum of input times dy over the pictures. */
export function depthwiseFilterGradient(
  k: KernelScope,
  x: WasmTensor,
  dy: WasmTensor,
  g: Geometry,
): WasmTensor {
  const { filterHeight, filterWidth, inChannels, batchSize, outHeight, outWidth } = g;
  const tap = tapReader(k, seenInput(k, x, g), g);
  const gradient = k.allocate([filterHeight, filterWidth, inChannels, 1]);
  const count = batchSize * outHeight * outWidth;
  for (let position = 0; position < filterHeight * filterWidth; position++) {
    const seen = tap(Math.floor(position / filterWidth), position % filterWidth);
    const mean = meanPerChannel(k, binary(k, 'Multiply', seen, dy));
    const source = k.view(mean);
    const target = k.view(gradient);
    for (let channel = 0; channel < inChannels; channel++) {
      target[position * inChannels + channel] = (source[channel] ?? 0) * count;
    }
  }
  return gradient;
}

type GradientAttributes = ConvolutionAttributes & {
  readonly filterShape: readonly number[];
  readonly inputShape: readonly number[];
};

type Compose = (
  k: KernelScope,
  inputs: Readonly<Record<string, WasmTensor>>,
  a: GradientAttributes,
) => WasmTensor;

const pick = (inputs: Readonly<Record<string, WasmTensor>>, name: string): WasmTensor => {
  const tensor = inputs[name];
  if (tensor === undefined) throw new Error(`The kernel was called without "${name}".`);
  return tensor;
};

/** By TensorFlow.js's kernel name, with its names of inputs and attributes. */
const KERNELS: Readonly<Record<string, Compose>> = {
  Conv2DBackpropInput(k, inputs, a) {
    const filter = pick(inputs, 'filter');
    return convolutionInputGradient(
      k,
      pick(inputs, 'dy'),
      filter,
      geometry(a.inputShape, filter.shape, a, false),
    );
  },
  Conv2DBackpropFilter(k, inputs, a) {
    const x = pick(inputs, 'x');
    return convolutionFilterGradient(k, x, pick(inputs, 'dy'), geometry(x.shape, a.filterShape, a, false));
  },
  DepthwiseConv2dNativeBackpropInput(k, inputs, a) {
    const filter = pick(inputs, 'filter');
    return depthwiseInputGradient(
      k,
      pick(inputs, 'dy'),
      filter,
      geometry(a.inputShape, filter.shape, a, true),
    );
  },
  DepthwiseConv2dNativeBackpropFilter(k, inputs, a) {
    const x = pick(inputs, 'x');
    return depthwiseFilterGradient(k, x, pick(inputs, 'dy'), geometry(x.shape, a.filterShape, a, true));
  },
};

/** Registers the kernels with TensorFlow.js, in place of any of the same name. */
export function registerConvolutionGradients(): void {
  for (const [kernelName, compose] of Object.entries(KERNELS)) {
    const kernelFunc: KernelFunc = ({ inputs, attrs, backend }) =>
      withKernels(backend as BackendWasm, (k) =>
        detach(k, compose(k, inputs as Record<string, WasmTensor>, attrs as unknown as GradientAttributes)),
      );
    // Conv2DBackpropInput is there, as a plain loop.
    if (kernelName === 'Conv2DBackpropInput') unregisterKernel(kernelName, 'wasm');
    registerKernel({ kernelName, backendName: 'wasm', kernelFunc });
  }
}

/** Keeps a tensor that may be a view of one that the scope frees. */
function detach(k: KernelScope, tensor: WasmTensor): WasmTensor {
  return k.keep(reshape(k, tensor, tensor.shape));
}
