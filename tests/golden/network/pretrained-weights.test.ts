// Published weights through fromKeras and ONNX against Keras 3.15 with the same files (expected.json of the shared data).

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { findArchitecture } from '../../../core/network/architectures/architectures.ts';
import { countParameters, weightSpecs } from '../../../core/network/description/weight-specs.ts';
import { toOnnx } from '../../../core/network/onnx/to-onnx.ts';
import { splitAt } from '../../../core/network/surgery/split-at.ts';
import { fromKeras } from '../../../core/network/weights/from-keras.ts';
import {
  type GoldenOutput,
  goldenWeights,
  isMissing,
  maxDifference,
  normOf,
  outputProblem,
  readGolden,
  ruleInput,
  SHARED_DIR,
  sumOf,
} from '../../support/keras-golden.ts';
import { runOnnx } from '../../support/run-onnx.ts';
import { tinyNetwork } from '../../support/tiny-network.ts';

interface Expected {
  readonly params: number;
  readonly layers: Readonly<Record<string, Omit<GoldenOutput, 'maxAbs'>>>;
  readonly features: readonly {
    readonly first16: readonly number[];
    readonly sum: number;
    readonly l2: number;
  }[];
  readonly top5?: readonly (readonly (readonly [index: number, name: string, score: number])[])[];
  readonly softmaxL2?: readonly number[];
}

const WEIGHTS_DIR = path.join(SHARED_DIR, 'data/weights');
const EXPECTED = path.join(WEIGHTS_DIR, 'expected.json');
const SHAPE = [2, 224, 224, 3] as const;
const RELATIVE_TOLERANCE = 1e-4;

const FILES = [
  { file: 'mobilenet_v2_0.35_224_no_top.h5', architecture: 'mobilenet_v2_0.35', top: false },
  { file: 'mobilenet_v2_1.0_224.h5', architecture: 'mobilenet_v2_1.0', top: true },
] as const;

const missing = isMissing(EXPECTED);

describe.each(FILES)('$file', ({ file, architecture, top }) => {
  it.skipIf(missing)('gives the features, layers and classes of Keras', async () => {
    const expected = (JSON.parse(readFileSync(EXPECTED, 'utf8')) as Record<string, Expected>)[
      file
    ] as Expected;
    const { build, featureLayer, defaultInputSize } = findArchitecture(architecture);
    const full = build({ inputSize: defaultInputSize, classes: 1000 });
    const network = top ? full : splitAt(full, featureLayer).backbone;
    expect(countParameters(weightSpecs(network)).total).toBe(expected.params);

    const weights = await fromKeras(network, readFileSync(path.join(WEIGHTS_DIR, file)));
    const layers = Object.keys(expected.layers);
    const model = toOnnx(network, weights, { layerOutputs: [...layers, featureLayer] });
    const outputs = await runOnnx(model, ruleInput(SHAPE, '-1..1'), SHAPE);
    const output = (name: string) => outputs.get(name)?.values ?? new Float32Array();
    for (const [name, layer] of Object.entries(expected.layers)) {
      const maxAbs = output(name).reduce((max, value) => Math.max(max, Math.abs(value)), 0);
      expect([name, outputProblem(output(name), { ...layer, maxAbs }, RELATIVE_TOLERANCE)]).toEqual([
        name,
        undefined,
      ]);
    }
    const features = output(featureLayer);
    expected.features.forEach(({ first16, sum, l2 }, image) => {
      const row = features.subarray((image * features.length) / 2, ((image + 1) * features.length) / 2);
      console.info(
        `${file}, picture ${image}: features differ by ${maxDifference(row.subarray(0, 16), first16)}`,
      );
      expect(maxDifference(row.subarray(0, 16), first16)).toBeLessThan(1e-4);
      expect(Math.abs(sumOf(row) / sum - 1)).toBeLessThan(RELATIVE_TOLERANCE);
      expect(Math.abs(normOf(row) / l2 - 1)).toBeLessThan(RELATIVE_TOLERANCE);
    });
    expected.top5?.forEach((classes, image) => {
      const row = output('probabilities').subarray(image * 1000, (image + 1) * 1000);
      for (const [index, , score] of classes) expect(Math.abs((row[index] ?? 0) - score)).toBeLessThan(1e-4);
      expect(Math.abs(normOf(row) - (expected.softmaxL2?.[image] ?? 0))).toBeLessThan(1e-4);
    });
  });
});

const TINY_GOLDEN = path.join(WEIGHTS_DIR, 'tiny/tiny.json');

describe.each(['tiny_weights_legacy.h5', 'tiny_model_legacy.h5', 'tiny.weights.h5', 'tiny.keras'])(
  '%s',
  (file) => {
    it.skipIf(isMissing(TINY_GOLDEN))('holds the weights that Keras wrote', async () => {
      const weights = await fromKeras(tinyNetwork(), readFileSync(path.join(WEIGHTS_DIR, 'tiny', file)));
      expect(weights).toEqual(goldenWeights(readGolden(TINY_GOLDEN)));
    });
  },
);
