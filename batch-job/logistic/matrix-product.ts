// Products of two matrices by ONNX Runtime, in float32: what logistic regression and the comparison of features spend their time on.

import os from 'node:os';
import * as ort from 'onnxruntime-node';
import { createOnnxGraph } from '../../core/network/onnx/onnx-graph.ts';
import { present } from '../../core/present.ts';

/** A float32 matrix `[rows, columns]`, row by row. */
export interface Matrix {
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

/** Multiplies matrices of any sizes that fit each other. */
export interface MatrixProduct {
  run(left: Matrix, right: Matrix): Promise<Float32Array>;
  release(): Promise<void>;
}

/** Which factor is transposed before the multiplication. */
export type Transposed = 'none' | 'left' | 'right';

/** Opens a product; the caller releases it. */
export async function openMatrixProduct(transposed: Transposed): Promise<MatrixProduct> {
  const graph = createOnnxGraph('product');
  const left = graph.input('left', ['left_rows', 'left_columns']);
  const right = graph.input('right', ['right_rows', 'right_columns']);
  graph.reserve('product');
  const value = graph.node('Gemm', [left, right], {
    name: 'gemm',
    attributes: { transA: Number(transposed === 'left'), transB: Number(transposed === 'right') },
  });
  graph.output(value, 'product', ['rows', 'columns']);
  const session = await ort.InferenceSession.create(graph.encode(), {
    intraOpNumThreads: os.availableParallelism(),
  });
  const toTensor = ({ values, rows, columns }: Matrix) => new ort.Tensor('float32', values, [rows, columns]);
  return {
    async run(a, b) {
      const { product } = await session.run({ left: toTensor(a), right: toTensor(b) });
      return present(product, 'a product').data as Float32Array;
    },
    release: () => session.release(),
  };
}
