// Elementwise gradients and the loss as loops over the heap: one pass each, where composed kernels would take several.

import { inputAt, type PortableOp, type RunPortableOp, shapeAt } from './portable-op.ts';
import type { WasmTensor } from './wasm-kernels.ts';

/** One output of the first input's size, from the values of two inputs. */
function zip(
  op: PortableOp,
  f: (a: Float32Array, b: Float32Array, out: Float32Array) => void,
): readonly WasmTensor[] {
  const result = op.k.allocate(shapeAt(op, 0));
  f(op.k.view(inputAt(op, 0)), op.k.view(inputAt(op, 1)), op.k.view(result));
  return [result];
}

/** {@link zip} on the bits of the floats. A branch on random signs costs more than all else in such a loop. */
function zipBits(
  op: PortableOp,
  f: (a: Int32Array, b: Int32Array, out: Int32Array) => void,
): readonly WasmTensor[] {
  const bits = ({ buffer, byteOffset, length }: Float32Array) => new Int32Array(buffer, byteOffset, length);
  return zip(op, (a, b, out) => f(bits(a), bits(b), bits(out)));
}

const WITHOUT_SIGN = 0x7fffffff;
/** The bits of 6, and of every larger float a larger integer. */
const SIX = 0x40c00000;

/** The gradients of activations: `ReluGrad` and `Relu6Grad` take (dy, y), the others (y, dy), as TensorFlow's do. */
export const ACTIVATION_GRADIENTS: Readonly<Record<string, RunPortableOp>> = {
  // y is never below 0, so that its bits are ordered as it is; minus them is below 0 exactly where y is above.
  ReluGrad: (op) =>
    zipBits(op, (dy, y, out) => {
      for (let i = 0; i < out.length; i++)
        out[i] = (dy[i] as number) & (-((y[i] as number) & WITHOUT_SIGN) >> 31);
    }),
  Relu6Grad: (op) =>
    zipBits(op, (dy, y, out) => {
      for (let i = 0; i < out.length; i++) {
        const bits = (y[i] as number) & WITHOUT_SIGN;
        out[i] = (dy[i] as number) & (-bits >> 31) & ((bits - SIX) >> 31);
      }
    }),
  SigmoidGrad: (op) =>
    zip(op, (y, dy, out) => {
      for (let i = 0; i < out.length; i++) {
        const value = y[i] as number;
        out[i] = (dy[i] as number) * value * (1 - value);
      }
    }),
  TanhGrad: (op) =>
    zip(op, (y, dy, out) => {
      for (let i = 0; i < out.length; i++) {
        const value = y[i] as number;
        out[i] = (dy[i] as number) * (1 - value * value);
      }
    }),
};

/** The loss of each sample, and its gradient by the logits, softmax - targets. */
export const softmaxCrossEntropy: RunPortableOp = (op) => {
  const { k } = op;
  const loss = k.allocate(shapeAt(op, 0));
  const gradient = k.allocate(shapeAt(op, 1));
  const [x, targets, losses, dx] = [inputAt(op, 0), inputAt(op, 1), loss, gradient].map((t) => k.view(t)) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const classes = inputAt(op, 0).shape[1] ?? 1;
  for (let row = 0; row < losses.length; row++) {
    const start = row * classes;
    let highest = Number.NEGATIVE_INFINITY;
    for (let i = start; i < start + classes; i++) highest = Math.max(highest, x[i] as number);
    let sum = 0;
    for (let i = start; i < start + classes; i++) sum += Math.exp((x[i] as number) - highest);
    const logSum = Math.log(sum);
    let rowLoss = 0;
    for (let i = start; i < start + classes; i++) {
      const logProbability = (x[i] as number) - highest - logSum;
      const target = targets[i] as number;
      if (target !== 0) rowLoss -= target * logProbability;
      dx[i] = Math.exp(logProbability) - target;
    }
    losses[row] = rowLoss;
  }
  return [loss, gradient];
};

/** The sum over all axes but the last. */
export const biasGradient: RunPortableOp = (op) => {
  const { k } = op;
  const result = k.allocate(shapeAt(op, 0));
  const [dy, out] = [k.view(inputAt(op, 0)), k.view(result)];
  const channels = out.length;
  const sums = new Float64Array(channels);
  for (let i = 0; i < dy.length; i += channels) {
    for (let channel = 0; channel < channels; channel++)
      sums[channel] = (sums[channel] as number) + (dy[i + channel] as number);
  }
  out.set(sums);
  return [result];
};
