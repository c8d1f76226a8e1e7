// The second stage of transfer learning: which layers learn, and that what the frozen ones make of the pictures is computed
// once and makes no difference.

import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { openBackbone, toOnnxBackbone } from '../../../batch-job/base/backbone-session.ts';
import type { Trainer } from '../../../batch-job/tensorflow/engine/engine.ts';
import { openEngine } from '../../../batch-job/tensorflow/open-engine.ts';
import { type Recipe, RecipeSchema } from '../../../core/job/recipe/recipe.ts';
import { createJobStore } from '../../../core/job/record/job-store.ts';
import { REPORT } from '../../../core/model/report.ts';
import { findArchitecture } from '../../../core/network/architectures/architectures.ts';
import { isTrainableFrom } from '../../../core/network/description/trainable-from.ts';
import { decodeModel } from '../../../core/network/onnx/onnx-schema.ts';
import { cutLayerBelow, splitAt } from '../../../core/network/surgery/split-at.ts';
import { initializeWeights } from '../../../core/network/weights/initialize.ts';
import { loadPretrainedWeights } from '../../../core/network/weights/load-pretrained-weights.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { readJson } from '../../../core/storage/json.ts';
import { keys } from '../../../core/storage/keys.ts';
import { noise } from '../../support/layer-networks.ts';
import { newJob } from '../../support/new-job.ts';
import { runAttempt } from '../../support/run-attempt.ts';
import { hasSharedData, SHARED_DATA } from '../../support/shared-data.ts';
import { storeWithPictures } from '../../support/store-with-pictures.ts';

const WEIGHTS = 'mobilenet_v2_0.35_224_no_top.h5';
const DATASET = 'shapes';
const architecture = findArchitecture('mobilenet_v2_0.35');
const weightsDir = path.join(SHARED_DATA, 'weights');

describe.skipIf(!hasSharedData('weights', WEIGHTS))('the second stage of a fine-tune', () => {
  it('takes the same steps on cached activations as on the pictures', async () => {
    const inputSize = { height: 64, width: 64, channels: 3 } as const;
    const network = architecture.build({ inputSize, classes: 3 });
    const { signal } = new AbortController();
    const pretrained = await loadPretrainedWeights(
      splitAt(network, architecture.featureLayer).backbone,
      architecture,
      { store: createMemoryStore(), weightsDir, signal },
    );
    const weights = new Map([...initializeWeights(network, 1), ...pretrained.weights]);
    const { backbone, head } = splitAt(network, cutLayerBelow(network, 'block_16_expand') as string);
    const session = await openBackbone(toOnnxBackbone(backbone, weights), {
      ...inputSize,
      preprocessing: 'tf',
      resize: 'stretch',
    });
    const images = noise(4 * 64 * 64 * 3, 5);
    const maps = await session.run(images.slice(), 4);
    await session.release();

    const engine = await openEngine({ backend: 'portable' });
    const optimizer = { type: 'sgd', momentum: 0.9 } as const;
    const options = { weights, optimizer, seed: 1, batchSize: 4 };
    const whole = await engine.createTrainer({
      ...options,
      network,
      trainable: isTrainableFrom(network, 'block_16'),
    });
    const upper = await engine.createTrainer({ ...options, network: head });
    const labels = Int32Array.of(0, 1, 2, 0);
    const steps = async (trainer: Trainer, batch: Float32Array) => {
      const losses: number[] = [];
      for (let step = 0; step < 3; step++)
        losses.push((await trainer.step({ images: batch, labels }, 0.01)).loss);
      return losses;
    };
    const expected = await steps(whole, images);
    (await steps(upper, maps)).forEach((loss, step) => {
      expect(loss).toBeCloseTo(expected[step] ?? Number.NaN, 3);
    });
    expect(expected[2]).toBeLessThan(expected[0] ?? 0);
    whole.dispose();
    upper.dispose();
  });

  async function trained(recipe: Partial<Recipe>, batch_size: number | 'auto' = 8) {
    const store = await storeWithPictures(DATASET, 6);
    const jobs = createJobStore({ store, now: Date.now });
    const run = async () => {
      const { id, model } = await jobs.create(
        newJob({
          dataset: DATASET,
          architecture: architecture.name,
          backend: 'portable',
          hyperparameters: { n_epochs: 2, batch_size, learning_rate_multiplier: 'auto' },
          recipe: RecipeSchema.parse({ stages: 'full', variants: [], ...recipe }),
        }),
      );
      expect(await runAttempt({ store, jobs, weightsDir }, id)).toBe('succeeded');
      const { events } = await jobs.events(id, { limit: 1000 });
      const job = await jobs.get(id);
      const file = await store.get(keys.modelFile(model, job?.modelVersion ?? '', 'model.onnx'));
      const report = await readJson(
        store,
        keys.modelFile(model, job?.modelVersion ?? '', 'report.json'),
        REPORT,
      );
      return {
        id,
        events,
        report: report?.value,
        messages: events.map(({ message }) => message).filter((message) => message.startsWith('Features of')),
        resolved: job?.resolved,
        onnx: file?.body ?? new Uint8Array(),
      };
    };
    return { run };
  }

  it('caches the activations of the frozen layers, for later jobs too', async () => {
    const { run } = await trained({});
    const first = await run();
    expect(first.resolved?.unfreezeFrom).toBe('block_13_expand');
    expect(first.messages).toHaveLength(2);
    expect(first.messages[1]).toContain(' 0 of them from the cache');
    const second = await run();
    const [, total, cached] =
      /Features of (\d+) .* (\d+) of them from the cache/.exec(second.messages[1] ?? '') ?? [];
    expect(Number(total)).toBeGreaterThan(0);
    expect(cached).toBe(total);
    expect(decodeModel(second.onnx).graph.initializer).toEqual(decodeModel(first.onnx).graph.initializer);
  }, 120_000);

  it('trains on the pictures where the trainable layers begin within a residual block, and lets a fold decide on it', async () => {
    const { run } = await trained({ unfreeze_from: 'block_15_depthwise' }, 'auto');
    const { messages, resolved, events, report } = await run();
    expect(resolved?.unfreezeFrom).toBe('block_15_depthwise');
    expect(messages).toHaveLength(1);
    const solved = events.find(({ data }) => data?.['stage'] === 'head' && data['folds'] === 5);
    const ended = events.find(({ data }) => data?.['stage'] === 'full' && data['loss_gain'] !== undefined);
    expect(ended?.message).toMatch(/pictures held out.* At best the loss (falls|rises) by \d/);
    const secondStage = report?.training.secondStage;
    expect(secondStage?.lossGain).toBe(ended?.data?.['loss_gain']);
    // Where the trained layers are kept, the pictures held out are all that they have not seen; else all folds speak of the head.
    const pictures = Number(solved?.data?.['pictures']);
    const judged = report?.results?.outOfFold?.pictures ?? 0;
    if (secondStage?.isKept === true) expect(judged).toBeLessThan(pictures / 2);
    else expect(judged).toBe(pictures);
  }, 120_000);
});
