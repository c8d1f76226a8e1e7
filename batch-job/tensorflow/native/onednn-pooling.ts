// Max pooling by oneDNN for the eager executor. In a graph TensorFlow itself replaces its ops by these; its own gradient of
// max pooling, which searches for the maxima again, takes ten times as long.

import type { Addon } from '../addon/addon.ts';
import { attr, type Value } from '../program/program.ts';
import type { RewriteRules } from '../program/rewrite-program.ts';
import { toAddonAttributes } from './addon-values.ts';

/** The label of the kernels that TensorFlow's own graph pass uses. */
const KERNEL = { _kernel: attr.string('MklNameChangeOp') };

/** Rewrite rules for one program: a gradient needs where its forward op found the maxima. */
export function createPoolingRewrites(): RewriteRules {
  const places = new Map<Value, Value>();
  return {
    MaxPool(b, op, inputs) {
      const [output] = op.outputs;
      if (output === undefined) return undefined;
      const outputs = [{ shape: output.shape }, { shape: [null] }];
      const [y, where] = b.emit('_MklNativeMaxPool', inputs, { ...op.attributes, ...KERNEL }, outputs);
      if (y === undefined || where === undefined) return undefined;
      places.set(y, where);
      return [y];
    },
    MaxPoolGrad(b, op, [x, y, dy]) {
      const where = y === undefined ? undefined : places.get(y);
      if (!x || !y || !dy || !where) return undefined;
      return b.emit('_MklNativeMaxPoolGrad', [x, y, dy, where], { ...op.attributes, ...KERNEL }, op.outputs);
    },
  };
}

/** Whether this TensorFlow has oneDNN's pooling ops: its builds for some processors have not. Runs one to find out. */
export function hasOneDnnPooling(addon: Addon): boolean {
  const attributes = toAddonAttributes(addon, {
    T: attr.type('float32'),
    ksize: attr.ints([1, 1, 1, 1]),
    strides: attr.ints([1, 1, 1, 1]),
    padding: attr.string('VALID'),
    data_format: attr.string('NHWC'),
    ...KERNEL,
  });
  const x = addon.createTensor([1, 1, 1, 1], addon.TF_FLOAT, Float32Array.of(1));
  try {
    for (const { id } of addon.executeOp('_MklNativeMaxPool', attributes, [x], 2)) addon.deleteTensor(id);
    return true;
  } catch {
    return false;
  } finally {
    addon.deleteTensor(x);
  }
}
