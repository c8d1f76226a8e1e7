// Rewrites for what TensorFlow's CPU library computes faster by other ops: 1×1 convolutions as matrix products, and
// products with a large transposed matrix. The values are the same up to rounding.

import type { Pair } from '../../../core/network/description/layer.ts';
import * as ops from '../program/ops.ts';
import { attr, type Op, type Value } from '../program/program.ts';
import type { ProgramBuilder } from '../program/program-builder.ts';
import { pairAttribute } from '../program/read-attributes.ts';
import type { RewriteRules } from '../program/rewrite-program.ts';

/** The product with a transposed matrix copies it first, which is most of the work where few rows meet many values. */
const FEW_ROWS = 128;
const MANY_VALUES = 2 ** 18;

/** The strides of a 1×1 convolution; undefined for any other. */
const pixelStrides = (op: Op, kernel: readonly (number | null)[]): Pair | undefined =>
  kernel[0] === 1 && kernel[1] === 1 ? pairAttribute(op, 'strides') : undefined;

const isDense = ([height, width]: Pair) => height === 1 && width === 1;

const matrices = new WeakMap<Value, Value>();

/** `x` as a matrix of this shape: the same one for the forward pass and the gradients, which read the same pixels and kernels. */
function asMatrix(b: ProgramBuilder, x: Value, shape: Value['shape']): Value {
  const found = matrices.get(x) ?? ops.reshape(b, x, shape);
  matrices.set(x, found);
  return found;
}

const pixels = (b: ProgramBuilder, x: Value): Value => asMatrix(b, x, [ops.rowCount(x), ops.channelsOf(x)]);

const matrix = (b: ProgramBuilder, kernel: Value): Value => asMatrix(b, kernel, kernel.shape.slice(2));

/** The pixels that a strided 1×1 convolution reads, `[pixels, channels]`. A pooling of one pixel is the fastest op for it. */
const readPixels = (b: ProgramBuilder, x: Value, strides: Pair): Value =>
  pixels(b, isDense(strides) ? x : ops.averagePool(b, x, [1, 1], { strides, padding: 'valid' }));

/** The product `x · yᵀ` of `[rows, n]` and `[columns, n]`. */
function timesTransposed(b: ProgramBuilder, x: Value, y: Value): Value {
  const [rows = null] = x.shape;
  const values = y.shape.reduce<number>((product, n) => product * (n ?? 1), 1);
  if (rows === null || rows > FEW_ROWS || values < MANY_VALUES) {
    return ops.matMul(b, x, y, { transposeY: true });
  }
  return ops.transpose(b, ops.matMul(b, y, x, { transposeY: true }));
}

/** The rewrite rules for every program on a CPU. */
export const CPU_REWRITES: RewriteRules = {
  Conv2D(b, op, [x, kernel]) {
    const [output] = op.outputs;
    if (!x || !kernel || !output) return undefined;
    const strides = pixelStrides(op, kernel.shape);
    if (strides === undefined) return undefined;
    const y = ops.matMul(b, readPixels(b, x, strides), matrix(b, kernel));
    return [ops.reshape(b, y, output.shape)];
  },
  Conv2DBackpropInput(b, op, [shape, kernel, dy]) {
    const [output] = op.outputs;
    if (!shape || !kernel || !dy || !output) return undefined;
    const strides = pixelStrides(op, kernel.shape);
    if (strides === undefined) return undefined;
    const rows = timesTransposed(b, pixels(b, dy), matrix(b, kernel));
    const dx = ops.reshape(b, rows, [...dy.shape.slice(0, -1), ops.channelsOf(rows)]);
    return [
      isDense(strides)
        ? dx
        : ops.averagePoolGradient(b, shape, dx, output.shape, [1, 1], { strides, padding: 'valid' }),
    ];
  },
  Conv2DBackpropFilter(b, op, [x, , dy]) {
    const [output] = op.outputs;
    if (!x || !dy || !output) return undefined;
    const strides = pixelStrides(op, output.shape);
    if (strides === undefined) return undefined;
    const gradient = ops.matMul(b, readPixels(b, x, strides), pixels(b, dy), { transposeX: true });
    return [ops.reshape(b, gradient, output.shape)];
  },
  /** oneDNN's kernel for bfloat16 takes a third of MobileNetV2's step where there are strides: it convolves all channels. */
  DepthwiseConv2dNativeBackpropInput(b, op, [shape, kernel, dy]) {
    const [output] = op.outputs;
    if (!shape || !kernel || !dy || !output) return undefined;
    if (dy.dtype === 'float32' || isDense(pairAttribute(op, 'strides'))) return undefined;
    const inputs = [shape, ops.cast(b, kernel, 'float32'), ops.cast(b, dy, 'float32')];
    const dx = b.op(op.type, inputs, { ...op.attributes, T: attr.type('float32') }, output.shape);
    return [ops.cast(b, dx, dy.dtype)];
  },
  MatMul(b, op, [x, y]) {
    const transposed = (name: string) => op.attributes[name]?.value === true;
    if (!x || !y || transposed('transpose_a') || !transposed('transpose_b')) return undefined;
    return [timesTransposed(b, x, y)];
  },
};
