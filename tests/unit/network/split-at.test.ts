import { describe, expect, it } from 'vitest';
import { findArchitecture } from '../../../core/network/architectures/architectures.ts';
import { createNetworkBuilder } from '../../../core/network/description/network-builder.ts';
import { toOnnx } from '../../../core/network/onnx/to-onnx.ts';
import { cutAfter, cutLayerBelow, lastStage, splitAt } from '../../../core/network/surgery/split-at.ts';
import { toFullyConvolutional } from '../../../core/network/surgery/to-fully-convolutional.ts';
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
      const { backbone, head, shape } = splitAt(whole, 'pool');
      const features = shape[2];
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

  it('gives a head on maps where the layer makes one', async () => {
    const whole = network({ keepDims: false });
    const { backbone, head, shape } = splitAt(whole, 'conv');
    expect(shape).toEqual([4, 4, 4]);
    const weights = randomWeights(whole, 7);
    const input = randomValues(2 * 6 * 6 * 3, 8);
    const one = await runOnnx(toOnnx(whole, weights), input, [2, 6, 6, 3]);
    const maps = await runOnnx(toOnnx(backbone, weights, { outputName: 'features' }), input, [2, 6, 6, 3]);
    const values = maps.get('features')?.values ?? new Float32Array();
    const two = await runOnnx(toOnnx(head, weights), values, [2, 4, 4, 4]);
    const expected = one.get('probabilities')?.values ?? new Float32Array();
    expect(expected).toHaveLength(2 * 5);
    two.get('probabilities')?.values.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i] ?? Number.NaN, 6);
    });
  });

  it('rejects a layer whose output has an open size', () => {
    const open = toFullyConvolutional(network({ keepDims: false }));
    expect(() => splitAt(open, 'conv')).toThrow('its output [?, ?, 4] has an open size');
  });

  it('rejects a layer that others read past', () => {
    const n = createNetworkBuilder('net', { height: 1, width: 1, channels: 3 });
    const flat = n.flatten(n.input(), { name: 'flat' });
    const a = n.dense(flat, { name: 'a', units: 3 });
    n.add([a, flat], { name: 'sum' });
    expect(() => splitAt(n.build(), 'a')).toThrow('"sum" above it reads "flat" below it');
  });
});

describe('cutLayerBelow', () => {
  const { build, defaultInputSize } = findArchitecture('mobilenet_v2_0.35');
  const mobilenet = build({ inputSize: defaultInputSize, classes: 2 });

  it('is the one layer that everything above reads what is below through', () => {
    expect(cutLayerBelow(mobilenet, 'block_13_expand')).toBe('block_12_add');
    expect(cutLayerBelow(mobilenet, 'predictions')).toBe('global_average_pooling2d');
  });

  it('is none within a residual block, nor below the first layer', () => {
    expect(cutLayerBelow(mobilenet, 'block_14_depthwise')).toBeUndefined();
    expect(cutLayerBelow(mobilenet, mobilenet.layers[0]?.name ?? '')).toBeUndefined();
  });
});

describe('lastStage', () => {
  const stageOf = (name: string) => {
    const { build, defaultInputSize } = findArchitecture(name);
    return lastStage(build({ inputSize: defaultInputSize, classes: 2 }));
  };

  it.each([
    ['mobilenet_v2_1.0', 'block_13_expand'],
    ['resnet50', 'conv5_block1_0_conv'],
    ['efficientnet_b0', 'block6a_expand_conv'],
    ['densenet121', 'pool4_pool'],
  ])('of %s begins at %s, where its smallest map is made', (name, layer) => {
    expect(stageOf(name)).toBe(layer);
  });

  it('is none where no layer makes the map smaller, or the picture alone lies below', () => {
    expect(lastStage(network({ keepDims: false }))).toBeUndefined();
    const n = createNetworkBuilder('flat', { height: 4, width: 4, channels: 3 });
    n.dense(n.flatten(n.input()), { units: 2, activation: 'softmax' });
    expect(lastStage(n.build())).toBeUndefined();
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
