// TensorFlow.js's layers against the definition of every layer in float64.

import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Network } from '../../../core/network/description/network.ts';
import { toTfjs } from '../../../core/network/tfjs/to-tfjs.ts';
import {
  buildDescribed,
  type NetworkDescription,
  networkDescription,
  STEPS,
  type Window,
} from '../../support/random-network.ts';
import { randomValues, randomWeights } from '../../support/random-weights.ts';
import { evaluateNetwork } from '../../support/reference-network.ts';
import { loadTfjs, startTfjs } from '../../support/run-tfjs.ts';

const TOLERANCE = 2e-5;
const NOT_EXPORTABLE = ['localResponse', 'grouped'];

beforeAll(startTfjs);

/**
 * The WASM back end (4.22) gives wrong sums where one axis of a padded convolution has a stride beyond its kernel; its CPU
 * back end does not, and no architecture has such a window but for single pixels.
 */
const hasAdjoiningWindows = (window: Window | undefined): boolean =>
  window?.strides.every((stride, axis) => stride <= (window.kernel[axis] ?? 0)) === true;

async function expectEqual(network: Network, { size, seed }: NetworkDescription): Promise<void> {
  const weights = randomWeights(network, seed);
  const input = randomValues(size[0] * size[1] * size[2], seed);
  const model = await loadTfjs(toTfjs(network, weights));
  const output = tf.tidy(() => model.predict(tf.tensor4d(input, [1, ...size])) as tf.Tensor);
  const values = await output.data();
  output.dispose();
  model.dispose();
  const last = evaluateNetwork(network, weights, input, size).get(network.layers.at(-1)?.name ?? '');
  const expected = last?.values ?? new Float64Array();
  expect(values.length).toBe(expected.length);
  const scale = Math.max(1, ...expected.map(Math.abs));
  expected.forEach((value, i) => {
    expect(Math.abs((values[i] ?? Number.NaN) - value) / scale).toBeLessThanOrEqual(TOLERANCE);
  });
}

describe('toTfjs', () => {
  it.each(Object.keys(STEPS).filter((kind) => !NOT_EXPORTABLE.includes(kind)))(
    'gives what the definition of %s gives',
    async (kind) => {
      const before = tf.memory().numTensors;
      await fc.assert(
        fc.asyncProperty(networkDescription, async (d) => {
          const one = { ...d, steps: [{ kind, window: d.steps[0]?.window as Window }] };
          const network = buildDescribed(one);
          fc.pre(network !== undefined && hasAdjoiningWindows(d.steps[0]?.window));
          await expectEqual(network, one);
        }),
        { numRuns: 6, seed: 22 },
      );
      expect(tf.memory().numTensors).toBe(before);
    },
  );

  it.each(NOT_EXPORTABLE)('rejects %s, which TensorFlow.js does not have', (kind) => {
    fc.assert(
      fc.property(networkDescription, (d) => {
        const network = buildDescribed({ ...d, steps: [{ kind, window: d.steps[0]?.window as Window }] });
        fc.pre(network !== undefined);
        expect(() => toTfjs(network, randomWeights(network, 1))).toThrow(
          expect.objectContaining({ code: 'layer-not-exportable' }),
        );
      }),
      { numRuns: 5, seed: 23 },
    );
  });
});
