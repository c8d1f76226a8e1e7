// How exporters write the pooling behind the tokens of a vision transformer, and what of it is known.

import protobuf from 'protobufjs/light.js';
import { describe, expect, it } from 'vitest';
import { findPooling } from '../../../core/network/onnx/find-pooling.ts';
import { encodeNode, encodeTensor, type NodeProto } from '../../../core/network/onnx/onnx-schema.ts';
import { decodePacked } from '../../../core/network/onnx/packed-model.ts';
import { foreignNode } from '../../support/foreign-onnx.ts';
import { type TokenModelOptions, tokenModel } from '../../support/token-onnx.ts';

const find = (after: readonly NodeProto[], options: TokenModelOptions = {}) =>
  findPooling(decodePacked(tokenModel({ ...options, after })), 'tokens');

const INT64_MAX = Number.MAX_SAFE_INTEGER;
const gather = (index: string, axis?: number) =>
  foreignNode('Gather', ['tokens', index], 'class', axis === undefined ? {} : { axis });
const constant = (name: string, attributes: Parameters<typeof foreignNode>[3]) =>
  foreignNode('Constant', [], name, attributes);
const slice = (starts: number[], ends: number[], axes?: number[]) =>
  foreignNode('Slice', ['tokens'], 'part', { starts, ends, ...(axes && { axes }) });
const mean = (axes?: number[]) =>
  foreignNode('ReduceMean', ['tokens'], 'mean', axes === undefined ? {} : { axes });

describe('findPooling', () => {
  it.each<[string, NodeProto[], string | undefined]>([
    ['the first token by index', [gather('first', 1)], 'cls'],
    ['the same from the other end', [gather('first', -2)], 'cls'],
    ['an index in a node', [constant('zero', { value_int: 0 }), gather('zero', 1)], 'cls'],
    ['a list of one index', [constant('zeros', { value_ints: [0] }), gather('zeros', 1)], 'cls'],
    ['a slice by attributes', [slice([0], [1], [1])], 'cls'],
    ['a slice of all axes', [slice([0, 0, 0], [INT64_MAX, 1, INT64_MAX])], 'cls'],
    [
      'a slice by inputs',
      [
        foreignNode('Slice', ['tokens', 'firsts', 'axis', 'axis'], 'part'),
        constant('firsts', { value_ints: [0] }),
      ],
      'cls',
    ],
    ['the mean by attribute', [mean([1])], 'mean'],
    ['the mean by input', [foreignNode('ReduceMean', ['tokens', 'axis'], 'mean')], 'mean'],
    ['the mean of a layer normalization', [mean([-1])], undefined],
    ['that, and the first token', [mean([2]), gather('first', 1)], 'cls'],
    ['a choice of pictures', [gather('first')], undefined],
    ['a choice of pictures by a slice', [slice([0], [1], [0])], undefined],
    ['a slice of everything', [slice([0], [INT64_MAX], [1])], undefined],
    ['nothing', [], undefined],
    [
      'nodes that read something else',
      [foreignNode('Gather', ['patches', 'first'], 'class', { axis: 1 })],
      undefined,
    ],
    ['another token', [gather('second', 1)], 'unclear'],
    ['tokens without the first', [slice([1], [INT64_MAX], [1])], 'unclear'],
    ['a token that is computed', [gather('map', 1)], 'unclear'],
    ['the mean of everything', [mean()], 'unclear'],
    ['both', [mean([1]), gather('first', 1)], 'unclear'],
  ])('knows %s', (_, after, expected) => {
    expect(find(after)).toBe(expected);
  });

  it('reads an index that is a tensor in a node, as older exporters write it', () => {
    const zero = encodeTensor({ name: '', dataType: 7, dims: [], rawData: new Uint8Array(8) });
    const attribute = protobuf.Writer.create().uint32(10).string('value').uint32(42).bytes(zero).finish();
    const node = Buffer.concat([
      encodeNode(foreignNode('Constant', [], 'zero')),
      protobuf.Writer.create().uint32(42).bytes(attribute).finish(),
    ]);
    const model = decodePacked(tokenModel({ after: [gather('zero', 1)] }));
    const found = { ...model, graph: { ...model.graph, node: [...model.graph.node, node] } };
    expect(findPooling(found, 'tokens')).toBe('cls');
    expect(findPooling(model, 'tokens')).toBe('unclear');
  });
});
