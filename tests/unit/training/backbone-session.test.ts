import { describe, expect, it } from 'vitest';
import { openBackbone, toOnnxBackbone } from '../../../batch-job/base/backbone-session.ts';
import { createNetworkBuilder } from '../../../core/network/description/network-builder.ts';
import { randomValues, randomWeights } from '../../support/random-weights.ts';
import { runOnnx } from '../../support/run-onnx.ts';

const INPUT = { height: 6, width: 6, channels: 3, preprocessing: 'tf', resize: 'stretch' } as const;
const PICTURE = 6 * 6 * 3;

function backbone() {
  const n = createNetworkBuilder('net', INPUT);
  n.conv2d(n.input(), { filters: 4, kernelSize: 3, activation: 'relu' });
  const network = n.build();
  return toOnnxBackbone(network, randomWeights(network, 1));
}

describe('a session of a frozen backbone', () => {
  it('answers concurrent runs, each with its own feature maps', async () => {
    const { onnx, features } = backbone();
    expect(features).toBe(4 * 4 * 4);
    const session = await openBackbone({ onnx, features }, INPUT);
    const batches = [1, 2, 3, 2].map((count, index) => ({
      count,
      images: randomValues(count * PICTURE, index),
    }));
    const answers = await Promise.all(batches.map(({ count, images }) => session.run(images.slice(), count)));
    for (const [index, { count, images }] of batches.entries()) {
      const [expected] = (await runOnnx(onnx, images, [count, 6, 6, 3])).values();
      expect(answers[index]).toHaveLength(count * features);
      expect(answers[index]).toEqual(expected?.values);
    }
    await session.release();
  });

  it('rejects a run that fails with the message of ONNX Runtime, and stays usable', async () => {
    const session = await openBackbone(backbone(), INPUT);
    await expect(session.run(new Float32Array(PICTURE), 2)).rejects.toThrow(/Tensor|dims|size/);
    expect(await session.run(new Float32Array(PICTURE), 1)).toHaveLength(64);
    await session.release();
  });

  it('rejects bytes that are no model', async () => {
    const nothing = { onnx: Uint8Array.of(1, 2, 3), features: 1 };
    await expect(openBackbone(nothing, INPUT)).rejects.toThrow(/protobuf|model/i);
  });
});
