import { beforeAll, describe, expect, it } from 'vitest';
import type { ExampleBatch } from '../../../batch-job/examples/example-source.ts';
import { openEngine } from '../../../batch-job/tensorflow/open-engine.ts';
import { evaluate } from '../../../batch-job/training/evaluate.ts';
// Biome takes a call of fit in a test file for a focused test.
import { fit as train } from '../../../batch-job/training/fit.ts';
import { fromCheckpointFile, toCheckpointFile } from '../../../batch-job/training/fit-checkpoint.ts';
import type { FitOptions } from '../../../batch-job/training/fit-options.ts';
import type { FitState } from '../../../batch-job/training/fit-state.ts';
import { interpolate } from '../../../batch-job/training/interpolate-weights.ts';
import { crossEntropy } from '../../../core/evaluation/probability-losses.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../../core/job/checkpoints/checkpoint-file.ts';
import { BATCH_SIZE, CLASSES, createSmallTrainer, examples, fitOptions } from '../../support/fit-run.ts';

const engine = await openEngine({ backend: 'portable', threads: 1 });

const STEPS_PER_EPOCH = 5;
const stopped = new Error('told to stop');

async function run(changes: Partial<FitOptions> = {}) {
  const trainer = await createSmallTrainer(engine);
  try {
    const { best, interpolation, history } = await train(trainer, fitOptions(changes));
    const scores = history.map(({ imagesPerSecond: _, ...report }) => report);
    return { best, interpolation, scores, weights: await trainer.weights() };
  } finally {
    trainer.dispose();
  }
}

/** Runs until a step and gives the last state that was saved, through the bytes of a checkpoint. */
async function interruptedAt(
  step: number,
  savesOnAbort: boolean,
  changes: Partial<FitOptions> = {},
): Promise<FitState | undefined> {
  const controller = new AbortController();
  const saved: FitState[] = [];
  const running = run({
    ...changes,
    signal: controller.signal,
    // Always yields, so that an abort is seen after the very step.
    clock: (() => {
      let ms = 0;
      return () => (ms += 1000);
    })(),
    onStep: (report) => {
      if (report.step === step) controller.abort(stopped);
    },
    checkpoint: {
      save: async (state) => {
        saved.push(state);
      },
      savesOnAbort: (reason) => savesOnAbort && reason === stopped,
    },
  });
  await expect(running).rejects.toBe(stopped);
  const state = saved.at(-1);
  if (state === undefined) return undefined;
  const file = toCheckpointFile({ fingerprint: 'f', stage: 'head', state });
  return fromCheckpointFile(decodeCheckpoint(encodeCheckpoint(file)), 'f', 'key').state;
}

describe('fit', () => {
  let undisturbed: Awaited<ReturnType<typeof run>>;
  beforeAll(async () => {
    undisturbed = await run();
  });

  it.each([1, 5, 7, 14, 20])(
    'stopped at step %i and resumed, ends with the bits of an uninterrupted run',
    async (step) => {
      const state = await interruptedAt(step, true);
      expect(state).toMatchObject({
        epoch: Math.floor((step - 1) / STEPS_PER_EPOCH) + 1,
        batch: ((step - 1) % STEPS_PER_EPOCH) + 1,
      });
      expect(await run(state && { resume: state })).toEqual(undisturbed);
    },
  );

  it('fills the last batch of an epoch with its first examples, and resumes there to the same bits', async () => {
    const steps: string[][] = [];
    const filled = (changes: Partial<FitOptions> = {}): Partial<FitOptions> => ({
      fillsBatches: true,
      epochs: 2,
      transform: (batch) => {
        const size = batch.images.length / batch.count;
        steps.push(
          Array.from({ length: batch.count }, (_, i) => batch.images.slice(i * size, (i + 1) * size).join()),
        );
        return batch as ExampleBatch;
      },
      ...changes,
    });
    const whole = await run(filled());
    expect(steps.map((pictures) => pictures.length)).toEqual(new Array(2 * STEPS_PER_EPOCH).fill(BATCH_SIZE));
    const first = steps.slice(0, STEPS_PER_EPOCH).flat();
    expect(new Set(first).size).toBe(18);
    expect(first.slice(18)).toEqual(first.slice(0, 2));
    expect(steps.flat().slice(first.length)).not.toEqual(first);
    const state = await interruptedAt(4, true, filled());
    expect(state).toMatchObject({ epoch: 1, batch: 4 });
    expect(await run(filled(state && { resume: state }))).toEqual(whole);
  });

  it.each([3, 12])('killed at step %i and resumed, repeats only the running epoch', async (step) => {
    const state = await interruptedAt(step, false);
    if (step < STEPS_PER_EPOCH) expect(state).toBeUndefined();
    else expect(state).toMatchObject({ epoch: 3, batch: 0 });
    expect(await run(state && { resume: state })).toEqual(undisturbed);
  });

  it('takes no step when it resumes from its last checkpoint', async () => {
    const saved: FitState[] = [];
    await run({
      checkpoint: {
        save: async (state) => {
          saved.push(state);
        },
        savesOnAbort: () => false,
      },
    });
    expect(saved).toHaveLength(4);
    const resume = saved.at(-1) as FitState;
    expect(resume.isFinished).toBe(true);
    const again = await run({
      resume,
      onStep: () => {
        throw new Error('a step was taken');
      },
    });
    expect(again).toEqual(undisturbed);
  });

  it('says what the weights that are kept say of the validation examples, where that is wanted', async () => {
    const trainer = await createSmallTrainer(engine);
    const options = fitOptions({ epochs: 2, predictsValidation: true });
    const { probabilities, validationLoss } = await train(trainer, options);
    const { labels } = options.validation;
    const classes = (probabilities?.length ?? 0) / labels.length;
    const predictions = { probabilities: probabilities ?? new Float32Array(), labels, classes };
    expect(crossEntropy(predictions)).toBeCloseTo(validationLoss ?? 0, 5);
    expect((await train(trainer, fitOptions({ epochs: 1 }))).probabilities).toBeUndefined();
    trainer.dispose();
  });

  it('keeps the first weights where no epoch lowers the validation loss', async () => {
    const trainer = await createSmallTrainer(engine);
    const first = await trainer.weights();
    const options = fitOptions({ interpolatesWithFirst: true, epochs: 1, learningRate: () => 1e4 });
    expect((await train(trainer, options)).interpolation.share).toBe(0);
    expect(await trainer.weights()).toEqual(first);
    trainer.dispose();
  });

  it('ends with the weights of the last epoch where nothing validates them; the checkpoint has the first', async () => {
    const saved: FitState[] = [];
    const { best, interpolation } = await run({
      interpolatesWithFirst: true,
      validation: examples(0, 2),
      checkpoint: {
        save: async (state) => {
          saved.push(state);
        },
        savesOnAbort: () => false,
      },
    });
    expect(interpolation).toEqual({ epoch: 4, weights: best.weights, share: 1 });
    expect(best.epoch).toBe(4);
    expect(saved.at(-1)?.first).toMatchObject({ epoch: 0, validationLoss: null });
  });

  it('ends with the interpolation of first and trained weights whose gain is surest, and says how much it is', async () => {
    const trainer = await createSmallTrainer(engine);
    const validationGroups = Int32Array.from({ length: 9 }, (_, i) => i);
    const options = fitOptions({ interpolatesWithFirst: true, learningRate: () => 0.1, validationGroups });
    const first = await trainer.weights();
    const { best, interpolation, gain, validationLoss, probabilities = [] } = await train(trainer, options);
    const scores = async () =>
      (
        await evaluate(options.validation, (images, count) => trainer.predict(images, count), {
          batchSize: BATCH_SIZE,
        })
      ).loss as number;
    expect(await trainer.weights()).toEqual(interpolation.weights);
    expect(await scores()).toBeCloseTo(validationLoss as number, 6);
    const losses: number[] = [];
    for (const share of [0, 0.25, 0.5, 0.75, 1]) {
      await trainer.setWeights(interpolate(first, best.weights, share));
      losses.push(await scores());
    }
    expect(probabilities).toHaveLength(9 * CLASSES);
    const ownLosses = Array.from(
      options.validation.labels,
      (label, i) => -Math.log(probabilities[i * CLASSES + label] as number),
    );
    expect(ownLosses.reduce((a, b) => a + b) / 9).toBeCloseTo(validationLoss as number, 5);
    const [before = 0] = losses;
    expect(interpolation.share).toBeGreaterThan(0);
    expect(validationLoss).toBeCloseTo(losses[4 * interpolation.share] as number, 6);
    expect(gain?.loss.mean).toBeCloseTo(before - (validationLoss as number), 6);
    expect(gain?.loss.mean).toBeGreaterThan(gain?.loss.error as number);
    trainer.dispose();
  });

  it('interpolates with the same first weights after an interruption', async () => {
    const interpolated = await run({ interpolatesWithFirst: true });
    const state = await interruptedAt(12, false, { interpolatesWithFirst: true });
    expect(await run({ interpolatesWithFirst: true, ...(state && { resume: state }) })).toEqual(interpolated);
  });

  it('compares the weights of other epochs too, and resumes with them to the same answers', async () => {
    const compared = { interpolatesWithFirst: true, takesLast: true, keepsEpochs: [2] } as const;
    const resultOf = async (changes: Partial<FitOptions> = {}) => {
      const trainer = await createSmallTrainer(engine);
      const { tried } = await train(trainer, fitOptions({ ...compared, ...changes }));
      trainer.dispose();
      return tried;
    };
    const tried = await resultOf();
    expect(tried?.map(({ epoch, share }) => [epoch, share])).toEqual([
      [0, 0],
      ...[2, 4].flatMap((epoch) => [0.25, 0.5, 0.75, 1].map((share) => [epoch, share])),
    ]);
    // The epoch that was kept is in the checkpoint.
    const state = await interruptedAt(17, true, compared);
    expect(state?.kept?.map(({ epoch }) => epoch)).toEqual([2]);
    expect(await resultOf(state && { resume: state })).toEqual(tried);
  });

  it('ends after a given epoch on the schedule of all', async () => {
    const { best, weights } = await run({ takesLast: true, lastEpoch: 2 });
    expect(best.epoch).toBe(2);
    const saved: FitState[] = [];
    await run({
      checkpoint: { save: async (state) => void saved.push(state), savesOnAbort: () => false },
    });
    expect(saved[1]?.best?.epoch).toBe(2);
    expect(weights).toEqual(saved[1]?.best?.weights);
  });

  it('stops early after so many epochs without a lower validation loss', async () => {
    const { best, scores } = await run({
      epochs: 50,
      patience: 3,
      learningRate: (step) => (step < 10 ? 0.02 : 5),
    });
    expect(scores.length).toBe(best.epoch + 3);
    expect(scores.length).toBeLessThan(50);
  });

  it('ends in the middle of an epoch when told that it is over, with the best weights so far', async () => {
    let steps = 0;
    const { best, scores } = await run({ onStep: () => (steps += 1), isOver: () => steps >= 7 });
    expect(steps).toBe(7);
    expect(scores.map(({ epoch, step }) => [epoch, step])).toEqual([
      [1, 5],
      [2, 7],
    ]);
    const lowest = scores.toSorted((a, b) => (a.validationLoss ?? 0) - (b.validationLoss ?? 0))[0];
    expect(best.epoch).toBe(lowest?.epoch);
  });

  it('resumes without a step when it is over already', async () => {
    const resume = await interruptedAt(7, true);
    const onStep = () => {
      throw new Error('a step was taken');
    };
    const { best } = await run({ ...(resume && { resume }), isOver: () => true, onStep });
    expect(best.epoch).toBe(1);
  });

  it('says what to do when the loss is no longer a number', async () => {
    await expect(run({ learningRate: () => 1e38 })).rejects.toMatchObject({
      code: 'training-diverged',
      param: 'hyperparameters.learning_rate_multiplier',
    });
  });

  it('leaves no tensors behind', async () => {
    const before = engine.numTensors();
    await run();
    expect(engine.numTensors()).toBe(before);
  });
});

describe('a checkpoint of a run', () => {
  it('is refused by a run with another fingerprint', async () => {
    const state = (await interruptedAt(7, true)) as FitState;
    const file = toCheckpointFile({ fingerprint: 'f', stage: 'head', state });
    expect(() => fromCheckpointFile(file, 'g', 'key')).toThrow(
      expect.objectContaining({ code: 'checkpoint-unfit' }),
    );
    expect(() => fromCheckpointFile({ ...file, header: {} }, 'f', 'key')).toThrow(
      expect.objectContaining({ code: 'checkpoint-unfit' }),
    );
  });
});
