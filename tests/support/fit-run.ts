// A training run of a fraction of a second: noise in three classes, a small network with dropout, the portable back end.

import { inMemoryExamples } from '../../batch-job/examples/example-source.ts';
import type { Engine, Trainer } from '../../batch-job/tensorflow/engine/engine.ts';
import type { FitOptions } from '../../batch-job/training/fit-options.ts';
import { createNetworkBuilder } from '../../core/network/description/network-builder.ts';
import { initializeWeights } from '../../core/network/weights/initialize.ts';
import { noise } from './layer-networks.ts';

/** 2 × 2 pixels of 3 channels. */
export const FEATURES = 12;
export const CLASSES = 3;
export const BATCH_SIZE = 4;

function network() {
  const n = createNetworkBuilder('small', { height: 2, width: 2, channels: 3 });
  let x = n.flatten(n.input());
  x = n.dropout(n.dense(x, { name: 'hidden', units: 8, activation: 'relu' }), { rate: 0.25 });
  n.dense(x, { name: 'top', units: CLASSES, activation: 'softmax' });
  return n.build();
}

export function examples(count: number, seed: number) {
  const labels = Int32Array.from({ length: count }, (_, i) => i % CLASSES);
  const values = noise(count * FEATURES, seed);
  labels.forEach((label, i) => {
    values[i * FEATURES + label] = (values[i * FEATURES + label] as number) + 1;
  });
  return inMemoryExamples([2, 2, 3], values, labels);
}

export const createSmallTrainer = (engine: Engine): Promise<Trainer> =>
  engine.createTrainer({
    network: network(),
    weights: initializeWeights(network(), 1),
    optimizer: { type: 'adam' },
    seed: 1,
    batchSize: BATCH_SIZE,
  });

/** Settings of a run of 18 training examples, 5 batches an epoch. */
export const fitOptions = (changes: Partial<FitOptions> = {}): FitOptions => ({
  train: examples(18, 1),
  validation: examples(9, 2),
  epochs: 4,
  batchSize: BATCH_SIZE,
  learningRate: (step, steps) => 0.02 * (1 - step / steps),
  seed: 1,
  signal: new AbortController().signal,
  clock: () => performance.now(),
  onStep: () => undefined,
  onEpoch: async () => undefined,
  ...changes,
});
