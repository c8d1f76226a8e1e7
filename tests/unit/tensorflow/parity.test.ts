// One step of every layer type on every executor against the portable eager one: predictions, losses, gradients and moving
// statistics.

import { describe, expect, test } from 'vitest';
import type { Engine, ExecutorName } from '../../../batch-job/tensorflow/engine/engine.ts';
import { openEngine } from '../../../batch-job/tensorflow/open-engine.ts';
import type { Network } from '../../../core/network/description/network.ts';
import { availableRunners, openRunner } from '../../support/engines.ts';
import { LAYER_BATCH, LAYER_NETWORKS, LAYER_SAMPLES, layerWeights } from '../../support/layer-networks.ts';

/** Of the largest gradient of a weight. */
const TOLERANCE = 1e-4;

async function stepOnce(engine: Engine, network: Network, executor: ExecutorName) {
  const weights = layerWeights(network);
  const trainer = await engine.createTrainer({
    network,
    weights,
    optimizer: { type: 'sgd' },
    seed: 9,
    batchSize: LAYER_SAMPLES,
    executor,
  });
  const predictions = await trainer.predict(LAYER_BATCH.images, LAYER_SAMPLES);
  const { loss } = await trainer.step(LAYER_BATCH, 1);
  const after = await trainer.weights();
  trainer.dispose();
  // At a learning rate of 1 a weight loses its gradient.
  return {
    loss,
    predictions,
    change: new Map(
      [...weights].map(([name, w]) => [name, w.map((v, i) => v - (after.get(name)?.[i] ?? 0))]),
    ),
  };
}

const portable = await openEngine({ backend: 'portable' });

for (const runner of await availableRunners()) {
  if (runner.backend === 'portable' && runner.executor === 'eager') continue;
  const engine = await openRunner(runner);
  describe(`${runner.name} against portable eager`, () => {
    test.each(LAYER_NETWORKS)('%s', async (_, network) => {
      const expected = await stepOnce(portable, network, 'eager');
      const actual = await stepOnce(engine, network, runner.executor);
      expect(Math.abs(actual.loss - expected.loss)).toBeLessThan(TOLERANCE);
      actual.predictions.forEach((p, i) => {
        expect(Math.abs(p - (expected.predictions[i] ?? Number.NaN))).toBeLessThan(TOLERANCE);
      });
      for (const [name, change] of expected.change) {
        const scale = Math.max(1, ...change.map(Math.abs));
        const difference = change.map((v, i) => Math.abs(v - (actual.change.get(name)?.[i] ?? Number.NaN)));
        expect(Math.max(...difference), name).toBeLessThan(TOLERANCE * scale);
      }
    });
  });
}

test('there is a portable back end to compare with', () => {
  expect(portable.info.backend).toBe('portable');
});
