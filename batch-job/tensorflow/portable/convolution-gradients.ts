// The gradients of convolutions that the WebAssembly back end lacks, or has as a plain loop. They are composed from its
// XNNPACK forward kernels where possible, and registered as kernels under TensorFlow.js's names.

import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { backend_util, type KernelFunc, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';
import { batchInside, flipFilter, swapBatchAndChannels, transposeMatrix } from './transposes.ts';
import {
  convolve,
  dilate,
  type KernelScope,
  matMul,
  place,
  reshape,
  transpose,
  type WasmTensor,
  withKernels,
} from './wasm-kernels.ts';

type Geometry = backend_util.Conv2DInfo;
type Shape4 = [number, number, number, number];

/** The attributes of the convolution kernels. */
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

/** dy with zeros between its values (stride) and around it, such that a stride-1 convolution of it has the size of the input. */
function spreadGradient(k: KernelScope, dy: WasmTensor, g: Geometry): WasmTensor {
  const spread = g.strideHeight > 1 || g.strideWidth > 1 ? dilate(k, dy, g.strideHeight, g.strideWidth) : dy;
  const top = g.filterHeight - 1 - g.padInfo.top;
  const left = g.filterWidth - 1 - g.padInfo.left;
  return place(k, spread, top, left, g.inHeight + g.filterHeight - 1, g.inWidth + g.filterWidth - 1);
}

/** The gradient by the input: a convolution of dy with the filter turned by 180° and its channels swapped. */
export function convolutionInputGradient(
  k: KernelScope,
  dy: WasmTensor,
  filter: WasmTensor,
  g: Geometry,
): WasmTensor {
  const { filterHeight, filterWidth, inChannels, outChannels, batchSize, outHeight, outWidth } = g;
  if (filterHeight === 1 && filterWidth === 1) {
    const swapped = transposeMatrix(k, reshape(k, filter, [inChannels, outChannels]));
    const rows = matMul(k, reshape(k, dy, [batchSize * outHeight * outWidth, outChannels]), swapped);
    const grid = reshape(k, rows, [batchSize, outHeight, outWidth, inChannels]);
    const spread = dilate(k, grid, g.strideHeight, g.strideWidth);
    return place(k, spread, 0, 0, g.inHeight, g.inWidth);
  }
  return convolve(k, 'Conv2D', spreadGradient(k, dy, g), flipFilter(k, filter));
}

/** The rows and columns of the padded input that some window covers. */
function seenInput(k: KernelScope, x: WasmTensor, g: Geometry): WasmTensor {
  const height = (g.outHeight - 1) * g.strideHeight + g.filterHeight;
  const width = (g.outWidth - 1) * g.strideWidth + g.filterWidth;
  return place(k, x, g.padInfo.top, g.padInfo.left, height, width);
}

/** The gradient by the filter: a convolution of the input with dy as the filter, channels and batch swapped, dilated by the stride. */
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
    const columns = transposeMatrix(k, reshape(k, x, [rows, inChannels]));
    return reshape(k, matMul(k, columns, reshape(k, dy, [rows, outChannels])), [
      1,
      1,
      inChannels,
      outChannels,
    ]);
  }
  const swapped = swapBatchAndChannels(k, seenInput(k, x, g));
  const filter = batchInside(k, dy);
  const result = convolve(k, 'Conv2D', swapped, filter, [g.strideHeight, g.strideWidth]);
  return transpose(k, result, [1, 2, 0, 3]);
}

/** The gradient of a depthwise convolution by its input. */
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
 * The gradient of a depthwise convolution by its filter, as a loop over the heap: a sum of products for each channel and
 * position of the filter, for which there is no forward kernel.
 */
export function depthwiseFilterGradient(
  k: KernelScope,
  x: WasmTensor,
  dy: WasmTensor,
  g: Geometry,
): WasmTensor {
  const {
    filterHeight,
    filterWidth,
    inChannels: channels,
    batchSize,
    outHeight,
    outWidth,
    inHeight,
    inWidth,
  } = g;
  const result = k.allocate([filterHeight, filterWidth, channels, 1]);
  const [source, gradient] = [k.view(x), k.view(dy)];
  const sums = new Float64Array(filterHeight * filterWidth * channels);
  for (let row = 0; row < batchSize * outHeight; row++) {
    const top = (row % outHeight) * g.strideHeight - g.padInfo.top;
    const picture = Math.floor(row / outHeight) * inHeight;
    for (let i = Math.max(-top, 0); i < Math.min(filterHeight, inHeight - top); i++) {
      for (let column = 0; column < outWidth; column++) {
        const left = column * g.strideWidth - g.padInfo.left;
        const from = (row * outWidth + column) * channels;
        for (let j = Math.max(-left, 0); j < Math.min(filterWidth, inWidth - left); j++) {
          const at = ((picture + top + i) * inWidth + left + j) * channels;
          const to = (i * filterWidth + j) * channels;
          for (let c = 0; c < channels; c++) {
            sums[to + c] =
              (sums[to + c] as number) + (source[at + c] as number) * (gradient[from + c] as number);
          }
        }
      }
    }
  }
  k.view(result).set(sums);
  return result;
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

/** The gradients by TensorFlow.js's kernel names, with its names of inputs and attributes. */
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
