import { describe, expect, it } from 'vitest';
import { inMemoryExamples } from '../../../batch-job/examples/example-source.ts';
import { openEngine } from '../../../batch-job/tensorflow/open-engine.ts';
import { PRESETS, type Preset } from '../../../bench/mnist/presets.ts';
import { type DigitsRun, trainDigits } from '../../../bench/mnist/train-digits.ts';
import { uniformAt } from '../../../core/random.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';

const SIDE = 8;
const PICTURES = 6;
const EPOCHS = 3;

describe('trainDigits', () => {
  it('ends with the same bits where a process was stopped after an epoch and another resumed', async () => {
    const engine = await openEngine({ backend: 'portable', threads: 1 });
    const preset: Preset = { ...(PRESETS['augmented'] as Preset), epochs: EPOCHS, batchSize: 3 };
    const values = Float32Array.from({ length: PICTURES * SIDE * SIDE }, (_, i) => uniformAt(1, i));
    const labels = Int32Array.from({ length: PICTURES }, (_, i) => i % 10);
    const run: DigitsRun = {
      name: 'digits',
      preset,
      seed: 1,
      train: inMemoryExamples([SIDE, SIDE, 1], values, labels),
      validation: inMemoryExamples([SIDE, SIDE, 1], new Float32Array(), new Int32Array()),
    };
    const train = async (store: DigitsRun['store'], stopAfter = EPOCHS) => {
      const stop = new AbortController();
      const { trainer, result } = await trainDigits(
        engine,
        { ...run, store },
        {
          signal: stop.signal,
          onStep: () => undefined,
          onEpoch: async ({ epoch }) => {
            if (epoch === stopAfter && epoch < EPOCHS) stop.abort(new Error('stopped'));
          },
        },
      );
      const weights = await trainer.weights();
      trainer.dispose();
      return { weights, epochs: result.history.length };
    };
    const whole = await train(undefined);
    const store = createMemoryStore();
    await expect(train(store, 1)).rejects.toThrow('stopped');
    expect(await train(store)).toEqual(whole);
    expect(whole.epochs).toBe(EPOCHS);
  });
});
