// The transposes that gradients need, as loops over the heap in an order that stays in the cache. The back end's own kernel
// takes several times as long.

import type { KernelScope, WasmTensor } from './wasm-kernels.ts';

/** A copy with samples and channels swapped: `[n, h, w, c]` to `[c, h, w, n]`. */
export function swapBatchAndChannels(k: KernelScope, x: WasmTensor): WasmTensor {
  const [batch = 0, height = 0, width = 0, channels = 0] = x.shape;
  const result = k.allocate([channels, height, width, batch]);
  const [source, target] = [k.view(x), k.view(result)];
  const positions = height * width;
  for (let position = 0; position < positions; position++) {
    for (let c = 0; c < channels; c++) {
      const to = (c * positions + position) * batch;
      for (let n = 0, from = position * channels + c; n < batch; n++, from += positions * channels) {
        target[to + n] = source[from] as number;
      }
    }
  }
  return result;
}

/** A copy with the samples after the positions: `[n, h, w, c]` to `[h, w, n, c]`. */
export function batchInside(k: KernelScope, x: WasmTensor): WasmTensor {
  const [batch = 0, height = 0, width = 0, channels = 0] = x.shape;
  const result = k.allocate([height, width, batch, channels]);
  const [source, target] = [k.view(x), k.view(result)];
  const positions = height * width;
  for (let n = 0; n < batch; n++) {
    for (let position = 0; position < positions; position++) {
      const from = (n * positions + position) * channels;
      const to = (position * batch + n) * channels;
      for (let c = 0; c < channels; c++) target[to + c] = source[from + c] as number;
    }
  }
  return result;
}

/** Rows and columns of a block: two of them fit into the smallest cache. */
const BLOCK = 32;

/** Copies one matrix `[rows, columns]` of an array, transposed, into another array. */
function transposeInto(
  target: Float32Array,
  to: number,
  source: Float32Array,
  from: number,
  rows: number,
  columns: number,
): void {
  for (let row = 0; row < rows; row += BLOCK) {
    const lastRow = Math.min(row + BLOCK, rows);
    for (let column = 0; column < columns; column += BLOCK) {
      const lastColumn = Math.min(column + BLOCK, columns);
      for (let i = row; i < lastRow; i++) {
        for (let j = column; j < lastColumn; j++) {
          target[to + j * rows + i] = source[from + i * columns + j] as number;
        }
      }
    }
  }
}

/** A transposed copy of a matrix: `[rows, columns]` to `[columns, rows]`. */
export function transposeMatrix(k: KernelScope, x: WasmTensor): WasmTensor {
  const [rows = 0, columns = 0] = x.shape;
  const result = k.allocate([columns, rows]);
  transposeInto(k.view(result), 0, k.view(x), 0, rows, columns);
  return result;
}

/** A copy of a filter rotated by 180°, inputs and outputs swapped: `[kh, kw, in, out]` to `[kh, kw, out, in]`. */
export function flipFilter(k: KernelScope, filter: WasmTensor): WasmTensor {
  const [height = 0, width = 0, inChannels = 0, outChannels = 0] = filter.shape;
  const result = k.allocate([height, width, outChannels, inChannels]);
  const [source, target] = [k.view(filter), k.view(result)];
  const size = inChannels * outChannels;
  const positions = height * width;
  for (let position = 0; position < positions; position++) {
    transposeInto(
      target,
      (positions - 1 - position) * size,
      source,
      position * size,
      inChannels,
      outChannels,
    );
  }
  return result;
}
