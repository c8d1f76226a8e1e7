import { describe, expect, it } from 'vitest';
import type { Network } from '../../../core/network/description/network.ts';
import { createNetworkBuilder } from '../../../core/network/description/network-builder.ts';
import { decodeModel } from '../../../core/network/onnx/onnx-schema.ts';
import { toOnnx } from '../../../core/network/onnx/to-onnx.ts';
import { randomValues, randomWeights } from '../../support/random-weights.ts';
import { runOnnx } from '../../support/run-onnx.ts';

function network(): Network {
  const n = createNetworkBuilder('net', { height: 6, width: 6, channels: 3 });
  let x = n.input({ name: 'image' });
  x = n.zeroPadding2d(x, { name: 'pad', padding: 1 });
  x = n.conv2d(x, { name: 'conv', filters: 4, kernelSize: 3, useBias: false });
  x = n.batchNormalization(x, { name: 'bn' });
  x = n.relu(x, { name: 'relu' });
  n.dense(n.globalAveragePooling2d(x, { name: 'pool' }), { name: 'out', units: 2, activation: 'softmax' });
  return n.build();
}

const opsOf = (model: Uint8Array) => decodeModel(model).graph.node.map((node) => node.opType);

describe('toOnnx', () => {
  it('takes batch normalization and zero padding into the convolution', () => {
    expect(opsOf(toOnnx(network(), randomWeights(network(), 1)))).toEqual([
      'Transpose',
      'Conv',
      'Relu',
      'GlobalAveragePool',
      'Flatten',
      'Gemm',
      'Softmax',
      'Identity',
    ]);
  });

  it('takes zero padding into a max pooling of values that are never negative, and into no other', () => {
    const opsAfter = (activation: 'relu' | 'tanh') => {
      const n = createNetworkBuilder('net', { height: 4, width: 4, channels: 1 });
      const x = n.activation(n.conv2d(n.input(), { filters: 1, kernelSize: 1 }), { activation });
      n.maxPooling2d(n.zeroPadding2d(x, { padding: 1 }), { poolSize: 3, strides: 2 });
      return opsOf(toOnnx(n.build(), randomWeights(n.build(), 1)));
    };
    expect(opsAfter('relu')).not.toContain('Pad');
    expect(opsAfter('tanh')).toContain('Pad');
  });

  it('leaves out of the folding what is asked for, and gives it as Keras does', async () => {
    const weights = randomWeights(network(), 1);
    const model = toOnnx(network(), weights, { layerOutputs: ['pad', 'conv', 'bn'] });
    expect(opsOf(model)).toContain('BatchNormalization');
    const outputs = await runOnnx(model, randomValues(6 * 6 * 3, 2), [1, 6, 6, 3]);
    expect([...outputs].map(([name, { shape }]) => [name, shape])).toEqual([
      ['probabilities', [1, 2]],
      ['pad', [1, 8, 8, 3]],
      ['conv', [1, 6, 6, 4]],
      ['bn', [1, 6, 6, 4]],
    ]);
  });

  it('does not fold into a convolution that another layer reads too', async () => {
    const n = createNetworkBuilder('net', { height: 4, width: 4, channels: 1 });
    const conv = n.conv2d(n.input(), { filters: 2, kernelSize: 1 });
    n.add([conv, n.batchNormalization(conv)]);
    expect(opsOf(toOnnx(n.build(), randomWeights(n.build(), 1)))).toContain('BatchNormalization');
  });

  it('pins opset 17 and leaves the batch open', () => {
    const { irVersion, opsetImport, graph } = decodeModel(toOnnx(network(), randomWeights(network(), 1)));
    expect({ irVersion, opsetImport }).toEqual({ irVersion: 8, opsetImport: [{ domain: '', version: 17 }] });
    const dimensions = graph.input[0]?.type.tensorType.shape?.dim;
    expect(graph.input[0]?.name).toBe('input');
    expect(dimensions).toMatchObject([
      { dimParam: 'batch' },
      { dimValue: 6 },
      { dimValue: 6 },
      { dimValue: 3 },
    ]);
  });

  it('gives the same bytes for the same weights', () => {
    const bytes = () => toOnnx(network(), randomWeights(network(), 1));
    expect(Buffer.from(bytes()).equals(Buffer.from(bytes()))).toBe(true);
  });

  it('names the output as told', async () => {
    const model = toOnnx(network(), randomWeights(network(), 1), { outputName: 'scores' });
    expect(decodeModel(model).graph.output.map((output) => output.name)).toEqual(['scores']);
  });

  it('keeps values apart whose layers are named as the input or output', async () => {
    const n = createNetworkBuilder('net', { height: 2, width: 2, channels: 1 });
    let x = n.input({ name: 'image' });
    x = n.conv2d(x, { name: 'input', filters: 1, kernelSize: 1 });
    x = n.conv2d(x, { name: 'probabilities', filters: 1, kernelSize: 1 });
    n.flatten(x, { name: 'flat' });
    const outputs = await runOnnx(
      toOnnx(n.build(), randomWeights(n.build(), 1)),
      randomValues(4, 1),
      [1, 2, 2, 1],
    );
    expect(outputs.get('probabilities')?.shape).toEqual([1, 4]);
  });

  it('rejects weights that are missing or of another size, naming each', () => {
    const weights = new Map(randomWeights(network(), 1));
    weights.delete('conv/kernel');
    weights.set('out/bias', new Float32Array(3));
    expect(() => toOnnx(network(), weights)).toThrow(
      'The weights do not fit network "net": "conv/kernel" [3, 3, 3, 4] is missing; "out/bias" has 3 values, and [2] needs 2.',
    );
  });

  it('rejects the output of a layer that is not there', () => {
    expect(() => toOnnx(network(), randomWeights(network(), 1), { layerOutputs: ['nowhere'] })).toThrow(
      expect.objectContaining({ code: 'layer-unknown' }),
    );
  });

  it('writes a hundred megabytes of weights in a few seconds', () => {
    const n = createNetworkBuilder('net', { height: 1, width: 1, channels: 1 });
    n.dense(n.dense(n.flatten(n.input()), { units: 5000 }), { units: 5000 });
    const weights = randomWeights(n.build(), 1);
    const start = performance.now();
    expect(toOnnx(n.build(), weights).byteLength).toBeGreaterThan(100_000_000);
    expect(performance.now() - start).toBeLessThan(5000);
  });
});
