import { describe, expect, it } from 'vitest';
import { findArchitecture } from '../../../core/network/architectures/architectures.ts';
import { createNetworkBuilder } from '../../../core/network/description/network-builder.ts';
import { weightSpecs } from '../../../core/network/description/weight-specs.ts';
import { splitAt } from '../../../core/network/surgery/split-at.ts';
import { initializeWeights } from '../../../core/network/weights/initialize.ts';

function network() {
  const n = createNetworkBuilder('net', { height: 8, width: 8, channels: 3 });
  let x = n.normalization(n.input(), { mean: [1, 2, 3], variance: [4, 5, 6], weights: true });
  x = n.conv2d(x, { name: 'conv', filters: 64, kernelSize: 3 });
  x = n.layerScale(n.batchNormalization(x, { name: 'bn' }), { name: 'scale', initialValue: 1e-6 });
  n.dense(n.flatten(x), { name: 'dense', units: 10 });
  return n.build();
}

describe('initializeWeights', () => {
  it('fills every weight with as many values as it needs', () => {
    const weights = initializeWeights(network(), 1);
    for (const { key, size } of weightSpecs(network()))
      expect([key, weights.get(key)?.length]).toEqual([key, size]);
  });

  it('draws kernels uniformly within the bounds of Glorot and Bengio', () => {
    const kernel = initializeWeights(network(), 1).get('conv/kernel') ?? new Float32Array();
    const limit = Math.sqrt(6 / (9 * 3 + 9 * 64));
    const mean = kernel.reduce((sum, value) => sum + value, 0) / kernel.length;
    const variance = kernel.reduce((sum, value) => sum + (value - mean) ** 2, 0) / kernel.length;
    expect(Math.max(...kernel)).toBeLessThanOrEqual(limit);
    expect(Math.max(...kernel)).toBeGreaterThan(0.99 * limit);
    expect(Math.min(...kernel)).toBeLessThan(-0.99 * limit);
    expect(Math.abs(mean)).toBeLessThan(0.05 * limit);
    expect(variance / (limit ** 2 / 3)).toBeCloseTo(1, 1);
  });

  it('starts the other weights as Keras does', () => {
    const weights = initializeWeights(network(), 1);
    const distinct = (key: string) => [...new Set(weights.get(key))];
    expect(distinct('conv/bias')).toEqual([0]);
    expect(distinct('bn/gamma')).toEqual([1]);
    expect(distinct('bn/moving_mean')).toEqual([0]);
    expect(distinct('bn/moving_variance')).toEqual([1]);
    expect(distinct('scale/gamma')).toEqual([Math.fround(1e-6)]);
    expect(distinct('normalization/mean')).toEqual([1, 2, 3]);
    expect(distinct('normalization/count')).toEqual([0]);
  });

  it('gives the same values for the same seed, others for another, and others for another weight', () => {
    const kernel = (seed: number, key: string) => initializeWeights(network(), seed).get(key);
    expect(kernel(5, 'conv/kernel')).toEqual(kernel(5, 'conv/kernel'));
    expect(kernel(5, 'conv/kernel')).not.toEqual(kernel(6, 'conv/kernel'));
    expect(kernel(5, 'conv/kernel')?.slice(0, 10)).not.toEqual(kernel(5, 'dense/kernel')?.slice(0, 10));
  });

  it('starts a head on its own as within the whole network', () => {
    const { build, defaultInputSize, featureLayer } = findArchitecture('mobilenet_v2_0.35');
    const whole = build({ inputSize: defaultInputSize, classes: 4 });
    const { head } = splitAt(whole, featureLayer);
    expect(initializeWeights(head, 3).get('predictions/kernel')).toEqual(
      initializeWeights(whole, 3).get('predictions/kernel'),
    );
  });
});
