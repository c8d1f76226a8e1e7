// Saved models of Keras and TensorFlow.js as networks: both notations, and what is refused by name.

import { describe, expect, it } from 'vitest';
import { networkOf } from '../../../core/network/keras/network-of.ts';
import { parseLayersModel, readGroup } from '../../../core/network/keras/read-layers-model.ts';
import { toTfjs } from '../../../core/network/tfjs/to-tfjs.ts';
import { matchKerasWeights } from '../../../core/network/weights/from-keras.ts';
import { randomWeights } from '../../support/random-weights.ts';
import { tinyNetwork } from '../../support/tiny-network.ts';

const layer = (className: string, config: object, inputs?: readonly string[]) => ({
  class_name: className,
  config,
  name: (config as { name?: string }).name,
  ...(inputs === undefined ? {} : { inbound_nodes: [inputs.map((name) => [name, 0, 0, {}])] }),
});
const input = layer('InputLayer', { name: 'in', batch_input_shape: [null, 8, 8, 3] }, []);
const sequential = (...layers: readonly object[]) => layer('Sequential', { name: 'model', layers });
const dense = layer('Dense', { name: 'out', units: 2, activation: 'softmax' });

const refused = (saved: unknown) => {
  try {
    networkOf(saved);
  } catch (error) {
    return error;
  }
  return undefined;
};

describe('networkOf', () => {
  it('reads back what is exported for browsers, with the same weights', () => {
    const network = tinyNetwork();
    const weights = randomWeights(network, 1);
    const { modelJson, weightsBin } = toTfjs(network, weights);
    const { topology, groups } = parseLayersModel(JSON.parse(new TextDecoder().decode(modelJson)));
    const read = networkOf(topology);
    const tensors = groups.flatMap((group) => readGroup(group, weightsBin));
    expect(read.layers.map(({ name }) => name)).toEqual(
      network.layers.filter(({ type }) => type !== 'dropout').map(({ name }) => name),
    );
    expect(matchKerasWeights(read, tensors)).toEqual(weights);
  });

  it('reads the notation of Keras 3', () => {
    const tensor = (name: string) => ({
      class_name: '__keras_tensor__',
      config: { keras_history: [name, 0, 0] },
    });
    const network = networkOf({
      class_name: 'Functional',
      config: {
        name: 'model',
        layers: [
          { ...layer('InputLayer', { name: 'in', batch_shape: [null, 8, 8, 3] }), inbound_nodes: [] },
          {
            ...layer('Conv2D', { name: 'a', filters: 3, kernel_size: [1, 1] }),
            inbound_nodes: [{ args: [tensor('in')], kwargs: {} }],
          },
          {
            ...layer('Add', { name: 'sum' }),
            inbound_nodes: [{ args: [[tensor('in'), tensor('a')]], kwargs: {} }],
          },
        ],
        input_layers: ['in', 0, 0],
        output_layers: ['sum', 0, 0],
      },
    });
    expect(network.layers.map(({ name, inputs }) => [name, inputs])).toEqual([
      ['in', []],
      ['a', ['in']],
      ['sum', ['in', 'a']],
    ]);
  });

  it('names the layer that it does not have', () => {
    expect(refused(sequential(input, layer('LeakyReLU', { name: 'leaky' }), dense))).toMatchObject({
      code: 'model-unsupported',
      message: expect.stringMatching(/"leaky" is a "LeakyReLU".*It has Conv2D/),
      details: { layer: 'leaky', className: 'LeakyReLU' },
    });
  });

  it.each([
    ['constructor', layer('constructor', { name: 'x' })],
    ['dilation_rate', layer('Conv2D', { name: 'x', filters: 1, kernel_size: 3, dilation_rate: [2, 2] })],
    ['activation', layer('Dense', { name: 'x', units: 2, activation: 'hard_sigmoid' })],
    ['data_format', layer('Flatten', { name: 'x', data_format: 'channels_first' })],
    ['axis', layer('BatchNormalization', { name: 'x', axis: 1, epsilon: 0.001, momentum: 0.9 })],
    ['units', layer('Dense', { name: 'x', units: 'many' })],
  ])('refuses %s by name', (name, wrong) => {
    expect(refused(sequential(input, wrong, dense))).toMatchObject({
      code: 'model-unsupported',
      message: expect.stringContaining(name),
    });
  });

  it('refuses models in models without end, names that occur twice, and other JSON', () => {
    let nested: object = dense;
    for (let i = 0; i < 40; i++) nested = sequential(input, nested);
    expect(refused(nested)).toMatchObject({ code: 'model-unsupported' });
    expect(refused(sequential(input, layer('Flatten', { name: 'a' }), dense, dense))).toMatchObject({
      code: 'model-unsupported',
      message: expect.stringContaining('two layers named "out"'),
    });
    for (const other of [null, 7, [], {}, { class_name: 'Sequential' }, sequential()])
      expect(refused(other)).toMatchObject({ code: 'model-unsupported' });
  });
});

describe('parseLayersModel', () => {
  it('refuses graph models and quantized weights', () => {
    expect(() => parseLayersModel({ format: 'graph-model' })).toThrow(/graph model/);
    const weights = [{ name: 'a/kernel', shape: [1], dtype: 'float32', quantization: { dtype: 'uint8' } }];
    expect(() =>
      parseLayersModel({ modelTopology: {}, weightsManifest: [{ paths: ['w'], weights }] }),
    ).toThrow(/quantized/);
  });

  it('refuses weights that are shorter than their shapes', () => {
    const weights = [{ name: 'a/kernel', shape: [100, 1_000_000_000], dtype: 'float32' as const }];
    expect(() => readGroup({ paths: ['w'], weights }, new Uint8Array(16))).toThrow(/not whole/);
  });
});
