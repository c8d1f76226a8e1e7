// The limit on the memory of the portable back end, in a process of its own: WebAssembly is one a process.

import { describe, expect, it } from 'vitest';
import { openEngine } from '../../../batch-job/tensorflow/open-engine.ts';
import { smallCnn } from '../../../core/network/architectures/small-cnn.ts';
import { initializeWeights } from '../../../core/network/weights/initialize.ts';

const SIZE = 48;
const BATCH = 64;

describe.each(['graph', 'eager'] as const)('the memory of the portable back end, %s', (executor) => {
  it('fails a step that needs more than the limit, and leaves memory for one with micro-batches', async () => {
    // 64 pictures take 37 MB by the plan.
    const engine = await openEngine({ backend: 'portable', memoryBytes: 20e6 });
    const network = smallCnn.build({ inputSize: smallCnn.defaultInputSize, classes: 3 });
    const options = {
      network,
      weights: initializeWeights(network, 1),
      optimizer: { type: 'adam' },
      seed: 1,
      batchSize: BATCH,
      executor,
    } as const;
    const batch = {
      images: new Float32Array(BATCH * SIZE * SIZE * 3).fill(0.5),
      labels: new Int32Array(BATCH).map((_, i) => i % 3),
    };
    const before = engine.numTensors();
    for (let attempt = 0; attempt < 2; attempt++) {
      const whole = await engine.createTrainer(options);
      await expect(whole.step(batch, 0.01)).rejects.toMatchObject({ code: 'out-of-memory' });
      whole.dispose();
      expect(engine.numTensors()).toBe(before);
    }
    const parted = await engine.createTrainer({ ...options, microBatchSize: 16 });
    expect((await parted.step(batch, 0.01)).loss).toBeCloseTo(Math.log(3), 1);
    parted.dispose();
  });
});
