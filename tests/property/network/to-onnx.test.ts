// ONNX Runtime against the definition of every layer in float64, over sizes, strides, paddings and orders of layers.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Network } from '../../../core/network/description/network.ts';
import { layerShapes } from '../../../core/network/description/shapes.ts';
import { toOnnx } from '../../../core/network/onnx/to-onnx.ts';
import {
  buildDescribed,
  type NetworkDescription,
  networkDescription,
  STEPS,
  type Window,
} from '../../support/random-network.ts';
import { randomValues, randomWeights } from '../../support/random-weights.ts';
import { evaluateNetwork } from '../../support/reference-network.ts';
import { runOnnx } from '../../support/run-onnx.ts';

const TOLERANCE = 2e-5;

async function expectEqual(
  network: Network,
  d: NetworkDescription,
  layerOutputs: readonly string[],
): Promise<void> {
  const weights = randomWeights(network, d.seed);
  const [height, width, channels] = d.size;
  const sample = height * width * channels;
  const input = randomValues(2 * sample, d.seed);
  const outputs = await runOnnx(toOnnx(network, weights, { layerOutputs }), input, [2, ...d.size]);
  const last = network.layers.at(-1)?.name ?? '';
  const shapes = layerShapes(network);
  for (let b = 0; b < 2; b++) {
    const expected = evaluateNetwork(network, weights, input.slice(b * sample, (b + 1) * sample), d.size);
    for (const [output, layer] of [
      ['probabilities', last],
      ...layerOutputs.map((name) => [name, name]),
    ] as const) {
      const { values, shape } = outputs.get(output) ?? { values: new Float32Array(), shape: [] };
      const right = expected.get(layer)?.values ?? new Float64Array();
      expect(shape).toEqual([2, ...(shapes.get(layer) ?? [])]);
      expect(values.length).toBe(2 * right.length);
      const scale = Math.max(1, ...right.map(Math.abs));
      right.forEach((value, i) => {
        const difference = Math.abs((values[b * right.length + i] ?? Number.NaN) - value) / scale;
        if (!(difference <= TOLERANCE)) expect.fail(`${layer}[${i}] differs by ${difference} of ${scale}`);
      });
    }
  }
}

describe('toOnnx', () => {
  it.each(Object.keys(STEPS))('gives what the definition of %s gives', async (kind) => {
    await fc.assert(
      fc.asyncProperty(networkDescription, async (d) => {
        const one = { ...d, steps: [{ kind, window: d.steps[0]?.window as Window }] };
        const network = buildDescribed(one);
        fc.pre(network !== undefined);
        await expectEqual(network, one, []);
      }),
      { numRuns: 12, seed: 20 },
    );
  });

  it('gives what the definitions give, for layers in any order and every layer asked for', async () => {
    await fc.assert(
      fc.asyncProperty(networkDescription, fc.boolean(), async (d, all) => {
        const network = buildDescribed(d);
        fc.pre(network !== undefined);
        await expectEqual(network, d, all ? network.layers.slice(1).map((layer) => layer.name) : []);
      }),
      { numRuns: 80, seed: 21 },
    );
  });
});
