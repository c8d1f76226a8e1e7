// Numbers of Géron, Hands-On Machine Learning, chapter 14 (exact), and multiply-adds that the papers of the networks give.

import { describe, expect, it } from 'vitest';
import { findArchitecture } from '../../../core/network/architectures/architectures.ts';
import { createNetworkBuilder } from '../../../core/network/description/network-builder.ts';
import { largestBatch, planNetwork, planTraining } from '../../../core/network/plan/plan.ts';
import { cutAfter } from '../../../core/network/surgery/split-at.ts';

const build = (name: string, classes = 1000) => {
  const { build: buildNetwork, defaultInputSize } = findArchitecture(name);
  return buildNetwork({ inputSize: defaultInputSize, classes });
};

describe("the course's three convolutions on 200×300×3", () => {
  const plan = planNetwork(cutAfter(build('three_conv_cnn'), 'conv3'));

  it('have 903,400 parameters', () => {
    expect(plan.parameters.total).toBe(903_400);
    expect(plan.layers.map((layer) => layer.parameters.total)).toEqual([0, 2_800, 180_200, 720_400]);
  });

  it('need 12,613,600 bytes for a prediction: two live layers and the parameters', () => {
    expect(plan.prediction).toEqual({ bytes: 12_613_600, activationBytes: 9_000_000, peakLayer: 'conv2' });
  });

  it('need 565,613,600 bytes for a mini-batch of 50', () => {
    expect(planTraining(plan, { batchSize: 50 })).toEqual({
      batchSize: 50,
      bytes: 565_613_600,
      activationBytes: 562_000_000,
      parameterBytes: 3_613_600,
      gradientBytes: 3_613_600,
      optimizerBytes: 7_227_200,
      backwardBytes: 450_000_000,
      totalBytes: 1_026_454_400,
    });
  });

  it('fit a GPU with as many samples as leave room for gradients and optimizer', () => {
    const batch = largestBatch(plan, 16e9);
    const bytesFor = (batchSize: number) => planTraining(plan, { batchSize }).totalBytes;
    expect(bytesFor(batch)).toBeLessThanOrEqual(16e9);
    expect(bytesFor(batch + 1)).toBeGreaterThan(16e9);
    expect(largestBatch(plan, 1e6)).toBe(0);
  });
});

describe('planNetwork', () => {
  it.each([
    { name: 'mobilenet_v2_1.0', multiplyAdds: 300e6, source: 'Sandler et al. 2018, table 4' },
    { name: 'mobilenet', multiplyAdds: 569e6, source: 'Howard et al. 2017, table 4' },
    { name: 'vgg16', multiplyAdds: 15.5e9, source: 'Canziani et al. 2016, figure 1' },
    { name: 'resnet50', multiplyAdds: 3.8e9, source: 'He et al. 2015, table 1' },
    { name: 'efficientnet_b0', multiplyAdds: 0.39e9, source: 'Tan and Le 2019, table 2' },
    { name: 'convnext_tiny', multiplyAdds: 4.5e9, source: 'Liu et al. 2022, table 1' },
  ])('counts the arithmetic of $name as its paper does ($source)', ({ name, multiplyAdds }) => {
    expect(planNetwork(build(name)).flops / 2 / multiplyAdds).toBeCloseTo(1, 1);
  });

  it('counts a dense layer by hand', () => {
    const n = createNetworkBuilder('net', { height: 1, width: 1, channels: 3 });
    n.dense(n.flatten(n.input()), { name: 'dense', units: 5, activation: 'relu' });
    const layer = planNetwork(n.build()).layers.find(({ name }) => name === 'dense');
    expect(layer).toMatchObject({
      flops: 2 * 3 * 5 + 5 + 5,
      outputBytes: 20,
      parameters: { total: 20, trainable: 20 },
    });
  });

  it('keeps what a later layer still reads', () => {
    const n = createNetworkBuilder('net', { height: 1, width: 1, channels: 1 });
    const input = n.input();
    let x = n.dense(input, { name: 'wide', units: 100 });
    x = n.dense(x, { name: 'narrow', units: 10 });
    x = n.dense(x, { name: 'narrower', units: 1 });
    n.add([x, input]);
    const live = Object.fromEntries(
      planNetwork(n.build()).layers.map((layer) => [layer.name, layer.liveBytes / 4]),
    );
    expect(live).toEqual({ input_layer: 1, wide: 101, narrow: 111, narrower: 12, add: 3 });
  });

  it('gives no memory to layers that pass their input on, but to dropout in training', () => {
    const n = createNetworkBuilder('net', { height: 2, width: 2, channels: 1 });
    n.dense(n.dropout(n.flatten(n.input()), { rate: 0.5 }), { units: 2 });
    const plan = planNetwork(n.build());
    expect(plan.layers.map((layer) => layer.outputBytes)).toEqual([16, 0, 0, 8]);
    expect(plan.layers.map((layer) => layer.trainingBytes)).toEqual([16, 0, 16, 8]);
    expect(plan.layers.map((layer) => layer.liveBytes)).toEqual([16, 16, 16, 24]);
  });

  it('rejects an open input size', () => {
    expect(() =>
      planNetwork({
        name: 'open',
        layers: [{ type: 'input', name: 'in', inputs: [], shape: [null, null, 3] }],
      }),
    ).toThrow('The shape [?, ?, 3] is open.');
  });
});
