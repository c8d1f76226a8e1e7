import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { measureTfjs } from '../../../batch-job/report/measure-tfjs.ts';
import { decodeToInput, inputLength } from '../../../core/image/decode-to-input.ts';
import { findArchitecture } from '../../../core/network/architectures/architectures.ts';
import { toOnnx } from '../../../core/network/onnx/to-onnx.ts';
import { toTfjs } from '../../../core/network/tfjs/to-tfjs.ts';
import { livelyWeights } from '../../support/lively-weights.ts';
import { makePattern } from '../../support/make-dataset.ts';
import { runOnnx } from '../../support/run-onnx.ts';

const { build, defaultInputSize, preprocessing } = findArchitecture('small_cnn');
const input = { ...defaultInputSize, preprocessing, resize: 'stretch' as const };
const network = build({ inputSize: defaultInputSize, classes: 3 });

async function setUp() {
  const bytes = await sharp(await makePattern(1))
    .resize(input.width, input.height, { fit: 'fill' })
    .png()
    .toBuffer();
  const image = await decodeToInput(bytes, input, new Float32Array(inputLength(input)));
  const shape = [1, input.height, input.width, input.channels];
  const weights = await livelyWeights(network, 1, image, shape);
  const served = await runOnnx(toOnnx(network, weights), image, shape);
  return {
    png: bytes.toString('base64'),
    probabilities: [...(served.get('probabilities')?.values ?? [])],
    model: toTfjs(network, weights),
  };
}

describe('measureTfjs', () => {
  it('finds the files for TensorFlow.js and the served model equal up to rounding', async () => {
    const { png, probabilities, model } = await setUp();
    const difference = await measureTfjs(model, [{ png, probabilities }], input);
    expect(difference).toBeLessThan(1e-5);
    expect(difference).toBeGreaterThanOrEqual(0);
  });

  it('takes golden pictures as they are, also where the model cuts pictures', async () => {
    const { png, probabilities, model } = await setUp();
    const cut = { ...input, resize: 'cover' as const, crop: 0.6 };
    expect(await measureTfjs(model, [{ png, probabilities }], cut)).toBeLessThan(1e-5);
  });

  it('measures the difference to another model, and Infinity to one with other classes', async () => {
    const { png, probabilities, model } = await setUp();
    const turned = probabilities.toReversed();
    expect(await measureTfjs(model, [{ png, probabilities: turned }], input)).toBeGreaterThan(1e-3);
    expect(await measureTfjs(model, [{ png, probabilities: [...probabilities, 0] }], input)).toBe(Infinity);
  });

  it('gives null where there are no golden pictures', async () => {
    const { model } = await setUp();
    expect(await measureTfjs(model, [], input)).toBeNull();
  });
});
