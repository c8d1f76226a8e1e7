// The growing ONNX graph: unique names, nodes of two outputs, and what it leaves out.

import { describe, expect, test } from 'vitest';
import { createOnnxGraph } from '../../../core/network/onnx/onnx-graph.ts';
import { decodeModel } from '../../../core/network/onnx/onnx-schema.ts';

describe('createOnnxGraph', () => {
  test('keeps names apart, those that look like a suffix too', () => {
    const graph = createOnnxGraph('names');
    const x = graph.input('x', [1]);
    const names = ['relu', 'relu_1', 'relu', 'relu', 'x'].map((name) => graph.node('Relu', [x], { name }));
    expect(names).toEqual(['relu', 'relu_1', 'relu_2', 'relu_3', 'x_1']);
  });

  test('leaves out nodes and constants that no output needs', () => {
    const graph = createOnnxGraph('live');
    const x = graph.input('x', [4]);
    const [largest, indices] = graph.nodeOfTwo('TopK', [x, graph.integers('k', [2])], { name: 'largest' });
    graph.node('Mul', [largest, graph.scalar(3)], { name: 'unread' });
    graph.reserve('y');
    graph.output(graph.node('Add', [largest, graph.scalar(1)], { name: 'sum' }), 'y', [2]);
    const model = decodeModel(graph.encode()).graph;
    expect(model.node.map(({ opType }) => opType)).toEqual(['TopK', 'Add', 'Identity']);
    expect(model.node[0]?.output).toEqual([largest, indices]);
    expect(model.initializer.map(({ name }) => name)).toEqual(['k', 'scalar_1']);
  });
});
