// The forward kernels of the WebAssembly back end as functions, called without the library's engine: no tape, and a scope
// frees every tensor. What they are composed to is the callers' business.

import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { getKernel, type NamedAttrMap, type TensorInfo } from '@tensorflow/tfjs-core';

/** A tensor on the WebAssembly heap. */
export type WasmTensor = TensorInfo;

type Inputs = Readonly<Record<string, WasmTensor>> | readonly WasmTensor[];

/** Calls kernels and owns their results, which it frees at its end unless they are kept. */
export interface KernelScope {
  readonly backend: BackendWasm;
  /** The scope owns the result. */
  run(kernel: string, inputs: Inputs, attributes?: object): WasmTensor;
  /** An uninitialized float32 tensor, owned by the scope. */
  allocate(shape: readonly number[]): WasmTensor;
  /** The values of a float32 tensor in place; good until the next allocation. */
  view(tensor: WasmTensor): Float32Array;
  /** Leaves a tensor of the scope to the caller. */
  keep(tensor: WasmTensor): WasmTensor;
}

/** A float32 tensor with a copy of the values, which the caller disposes. */
export const uploadTensor = (
  backend: BackendWasm,
  data: Float32Array,
  shape: readonly number[],
): WasmTensor => ({
  dataId: backend.write(data, [...shape], 'float32'),
  shape: [...shape],
  dtype: 'float32',
});

/** A copy of a float32 tensor's values. */
export const downloadTensor = (backend: BackendWasm, { dataId }: WasmTensor): Float32Array =>
  backend.readSync(dataId) as Float32Array;

/** Frees one reference. */
export const dispose = (backend: BackendWasm, tensor: WasmTensor): void =>
  void backend.disposeData(tensor.dataId);

/** Runs `work`; tensors made in it are freed when it returns or throws, except those that it kept. */
export function withKernels<T>(backend: BackendWasm, work: (scope: KernelScope) => T): T {
  const owned: WasmTensor[] = [];
  const own = (tensor: WasmTensor): WasmTensor => {
    owned.push(tensor);
    return tensor;
  };
  const scope: KernelScope = {
    backend,
    run(kernel, inputs, attributes = {}) {
      const config = getKernel(kernel, 'wasm');
      if (config === undefined) throw new Error(`The WebAssembly back end has no kernel "${kernel}".`);
      const result = config.kernelFunc({
        inputs: inputs as never,
        attrs: attributes as NamedAttrMap,
        backend,
      });
      if (Array.isArray(result)) throw new Error(`The kernel "${kernel}" has several outputs.`);
      return own(result);
    },
    allocate: (shape) => own(backend.makeOutput([...shape], 'float32')),
    view: (tensor) => backend.typedArrayFromHeap(tensor) as Float32Array,
    keep(tensor) {
      owned.splice(owned.indexOf(tensor), 1);
      return tensor;
    },
  };
  try {
    return work(scope);
  } finally {
    for (const tensor of owned) dispose(backend, tensor);
  }
}

/** The same values under another shape. */
export const reshape = (k: KernelScope, x: WasmTensor, shape: readonly number[]): WasmTensor =>
  k.run('Reshape', { x }, { shape });

/** A copy with the axes in another order: axis `i` of the result is axis `perm[i]` of `x`. */
export const transpose = (k: KernelScope, x: WasmTensor, perm: readonly number[]): WasmTensor =>
  k.run('Transpose', { x }, { perm });

/** From `begin`, `size` values along each axis. */
export const slice = (
  k: KernelScope,
  x: WasmTensor,
  begin: readonly number[],
  size: readonly number[],
): WasmTensor => k.run('Slice', { x }, { begin, size });

/** `x` with zeros before and after, for each axis. */
export const pad = (
  k: KernelScope,
  x: WasmTensor,
  paddings: readonly (readonly [number, number])[],
): WasmTensor => k.run('PadV2', { x }, { paddings, constantValue: 0 });

/** The matrix product `[m, k]` × `[k, n]`. XNNPACK is used only where no side is transposed, so that is done before. */
export function matMul(k: KernelScope, a: WasmTensor, b: WasmTensor): WasmTensor {
  const batched = (x: WasmTensor) => reshape(k, x, [1, ...x.shape]);
  const product = k.run(
    'BatchMatMul',
    { a: batched(a), b: batched(b) },
    { transposeA: false, transposeB: false },
  );
  return reshape(k, product, product.shape.slice(1));
}

type BinaryKernel = 'Add' | 'Sub' | 'Multiply' | 'RealDiv' | 'Maximum';

/** An elementwise kernel of two inputs, with NumPy's broadcasting. */
export const binary = (k: KernelScope, kernel: BinaryKernel, a: WasmTensor, b: WasmTensor): WasmTensor =>
  k.run(kernel, { a, b });

/** A stride-1 convolution without padding. */
export const convolve = (
  k: KernelScope,
  kernel: 'Conv2D' | 'DepthwiseConv2dNative',
  x: WasmTensor,
  filter: WasmTensor,
  dilations: readonly [number, number] = [1, 1],
): WasmTensor =>
  k.run(
    kernel,
    { x, filter },
    { strides: [1, 1], pad: 'valid', dataFormat: 'NHWC', dilations, dimRoundingMode: undefined },
  );

/** `x` with rows and columns of zeros between the values: `[n, h, w, c]` to `[n, h * sh, w * sw, c]`. */
export function dilate(k: KernelScope, x: WasmTensor, sh: number, sw: number): WasmTensor {
  const [n, h, w, c] = x.shape as [number, number, number, number];
  let y = x;
  if (sw > 1)
    y = pad(k, reshape(k, y, [n * h * w, 1, c]), [
      [0, 0],
      [0, sw - 1],
      [0, 0],
    ]);
  if (sh > 1)
    y = pad(k, reshape(k, y, [n * h, 1, w * sw * c]), [
      [0, 0],
      [0, sh - 1],
      [0, 0],
    ]);
  return reshape(k, y, [n, h * sh, w * sw, c]);
}

/** Puts pictures on a canvas of zeros, height × width, at an offset; what stands out below or right is cut off. */
export function place(
  k: KernelScope,
  x: WasmTensor,
  top: number,
  left: number,
  height: number,
  width: number,
): WasmTensor {
  const [n, h, w, c] = x.shape as [number, number, number, number];
  const [rows, columns] = [Math.min(h, height - top), Math.min(w, width - left)];
  const cut = rows < h || columns < w ? slice(k, x, [0, 0, 0, 0], [n, rows, columns, c]) : x;
  const [below, right] = [height - top - rows, width - left - columns];
  if (top === 0 && left === 0 && below === 0 && right === 0) return cut;
  return pad(k, cut, [
    [0, 0],
    [top, below],
    [left, right],
    [0, 0],
  ]);
}

/** The mean over the rows: `[batch, rows, 1, channels]` to `[batch, 1, 1, channels]`. */
export function meanOfRows(k: KernelScope, x: WasmTensor): WasmTensor {
  const rows = x.shape[1] ?? 1;
  if (rows === 1) return x;
  return k.run(
    'AvgPool',
    { x },
    { filterSize: [rows, 1], strides: [1, 1], pad: 'valid', dimRoundingMode: undefined },
  );
}
