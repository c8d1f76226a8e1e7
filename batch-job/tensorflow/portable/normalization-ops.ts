// FusedBatchNormV3 and its gradient on the portable back end (Ioffe and Szegedy 2015), as loops over the heap: two or three
// passes, where kernels composed take nine and as many temporary tensors. Sums are float64.

import { flagAttribute, numberAttribute } from '../program/read-attributes.ts';
import { inputAt, type RunPortableOp, shapeAt } from './portable-op.ts';
import type { KernelScope, WasmTensor } from './wasm-kernels.ts';

/** The mean over all axes but the last. */
function meanOf(x: Float32Array, channels: number): Float64Array {
  const sums = new Float64Array(channels);
  for (let i = 0; i < x.length; i += channels) {
    for (let c = 0; c < channels; c++) sums[c] = (sums[c] as number) + (x[i + c] as number);
  }
  return sums.map((sum) => (sum * channels) / x.length);
}

/** The mean square distance from `mean`: two passes are exact where a difference of squares cancels. */
function varianceOf(x: Float32Array, mean: ArrayLike<number>, channels: number): Float64Array {
  const sums = new Float64Array(channels);
  for (let i = 0; i < x.length; i += channels) {
    for (let c = 0; c < channels; c++) {
      const distance = (x[i + c] as number) - (mean[c] as number);
      sums[c] = (sums[c] as number) + distance * distance;
    }
  }
  return sums.map((sum) => (sum * channels) / x.length);
}

function toTensor(k: KernelScope, values: Float64Array): WasmTensor {
  const tensor = k.allocate([values.length]);
  k.view(tensor).set(values);
  return tensor;
}

/** Outputs: y, mean, variance with Bessel's correction, mean, variance. */
export const batchNormalization: RunPortableOp = (op) => {
  const { k } = op;
  const epsilon = numberAttribute(op, 'epsilon');
  const training = flagAttribute(op, 'is_training');
  const y = k.allocate(shapeAt(op, 0));
  const [x, gamma, beta] = [k.view(inputAt(op, 0)), k.view(inputAt(op, 1)), k.view(inputAt(op, 2))];
  const channels = gamma.length;
  const mean = training ? meanOf(x, channels) : Float64Array.from(k.view(inputAt(op, 3)));
  const variance = training ? varianceOf(x, mean, channels) : Float64Array.from(k.view(inputAt(op, 4)));
  const factor = variance.map((v, c) => (gamma[c] as number) / Math.sqrt(v + epsilon));
  const offset = mean.map((m, c) => (beta[c] as number) - m * (factor[c] as number));
  const out = k.view(y);
  for (let i = 0; i < x.length; i += channels) {
    for (let c = 0; c < channels; c++)
      out[i + c] = (x[i + c] as number) * (factor[c] as number) + (offset[c] as number);
  }
  if (!training) return [y];
  const rows = x.length / channels;
  const corrected = variance.map((v) => (v * rows) / Math.max(rows - 1, 1));
  return [y, toTensor(k, mean), toTensor(k, corrected), toTensor(k, mean), toTensor(k, variance)];
};

/** Inputs dy, x, gamma, mean, variance; outputs dx, dgamma, dbeta. */
export const batchNormalizationGradient: RunPortableOp = (op) => {
  const { k } = op;
  const epsilon = numberAttribute(op, 'epsilon');
  const result = k.allocate(shapeAt(op, 0));
  const [dy, x, gamma, mean, variance] = [0, 1, 2, 3, 4].map((index) => k.view(inputAt(op, index))) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const channels = gamma.length;
  const rows = x.length / channels;
  const sums = new Float64Array(channels);
  const products = new Float64Array(channels);
  for (let i = 0; i < x.length; i += channels) {
    for (let c = 0; c < channels; c++) {
      const gradient = dy[i + c] as number;
      sums[c] = (sums[c] as number) + gradient;
      products[c] = (products[c] as number) + gradient * ((x[i + c] as number) - (mean[c] as number));
    }
  }
  const inverse = Float64Array.from(variance, (v) => 1 / Math.sqrt(v + epsilon));
  const dgamma = products.map((product, c) => product * (inverse[c] as number));
  // dx = a * dy + b * x + offset, for each channel; by moving statistics a * dy alone.
  const training = flagAttribute(op, 'is_training');
  const a = inverse.map((i, c) => i * (gamma[c] as number));
  const b = a.map((v, c) => (training ? (-v * (dgamma[c] as number) * (inverse[c] as number)) / rows : 0));
  const offset = a.map((v, c) =>
    training ? (-v * (sums[c] as number)) / rows - (b[c] as number) * (mean[c] as number) : 0,
  );
  const dx = k.view(result);
  for (let i = 0; i < x.length; i += channels) {
    for (let c = 0; c < channels; c++) {
      dx[i + c] =
        (a[c] as number) * (dy[i + c] as number) +
        (b[c] as number) * (x[i + c] as number) +
        (offset[c] as number);
    }
  }
  return [result, toTensor(k, dgamma), toTensor(k, sums)];
};
