import { describe, expect, it } from 'vitest';
import { editDistance } from '../../../core/edit-distance.ts';
import { ARCHITECTURES, findArchitecture } from '../../../core/network/architectures/architectures.ts';
import type { InputSize } from '../../../core/network/description/network.ts';
import { layerShapes } from '../../../core/network/description/shapes.ts';
import { countParameters, weightSpecs } from '../../../core/network/description/weight-specs.ts';
import { planNetwork } from '../../../core/network/plan/plan.ts';
import { splitAt } from '../../../core/network/surgery/split-at.ts';

describe.each(ARCHITECTURES)('$name', (architecture) => {
  const { build, defaultInputSize, minInputSize, featureLayer, weightSources } = architecture;

  it('ends in a probability for each class, at its default and at its smallest input', () => {
    for (const inputSize of [defaultInputSize, { ...minInputSize, channels: defaultInputSize.channels }]) {
      const network = build({ inputSize, classes: 7 });
      const last = network.layers.at(-1);
      expect(layerShapes(network).get(last?.name ?? '')).toEqual([7]);
      expect(last).toMatchObject({ activation: 'softmax' });
    }
  });

  it('splits at its feature layer into a backbone and a head that share no weight and lose none', () => {
    const network = build({ inputSize: defaultInputSize, classes: 3 });
    const { backbone, head, shape } = splitAt(network, featureLayer);
    const keys = [...weightSpecs(backbone), ...weightSpecs(head)].map(
      (spec) => `${spec.key} ${spec.shape.join()}`,
    );
    expect(keys).toEqual(weightSpecs(network).map((spec) => `${spec.key} ${spec.shape.join()}`));
    expect(shape.slice(0, 2)).toEqual([1, 1]);
    expect(weightSpecs(head).length).toBeGreaterThan(0);
  });

  it('names its paper and, with published weights, their licence and place', () => {
    expect(architecture.paper).toMatch(/https?:\/\//);
    for (const source of weightSources) {
      expect(new URL(source.url).pathname.endsWith(source.file)).toBe(true);
      expect(source.license).not.toBe('');
    }
  });

  it('rejects what it cannot be built for, with the value and what is allowed', () => {
    const thrown = (inputSize: Partial<InputSize>, classes: number) => {
      try {
        build({ inputSize: { ...defaultInputSize, ...inputSize }, classes });
      } catch (error) {
        return error;
      }
      return undefined;
    };
    expect(thrown({ height: minInputSize.height - 1 }, 2)).toMatchObject({
      code: 'input-too-small',
      param: 'height',
      details: { received: minInputSize.height - 1, minimum: minInputSize.height },
    });
    expect(thrown({ width: minInputSize.width + 0.5 }, 2)).toMatchObject({
      code: 'input-too-small',
      param: 'width',
    });
    expect(thrown({ width: Number.NaN }, 2)).toMatchObject({ code: 'input-too-small' });
    for (const classes of [0, -1, 1.5]) {
      expect(thrown({}, classes)).toMatchObject({
        code: 'classes-out-of-range',
        details: { received: classes, minimum: 1 },
      });
    }
    expect(thrown({ channels: 4 as never }, 2)).toMatchObject({
      code: 'channels-unsupported',
      param: 'channels',
    });
  });
});

describe('ARCHITECTURES', () => {
  it('has every name once', () => {
    const names = ARCHITECTURES.map((architecture) => architecture.name);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('smallCnn', () => {
  it('stays small', () => {
    const { build, defaultInputSize } = findArchitecture('small_cnn');
    const { total } = countParameters(weightSpecs(build({ inputSize: defaultInputSize, classes: 10 })));
    expect(total).toBe(79_946);
  });
});

describe('mnistCnnWide', () => {
  it('has its parameters and its arithmetic on digits', () => {
    const { build, defaultInputSize } = findArchitecture('mnist_cnn_wide');
    const { parameters, flops } = planNetwork(build({ inputSize: defaultInputSize, classes: 10 }));
    // Kernels 9 · (1·32 + 32² + 32·64 + 64² + 64·128 + 128²), four numbers a map of 6 normalizations, 2048 · 10 + 10 at the end.
    expect(parameters).toEqual({ total: 285_984 + 4 * 448 + 20_490, trainable: 285_984 + 2 * 448 + 20_490 });
    expect(flops / 2).toBeCloseTo(29.3e6, -5);
  });
});

describe('findArchitecture', () => {
  it('finds by name', () => {
    expect(findArchitecture('mobilenet_v2_0.35').title).toBe('MobileNetV2 (width 0.35)');
  });

  it('rejects an unknown name and guesses what was meant', () => {
    expect(() => findArchitecture('mobilenetv2_1.0')).toThrow(
      /^There is no architecture "mobilenetv2_1\.0"\. There are, the most similar first: mobilenet_v2_1\.0, /,
    );
    expect(() => findArchitecture('')).toThrow(expect.objectContaining({ code: 'architecture-unknown' }));
  });
});

describe('editDistance', () => {
  it.each([
    ['kitten', 'sitting', 3],
    ['', 'abc', 3],
    ['abc', '', 3],
    ['same', 'same', 0],
  ])('is from "%s" to "%s" %i', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
  });
});
