import { describe, expect, it } from 'vitest';
import { ARCHITECTURES, findArchitecture } from '../../../core/network/architectures/architectures.ts';
import { layerShapes } from '../../../core/network/description/shapes.ts';
import { weightSpecs } from '../../../core/network/description/weight-specs.ts';
import { toOnnx } from '../../../core/network/onnx/to-onnx.ts';
import { cutAfter } from '../../../core/network/surgery/split-at.ts';
import { toFullyConvolutional } from '../../../core/network/surgery/to-fully-convolutional.ts';
import { randomValues, randomWeights } from '../../support/random-weights.ts';
import { runOnnx } from '../../support/run-onnx.ts';

describe.each(ARCHITECTURES)('$name fully convolutional', ({ build, defaultInputSize }) => {
  it('has the weights of the classifier, takes any size and ends in a map of classes', () => {
    const network = build({ inputSize: defaultInputSize, classes: 3 });
    const converted = toFullyConvolutional(network);
    const sizes = (list: ReturnType<typeof weightSpecs>) => list.map(({ key, size }) => `${key} ${size}`);
    expect(sizes(weightSpecs(converted))).toEqual(sizes(weightSpecs(network)));
    expect(layerShapes(converted).get(converted.layers.at(-1)?.name ?? '')).toEqual([null, null, 3]);
  });
});

describe('LeNet-5 fully convolutional', () => {
  const { build } = findArchitecture('lenet5');
  const network = build({ inputSize: { height: 32, width: 32, channels: 1 }, classes: 10 });
  const weights = randomWeights(network, 3);

  it('answers at every place what the classifier answers for the part of the picture there', async () => {
    const [height, width, stride] = [44, 36, 4];
    const picture = randomValues(height * width, 4);
    const map = await runOnnx(toOnnx(toFullyConvolutional(network), weights), picture, [1, height, width, 1]);
    const { values, shape } = map.get('probabilities') ?? { values: new Float32Array(), shape: [] };
    expect(shape).toEqual([1, 4, 2, 10]);
    for (let row = 0; row < 4; row++) {
      for (let column = 0; column < 2; column++) {
        const crop = Float32Array.from({ length: 32 * 32 }, (_, i) => {
          const y = row * stride + Math.floor(i / 32);
          return picture[y * width + column * stride + (i % 32)] ?? Number.NaN;
        });
        const answer = await runOnnx(toOnnx(network, weights), crop, [1, 32, 32, 1]);
        const place = (row * 2 + column) * 10;
        answer.get('probabilities')?.values.forEach((probability, i) => {
          expect(Math.abs((values[place + i] ?? Number.NaN) - probability)).toBeLessThan(1e-6);
        });
      }
    }
  });
});

describe('toFullyConvolutional', () => {
  it('rejects a network that gives no vector', () => {
    const { build, defaultInputSize } = findArchitecture('three_conv_cnn');
    const map = cutAfter(build({ inputSize: defaultInputSize, classes: 3 }), 'conv3');
    expect(() => toFullyConvolutional(map)).toThrow(
      'Network "three_conv_cnn" cannot be made fully convolutional: its last layer "conv3" gives [25, 38, 400]',
    );
  });
});
