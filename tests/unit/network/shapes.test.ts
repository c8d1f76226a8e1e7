import { describe, expect, it } from 'vitest';
import type { Network } from '../../../core/network/description/network.ts';
import { createNetworkBuilder } from '../../../core/network/description/network-builder.ts';
import { layerShapes, samePadding } from '../../../core/network/description/shapes.ts';

describe('samePadding', () => {
  it.each([
    { size: 4, window: 3, stride: 2, expected: [0, 1] },
    { size: 5, window: 3, stride: 2, expected: [1, 1] },
    { size: 5, window: 3, stride: 1, expected: [1, 1] },
    { size: 5, window: 2, stride: 1, expected: [0, 1] },
    { size: 4, window: 1, stride: 3, expected: [0, 0] },
  ])('puts the odd row after, for $size pixels under a window of $window with stride $stride', (c) => {
    expect(samePadding(c.size, c.window, c.stride)).toEqual(c.expected);
  });
});

describe('layerShapes', () => {
  it('leaves open sizes open', () => {
    const closed = createNetworkBuilder('net', { height: 8, width: 8, channels: 3 });
    let x = closed.conv2d(closed.input({ name: 'in' }), {
      name: 'conv',
      filters: 2,
      kernelSize: 3,
      strides: 2,
    });
    x = closed.zeroPadding2d(x, { name: 'pad', padding: 1 });
    closed.globalAveragePooling2d(closed.add([x, x], { name: 'add' }), { name: 'pool' });
    const { name, layers } = closed.build();
    const open: Network = {
      name,
      layers: layers.map((layer) => (layer.type === 'input' ? { ...layer, shape: [null, null, 3] } : layer)),
    };
    expect(Object.fromEntries(layerShapes(open))).toEqual({
      in: [null, null, 3],
      conv: [null, null, 2],
      pad: [null, null, 2],
      add: [null, null, 2],
      pool: [2],
    });
  });

  it('rejects a layer that reads what comes after it', () => {
    const network: Network = { name: 'net', layers: [{ type: 'flatten', name: 'a', inputs: ['b'] }] };
    expect(() => layerShapes(network)).toThrow(
      'Layer "a" (flatten) reads "b", which does not come before it.',
    );
  });

  it('rejects flattening an open size', () => {
    const network: Network = {
      name: 'net',
      layers: [
        { type: 'input', name: 'in', inputs: [], shape: [null, 4, 3] },
        { type: 'flatten', name: 'flat', inputs: ['in'] },
      ],
    };
    expect(() => layerShapes(network)).toThrow('needs a closed input shape, and got [?, 4, 3]');
  });
});
