import { describe, expect, it } from 'vitest';
import { createNetworkBuilder } from '../../../core/network/network-builder.ts';
import { toOnnx } from '../../../core/network/onnx/to-onnx.ts';
import { cutAfter, splitAt } from '../../../core/network/split-at.ts';
import { randomValues, randomWeights } from '../../support/random-weights.ts';
import { runOnnx } from '../../support/run-onnx.ts';

function network({ keepDims }: { readonly keepDims: boolean }) {
  const n = createNetworkBuilder('net', { height: 6, width: 6, channels: 3 });
  const input = n.input({ name: 'image' });
  const conv = n.conv2d(input, { name: 'conv', filters: 4, kernelSize: 3, activation: 'relu' });
  n.conv2d(input, { name: 'unused', filters: 4, kernelSize: 3 });
  const pool = n.globalAveragePooling2d(conv, { name: 'pool', keepDims });
  const dropout = n.dropout(pool, { name: 'dropout', rate: 0.5 });
  if (keepDims)
    n.activation(n.flatten(n.conv2d(dropout, { name: 'out', filters: 5, kernelSize: 1 })), {
      activation: 'softmax',
    });
  else n.dense(dropout, { name: 'out', units: 5, activation: 'softmax' });
  return n.build();
}

describe('splitAt', () => {
  it.each([{ keepDims: false }, { keepDims: true }])(
    'gives halves that do together what the network does ($keepDims)',
    async (options) => {
      const whole = network(options);
      const { backbone, head, features } = splitAt(whole, 'pool');
      const weights = randomWeights(whole, 7);
      const input = randomValues(2 * 6 * 6 * 3, 8);
      const one = await runOnnx(toOnnx(whole, weights), input, [2, 6, 6, 3]);
      const vector = await runOnnx(
        toOnnx(backbone, weights, { outputName: 'features' }),
        input,
        [2, 6, 6, 3],
      );
      const values = vector.get('features')?.values ?? new Float32Array();
      expect(values.length).toBe(2 * features);
      const two = await runOnnx(toOnnx(head, weights), values, [2, 1, 1, features]);
      expect(two.get('probabilities')).toEqual(one.get('probabilities'));
    },
  );

  it('gives a head on vectors [1, 1, features], flattened where the layers above read a vector', () => {
    expect(splitAt(network({ keepDims: false }), 'pool').head.layers.slice(0, 3)).toMatchObject([
      { type: 'input', shape: [1, 1, 4] },
      { type: 'flatten' },
      { type: 'dropout', name: 'dropout' },
    ]);
    expect(splitAt(network({ keepDims: true }), 'pool').head.layers.slice(0, 2)).toMatchObject([
      { type: 'input', shape: [1, 1, 4] },
      { type: 'dropout', name: 'dropout' },
    ]);
  });

  it('rejects a layer whose output is a map', () => {
    expect(() => splitAt(network({ keepDims: false }), 'conv')).toThrow(
      'Network "net" cannot be split at "conv": its output [4, 4, 4] is no vector.',
    );
  });

  it('rejects a layer that others read past', () => {
    const n = createNetworkBuilder('net', { height: 1, width: 1, channels: 3 });
    const flat = n.flatten(n.input(), { name: 'flat' });
    const a = n.dense(flat, { name: 'a', units: 3 });
    n.add([a, flat], { name: 'sum' });
    expect(() => splitAt(n.build(), 'a')).toThrow('"sum" above it reads "flat" below it');
  });
});

describe('cutAfter', () => {
  it('keeps what the layer needs and nothing else', () => {
    const cut = cutAfter(network({ keepDims: false }), 'pool');
    expect(cut.layers.map((layer) => layer.name)).toEqual(['image', 'conv', 'pool']);
  });

  it('rejects a layer that is not there', () => {
    expect(() => cutAfter(network({ keepDims: false }), 'nowhere')).toThrow(
      expect.objectContaining({ code: 'layer-unknown', param: 'nowhere' }),
    );
  });
});
