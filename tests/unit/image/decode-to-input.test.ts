import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeToInput, inputLength, toNetworkInput } from '../../../core/image/decode-to-input.ts';
import type { ModelInput } from '../../../core/image/model-input.ts';
import { preprocessPixels } from '../../../core/image/preprocess-pixels.ts';

const INPUT: ModelInput = { height: 2, width: 3, channels: 3, preprocessing: 'tf', resize: 'stretch' };
const orange = () =>
  sharp({ create: { width: 6, height: 4, channels: 3, background: '#ff8000' } })
    .png()
    .toBuffer();

describe('preprocessPixels', () => {
  // From keras.applications.imagenet_utils.preprocess_input, Keras 3.15.1, float32, data_format channels_last.
  it.each([
    ['tf', [1, 0.003921627998352051, -1, -0.9921568632125854, 0.9921568632125854, -0.3960784077644348]],
    [
      'torch',
      [
        2.248908281326294, 0.20518219470977783, -1.804444432258606, -2.1007792949676514, 2.4110641479492188,
        -0.46239641308784485,
      ],
    ],
    [
      'caffe',
      [
        -103.93900299072266, 11.221000671386719, 131.32000732421875, -26.939002990722656, 137.22100830078125,
        -122.68000030517578,
      ],
    ],
  ] as const)('computes the mode %s to the bit', (mode, expected) => {
    expect([...preprocessPixels(Uint8Array.of(255, 128, 0, 1, 254, 77), 3, mode)]).toEqual(expected);
  });

  it('computes the modes unit and none', () => {
    expect([...preprocessPixels(Uint8Array.of(255, 51, 0), 3, 'unit')]).toEqual([1, Math.fround(0.2), 0]);
    expect([...preprocessPixels(Uint8Array.of(255, 51, 0), 3, 'none')]).toEqual([255, 51, 0]);
  });

  it('rejects modes of three means for one channel', () => {
    expect(() => preprocessPixels(Uint8Array.of(1), 1, 'torch')).toThrow(
      /needs 3 channels, but the input has 1/,
    );
    expect([...preprocessPixels(Uint8Array.of(0, 255), 1, 'tf')]).toEqual([-1, 1]);
  });

  it('throws rather than writing past the target', () => {
    expect(() => preprocessPixels(Uint8Array.of(1, 2, 3), 3, 'none', new Float32Array(5), 3)).toThrow(
      RangeError,
    );
  });
});

describe('decodeToInput', () => {
  it('gives height × width × channels', async () => {
    const values = await decodeToInput(await orange(), INPUT);
    expect(values).toHaveLength(inputLength(INPUT));
    expect([...values.subarray(0, 3)]).toEqual([1, Math.fround(Math.fround(128 / 127.5) - 1), -1]);
  });

  it('fills one place of a batch and leaves the others', async () => {
    const input: ModelInput = { ...INPUT, preprocessing: 'none' };
    const size = inputLength(input);
    const batch = new Float32Array(3 * size).fill(-7);
    await decodeToInput(await orange(), input, batch.subarray(size, 2 * size));
    expect(batch.subarray(0, size).every((value) => value === -7)).toBe(true);
    expect([...batch.subarray(size, size + 3)]).toEqual([255, 128, 0]);
    expect(batch.subarray(2 * size).every((value) => value === -7)).toBe(true);
  });

  it('leaves the target unchanged where the picture cannot be read', async () => {
    const target = new Float32Array(inputLength(INPUT)).fill(3);
    await expect(decodeToInput(Uint8Array.of(1, 2, 3), INPUT, target)).rejects.toMatchObject({
      code: 'image-unsupported',
    });
    expect(target.every((value) => value === 3)).toBe(true);
  });

  it('throws for pixels of another size', () => {
    const image = { pixels: new Uint8Array(12), width: 2, height: 2, channels: 3 } as const;
    expect(() => toNetworkInput(image, INPUT)).toThrow(/2 × 2 × 3, but the input is 2 × 3 × 3/);
  });
});
