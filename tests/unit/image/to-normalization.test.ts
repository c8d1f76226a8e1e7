import { describe, expect, it } from 'vitest';
import { toPreprocessing } from '../../../cli/commands/preprocessing-options.ts';
import { stepsOf } from '../../../core/image/preprocess-pixels.ts';
import { toNormalization } from '../../../core/image/to-normalization.ts';

describe('toNormalization', () => {
  it('takes one number for all colors, or one for each', () => {
    expect(toNormalization({ mean: [0.5], std: [0.5] })).toEqual({ mean: [0.5], std: [0.5], order: 'rgb' });
    const torch = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
    const { mean, deviation } = stepsOf('torch');
    expect(toNormalization(torch)).toEqual({ mean, std: deviation, order: 'rgb' });
    expect(toNormalization({})).toBeUndefined();
  });

  it.each([
    [{ mean: [0.5] }, /The std was given alone|The mean was given alone|std.*go together/],
    [{ mean: [123.675, 116.28, 103.53], std: [0.229, 0.224, 0.225] }, /mean 123\.675.*by 255/],
    [{ mean: [0.5], std: [58.395, 57.12, 57.375] }, /std 58\.395.*by 255/],
    [{ mean: [0.5, 0.5], std: [0.5] }, /mean 0\.5,0\.5 has 2 numbers/],
    [{ mean: [0.5], std: [0] }, /std 0 must be/],
    [{ mean: [-0.1], std: [1] }, /mean -0\.1 must be/],
  ])('rejects %j', (given, message) => {
    expect(() => toNormalization(given)).toThrow(expect.objectContaining({ code: 'preprocessing-invalid' }));
    expect(() => toNormalization(given)).toThrow(message);
  });
});

describe('toPreprocessing', () => {
  it('is a name or numbers, and rejects both', () => {
    expect(toPreprocessing({ preprocessing: 'tf' })).toBe('tf');
    expect(toPreprocessing({ mean: [0.5], std: [0.5] })).toMatchObject({ mean: [0.5] });
    expect(() => toPreprocessing({ preprocessing: 'tf', mean: [0.5], std: [0.5] })).toThrow(
      /Give one of them/,
    );
  });
});
