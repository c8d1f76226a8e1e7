import { describe, expect, it } from 'vitest';
import { createNetworkBuilder } from '../../../core/network/description/network-builder.ts';

const SIZE = { height: 8, width: 8, channels: 3 } as const;

describe('createNetworkBuilder', () => {
  it('names layers as a fresh Keras session does', () => {
    const n = createNetworkBuilder('net', SIZE);
    let x = n.input();
    x = n.conv2d(x, { filters: 2, kernelSize: 1 });
    x = n.conv2d(x, { name: 'mine', filters: 2, kernelSize: 1 });
    x = n.conv2d(x, { filters: 2, kernelSize: 1 });
    x = n.relu(n.batchNormalization(x));
    n.activation(x, { activation: 'silu' });
    expect(n.build().layers.map((layer) => layer.name)).toEqual([
      'input_layer',
      'conv2d',
      'mine',
      'conv2d_1',
      'batch_normalization',
      're_lu',
      'activation',
    ]);
  });

  it("fills in Keras's defaults", () => {
    const n = createNetworkBuilder('net', SIZE);
    n.maxPooling2d(n.conv2d(n.input(), { filters: 2, kernelSize: [3, 1] }), { poolSize: 2 });
    expect(n.build().layers.slice(1)).toMatchObject([
      {
        kernelSize: [3, 1],
        strides: [1, 1],
        padding: 'valid',
        groups: 1,
        useBias: true,
        activation: 'linear',
      },
      { poolSize: [2, 2], strides: [2, 2], padding: 'valid' },
    ]);
  });

  it('knows the shapes written so far', () => {
    const n = createNetworkBuilder('net', SIZE);
    const x = n.conv2d(n.input(), { filters: 5, kernelSize: 3, strides: 2, padding: 'same' });
    expect(n.shape(x)).toEqual([4, 4, 5]);
    expect(n.channels(x)).toBe(5);
  });

  it('rejects a name used twice', () => {
    const n = createNetworkBuilder('net', SIZE);
    const x = n.input({ name: 'a' });
    expect(() => n.flatten(x, { name: 'a' })).toThrow('Network "net" has two layers named "a".');
  });

  it('rejects an input that is no layer', () => {
    const n = createNetworkBuilder('net', SIZE);
    expect(() => n.flatten('nowhere')).toThrow('reads "nowhere", which is not a layer before it');
  });

  it('rejects shapes that do not fit together', () => {
    const n = createNetworkBuilder('net', SIZE);
    const x = n.input();
    const half = n.maxPooling2d(x, { poolSize: 2 });
    expect(() => n.add([x, half])).toThrow('cannot broadcast [8, 8, 3] and [4, 4, 3]');
    expect(() => n.concatenate([x, half])).toThrow('cannot concatenate [8, 8, 3] and [4, 4, 3]');
    expect(() => n.reshape(x, { targetShape: [7] })).toThrow('cannot reshape [8, 8, 3] to [7]');
    expect(() => n.conv2d(n.flatten(x), { filters: 1, kernelSize: 1 })).toThrow(
      'needs [height, width, channels]',
    );
  });

  it('rejects a window larger than the map', () => {
    const n = createNetworkBuilder('net', SIZE);
    expect(() => n.conv2d(n.input(), { filters: 1, kernelSize: 9 })).toThrow(
      expect.objectContaining({ code: 'input-too-small' }),
    );
  });
});
