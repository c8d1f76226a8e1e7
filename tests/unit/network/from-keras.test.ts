import { readFileSync } from 'node:fs';
import path from 'node:path';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { createNetworkBuilder } from '../../../core/network/description/network-builder.ts';
import { weightSpecs } from '../../../core/network/description/weight-specs.ts';
import { splitAt } from '../../../core/network/surgery/split-at.ts';
import { matchKerasWeights } from '../../../core/network/weights/from-keras.ts';
import { type KerasWeight, readKerasWeights } from '../../../core/network/weights/read-keras-weights.ts';
import { isMissing, SHARED_DIR } from '../../support/keras-golden.ts';
import { randomWeights } from '../../support/random-weights.ts';
import { tinyNetwork } from '../../support/tiny-network.ts';

/** The tensors of a file of the tiny network. */
function tensors(): KerasWeight[] {
  const weights = randomWeights(tinyNetwork(), 1);
  return weightSpecs(tinyNetwork()).map(({ key, layer, name, shape }) => ({
    layer,
    scope: layer,
    name,
    shape,
    values: weights.get(key) ?? new Float32Array(),
  }));
}

const change = (list: readonly KerasWeight[], layer: string, name: string, to: Partial<KerasWeight>) =>
  list.map((tensor) => (tensor.layer === layer && tensor.name === name ? { ...tensor, ...to } : tensor));

describe('matchKerasWeights', () => {
  it('matches by layer name, in any order of layers', () => {
    expect(matchKerasWeights(tinyNetwork(), tensors().toReversed())).toEqual(randomWeights(tinyNetwork(), 1));
  });

  it('takes weights under the names of older files', () => {
    const older = tensors().map((tensor) => ({ ...tensor, name: `${tensor.layer}_${tensor.name}_1` }));
    expect(matchKerasWeights(tinyNetwork(), older)).toEqual(randomWeights(tinyNetwork(), 1));
  });

  it('finds layers under the names of Keras 2, with slashes and capitals', () => {
    const older = tensors().map((tensor) =>
      tensor.layer === 'depthwise_bn' ? { ...tensor, layer: 'Depthwise/BatchNorm' } : tensor,
    );
    expect(matchKerasWeights(tinyNetwork(), older)).toEqual(randomWeights(tinyNetwork(), 1));
  });

  it('finds the layers of a Sequential', () => {
    const nested = tensors().map((tensor) =>
      tensor.layer === 'conv' ? { ...tensor, layer: 'stem' } : tensor,
    );
    expect(matchKerasWeights(tinyNetwork(), nested)).toEqual(randomWeights(tinyNetwork(), 1));
  });

  it('takes the backbone out of a file with a head of any size', () => {
    const { backbone } = splitAt(tinyNetwork(), 'avg_pool');
    const file = change(tensors(), 'predictions', 'kernel', {
      shape: [16, 1000],
      values: new Float32Array(16000),
    });
    expect([...matchKerasWeights(backbone, file).keys()]).not.toContain('predictions/kernel');
  });

  it('names every weight that is missing, of another shape or too many, in one error', () => {
    const file = change(tensors(), 'predictions', 'kernel', {
      shape: [16, 1000],
      values: new Float32Array(16000),
    })
      .filter((tensor) => tensor.layer !== 'bn')
      .concat({ layer: 'conv', scope: 'conv', name: 'bias', shape: [8], values: new Float32Array(8) });
    let details: unknown;
    try {
      matchKerasWeights(tinyNetwork(), file);
    } catch (error) {
      expect(error).toMatchObject({ code: 'weights-mismatch' });
      details = (error as { details: unknown }).details;
    }
    expect(details).toEqual({
      problems: [
        '"conv" has 2 weights in the file (kernel, bias), and the network takes 1',
        '"bn/gamma" [8] is missing',
        '"bn/beta" [8] is missing',
        '"bn/moving_mean" [8] is missing',
        '"bn/moving_variance" [8] is missing',
        '"predictions/kernel" is [16, 1000] in the file, and the network needs [16, 10]',
      ],
    });
  });

  it('matches the layers that Keras numbered by itself by their order', () => {
    const n = createNetworkBuilder('net', { height: 2, width: 2, channels: 1 });
    let x = n.input();
    for (let i = 0; i < 11; i++) x = n.conv2d(x, { filters: i + 1, kernelSize: 1, useBias: false });
    const network = n.build();
    const specs = weightSpecs(network);
    const file = specs
      .map(({ name, shape, size }, i) => ({
        layer: `conv2d_${i + 38}`,
        scope: 'conv2d',
        name,
        shape,
        values: new Float32Array(size).fill(i),
      }))
      .toReversed();
    const weights = matchKerasWeights(network, file);
    specs.forEach(({ key }, i) => {
      expect(weights.get(key)?.[0]).toBe(i);
    });
  });
});

const FILE = path.join(SHARED_DIR, 'data/weights/tiny/tiny_weights_legacy.h5');

describe('readKerasWeights', () => {
  it.each([
    [
      'bytes that are no HDF5 file',
      new TextEncoder().encode('no HDF5 file at all'),
      'file signature not found',
    ],
    ['an empty file', new Uint8Array(), 'file signature not found'],
  ])('rejects %s', async (_, bytes, reason) => {
    await expect(readKerasWeights(bytes)).rejects.toMatchObject({
      code: 'weights-unreadable',
      message: expect.stringContaining(`HDF5 says "${reason}"`),
    });
  });

  it.skipIf(isMissing(FILE))('rejects a file that breaks off, anywhere', async () => {
    const bytes = readFileSync(FILE);
    for (const part of [0.05, 0.3, 0.6, 0.99]) {
      await expect(readKerasWeights(bytes.subarray(0, part * bytes.length))).rejects.toMatchObject({
        code: 'weights-unreadable',
      });
    }
  });

  it.each([
    [
      'an archive without weights',
      zipSync({ 'config.json': new Uint8Array(10) }),
      'the archive has no model.weights.h5',
    ],
    [
      'a broken archive',
      zipSync({ 'model.weights.h5': new Uint8Array(1000) }).subarray(0, 60),
      'the archive is broken',
    ],
    [
      'an archive that unpacks to far more',
      zipSync({ 'model.weights.h5': new Uint8Array(1e6) }),
      'would unpack to',
    ],
  ])('rejects %s', async (_, bytes, reason) => {
    await expect(readKerasWeights(bytes)).rejects.toMatchObject({
      code: 'weights-unreadable',
      message: expect.stringContaining(reason),
    });
  });
});
