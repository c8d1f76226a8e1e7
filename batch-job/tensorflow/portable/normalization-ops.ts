// FusedBatchNormV3 and its gradient on the portable back end, composed from kernels (Ioffe and Szegedy 2015).

import {
  flagAttribute,
  inputAt,
  numberAttribute,
  type PortableOp,
  type RunPortableOp,
  shapeAt,
} from './portable-op.ts';
import { binary, type KernelScope, meanPerChannel, reshape, type WasmTensor } from './wasm-kernels.ts';

/** A new `[channels]` tensor, computed value by value from others. */
function perChannel(
  k: KernelScope,
  tensors: readonly WasmTensor[],
  f: (...values: readonly number[]) => number,
): WasmTensor {
  const channels = tensors[0]?.shape[0] ?? 0;
  const result = k.allocate([channels]);
  const views = tensors.map((tensor) => k.view(tensor));
  const out = k.view(result);
  for (let i = 0; i < channels; i++) out[i] = f(...views.map((view) => view[i] ?? 0));
  return result;
}

const isTraining = (op: PortableOp): boolean => flagAttribute(op, 'is_training');

/** Outputs: y, mean, variance with Bessel's correction, mean, variance. */
export const batchNormalization: RunPortableOp = (op) => {
  const { k } = op;
  const [x, gamma, beta] = [inputAt(op, 0), inputAt(op, 1), inputAt(op, 2)];
  const epsilon = numberAttribute(op, 'epsilon');
  const training = isTraining(op);
  const mean = training ? meanPerChannel(k, x) : inputAt(op, 3);
  const centered = binary(k, 'Sub', x, mean);
  const variance = training ? meanPerChannel(k, k.run('Square', { x: centered })) : inputAt(op, 4);
  const factor = perChannel(k, [gamma, variance], (g = 0, v = 0) => g / Math.sqrt(v + epsilon));
  const y = binary(k, 'Add', binary(k, 'Multiply', centered, factor), beta);
  if (!training) return [y];
  const rows = x.shape.slice(0, -1).reduce((product, n) => product * n, 1);
  const corrected = perChannel(k, [variance], (v = 0) => (v * rows) / Math.max(rows - 1, 1));
  return [y, mean, corrected, reshape(k, mean, mean.shape), reshape(k, variance, variance.shape)];
};

/** Inputs dy, x, gamma, mean, variance; outputs dx, dgamma, dbeta. */
export const batchNormalizationGradient: RunPortableOp = (op) => {
  const { k } = op;
  const [dy, x, gamma, mean, variance] = [0, 1, 2, 3, 4].map((index) => inputAt(op, index)) as [
    WasmTensor,
    WasmTensor,
    WasmTensor,
    WasmTensor,
    WasmTensor,
  ];
  const epsilon = numberAttribute(op, 'epsilon');
  const rows = x.shape.slice(0, -1).reduce((product, n) => product * n, 1);
  const inverse = perChannel(k, [variance], (v = 0) => 1 / Math.sqrt(v + epsilon));
  const factor = perChannel(k, [gamma, inverse], (g = 0, i = 0) => g * i);
  const normalized = binary(k, 'Multiply', binary(k, 'Sub', x, mean), inverse);
  const meanDy = meanPerChannel(k, dy);
  const meanProduct = meanPerChannel(k, binary(k, 'Multiply', dy, normalized));
  const dgamma = perChannel(k, [meanProduct], (m = 0) => m * rows);
  const dbeta = perChannel(k, [meanDy], (m = 0) => m * rows);
  if (!isTraining(op)) return [binary(k, 'Multiply', dy, factor), dgamma, dbeta];
  const spread = binary(
    k,
    'Sub',
    binary(k, 'Sub', dy, meanDy),
    binary(k, 'Multiply', normalized, meanProduct),
  );
  return [reshape(k, binary(k, 'Multiply', spread, factor), shapeAt(op, 0)), dgamma, dbeta];
};
