// Vision transformers as far as their ends tell: patches by a convolution, tokens of them, and what may come after.

import { encodeTensor, type NodeProto } from '../../core/network/onnx/onnx-schema.ts';
import { decodePacked, encodePacked } from '../../core/network/onnx/packed-model.ts';
import { FOREIGN_FILTERS, foreignModel, foreignNode } from './foreign-onnx.ts';

/** Of a token, and the number of patches of a picture. */
export const TOKEN_WIDTH = FOREIGN_FILTERS;
export const PATCHES = 16;

const OPSET_OF_AXES_AS_INPUT = 18;

/** What a model of tokens is made of. */
export interface TokenModelOptions {
  /** Tokens before those of the patches. */
  readonly extra?: number;
  /** What comes after the value `tokens`. */
  readonly after?: readonly NodeProto[];
  readonly output?: string;
  readonly opset?: number;
}

const integers = (name: string, values: readonly number[], dims: readonly number[] = [values.length]) =>
  encodeTensor({
    name,
    dataType: 7,
    dims,
    rawData: new Uint8Array(BigInt64Array.from(values, BigInt).buffer),
  });

/**
 * `image` in NCHW → 4×4 patches → `patches` → `tokens` `[batch, extra + 16, width]`; the extra ones are twice the mean of the patches.
 * Constants for what comes after: `first` 0, `second` 1 and `axis` `[1]`.
 */
export function tokenModel({ extra = 0, after = [], output = 'tokens', opset = 13 }: TokenModelOptions = {}) {
  const nodes = [
    foreignNode('Conv', ['image', 'fovea_features'], 'map', {
      kernel_shape: [3, 3],
      pads: [0, 0, 0, 0],
      strides: [4, 4],
    }),
    foreignNode('Reshape', ['map', 'flat'], 'places'),
    foreignNode('Transpose', ['places'], 'patches', { perm: [0, 2, 1] }),
    opset < OPSET_OF_AXES_AS_INPUT
      ? foreignNode('ReduceMean', ['patches'], 'mean', { axes: [1] })
      : foreignNode('ReduceMean', ['patches', 'axis'], 'mean'),
    foreignNode('Add', ['mean', 'mean'], 'register'),
    foreignNode('Concat', [...Array(extra).fill('register'), 'patches'], 'tokens', { axis: 1 }),
    ...after,
  ];
  const model = decodePacked(foreignModel({ nodes, output, opset }));
  const initializer = [
    ...model.graph.initializer,
    integers('flat', [0, FOREIGN_FILTERS, -1]),
    integers('first', [0], []),
    integers('second', [1], []),
    integers('axis', [1]),
  ];
  return encodePacked({ ...model, graph: { ...model.graph, initializer } });
}
