// The gradient of max pooling as a loop over the heap: each window gives its dy to the first of its largest values, as
// TensorFlow does. The back end's own kernel fails a check by finite differences.

import { backend_util } from '@tensorflow/tfjs-core';
import { paddingAttribute, pairAttribute } from '../program/read-attributes.ts';
import { inputAt, type RunPortableOp, shapeAt } from './portable-op.ts';

/** Inputs x, y, dy. */
export const maxPoolGradient: RunPortableOp = (op) => {
  const { k } = op;
  const [n = 0, height = 0, width = 0, channels = 0] = shapeAt(op, 0);
  const g = backend_util.computePool2DInfo(
    [n, height, width, channels],
    [...pairAttribute(op, 'ksize')],
    [...pairAttribute(op, 'strides')],
    1,
    paddingAttribute(op),
  );
  const result = k.allocate(shapeAt(op, 0));
  const [x, y, dy, dx] = [inputAt(op, 0), inputAt(op, 1), inputAt(op, 2), result].map(k.view) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  dx.fill(0);
  const found = new Uint8Array(channels);
  for (let picture = 0; picture < n; picture++) {
    for (let row = 0; row < g.outHeight; row++) {
      const top = Math.max(row * g.strideHeight - g.padInfo.top, 0);
      const bottom = Math.min(row * g.strideHeight - g.padInfo.top + g.filterHeight, height);
      for (let column = 0; column < g.outWidth; column++) {
        const left = Math.max(column * g.strideWidth - g.padInfo.left, 0);
        const right = Math.min(column * g.strideWidth - g.padInfo.left + g.filterWidth, width);
        const out = ((picture * g.outHeight + row) * g.outWidth + column) * channels;
        found.fill(0);
        for (let i = top; i < bottom; i++) {
          for (let j = left; j < right; j++) {
            const at = ((picture * height + i) * width + j) * channels;
            for (let c = 0; c < channels; c++) {
              if (found[c] === 0 && x[at + c] === y[out + c]) {
                found[c] = 1;
                dx[at + c] = (dx[at + c] as number) + (dy[out + c] as number);
              }
            }
          }
        }
      }
    }
  }
  return [result];
};
