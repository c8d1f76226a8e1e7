// Gradients of every layer type against central differences of the loss along random directions.

import { beforeAll, describe, expect, test } from 'vitest';
import type { Engine, Trainer } from '../../../batch-job/tensorflow/engine/engine.ts';
import { openEngine } from '../../../batch-job/tensorflow/open-engine.ts';
import type { Network } from '../../../core/network/description/network.ts';
import { weightSpecs } from '../../../core/network/description/weight-specs.ts';
import {
  LAYER_BATCH,
  LAYER_NETWORKS,
  LAYER_SAMPLES,
  layerWeights,
  noise,
} from '../../support/layer-networks.ts';

/** The loss is float32, about 1, so that a difference of two has an error of about 1e-7 / STEP; larger steps cross kinks. */
const STEP = 5e-4;

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ backend: 'portable' });
});

async function lossWith(network: Network, weights: ReadonlyMap<string, Float32Array>): Promise<number> {
  const trainer = await start(network, weights);
  const { loss } = await trainer.step(LAYER_BATCH, 0);
  trainer.dispose();
  return loss;
}

const start = (network: Network, weights: ReadonlyMap<string, Float32Array>): Promise<Trainer> =>
  engine.createTrainer({ network, weights, optimizer: { type: 'sgd' }, seed: 8, batchSize: LAYER_SAMPLES });

const add = (a: Float32Array, b: Float32Array, factor: number) =>
  a.map((value, i) => value + factor * (b[i] ?? 0));

describe('gradients', () => {
  test.each(LAYER_NETWORKS)('%s: the gradient is the slope of the loss', async (_, network) => {
    const weights = layerWeights(network);
    const trainer = await start(network, weights);
    await trainer.step(LAYER_BATCH, 1);
    const updated = await trainer.weights();
    trainer.dispose();
    for (const spec of weightSpecs(network)) {
      const before = weights.get(spec.key) ?? new Float32Array();
      const after = updated.get(spec.key) ?? new Float32Array();
      if (!spec.trainable) continue;
      const direction = noise(spec.size, 1);
      const slope = before.reduce(
        (sum, value, i) => sum + (value - (after[i] ?? 0)) * (direction[i] ?? 0),
        0,
      );
      const up = await lossWith(network, new Map([...weights, [spec.key, add(before, direction, STEP)]]));
      const down = await lossWith(network, new Map([...weights, [spec.key, add(before, direction, -STEP)]]));
      expect(Math.abs((up - down) / (2 * STEP) - slope), spec.key).toBeLessThan(
        2e-3 * Math.max(1, Math.abs(slope)),
      );
      expect(after, `${spec.key} has a gradient`).not.toEqual(before);
    }
  });
});
