// An imported backbone on a job's GPU, whose part ONNX Runtime's processors play: what is run there, what happens where it cannot
// be, who is told, and what the cached features are kept under.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobReporter } from '../../../batch-job/attempt/job-reporter.ts';
import { openBackbone, toOnnxBackbone } from '../../../batch-job/base/backbone-session.ts';
import { openCudaBackbone } from '../../../batch-job/base/cuda-backbone.ts';
import { type CachedExamplesDeps, openCachedExamples } from '../../../batch-job/examples/cached-examples.ts';
import { createFeatureExtractor } from '../../../batch-job/examples/features.ts';
import type { OpenOnGpu } from '../../../batch-job/examples/picture-backbone.ts';
import type { Engine } from '../../../batch-job/tensorflow/engine/engine.ts';
import { contentHashOf } from '../../../core/content-hash.ts';
import type { DatasetItem } from '../../../core/dataset/inspect-dataset.ts';
import { AugmentationSchema } from '../../../core/job/recipe/recipe.ts';
import { createNetworkBuilder } from '../../../core/network/description/network-builder.ts';
import type { OnnxRun, OpenOnnxSession } from '../../../core/predict/onnx-session.ts';
import { openThreadedSession } from '../../../core/predict/threaded-session.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { randomValues, randomWeights } from '../../support/random-weights.ts';

const INPUT = { height: 4, width: 4, channels: 3, preprocessing: 'tf', resize: 'stretch' } as const;
const PICTURE = 4 * 4 * 3;
const GPU = { info: { backend: 'gpu', versions: { tensorflow: '2.21.0' } } } as unknown as Engine;

/** As an import is: an `.onnx` file of which the layers are not known. */
function imported() {
  const n = createNetworkBuilder('net', INPUT);
  n.conv2d(n.input(), { filters: 2, kernelSize: 3, activation: 'relu' });
  const network = n.build();
  const { onnx, features } = toOnnxBackbone(network, randomWeights(network, 1));
  return { onnx, features };
}

let folder: string;
let provider: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'fovea-provider-'));
  provider = path.join(folder, 'provider.so');
  writeFileSync(provider, '');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Opens the session without the provider that this machine lacks, and keeps what is asked of it. */
function standIn(failure?: string) {
  const asked: { providers?: unknown; dims: (readonly number[])[]; released: number } = {
    dims: [],
    released: 0,
  };
  const open: OpenOnnxSession = async (onnx, { executionProviders, ...options }) => {
    asked.providers = executionProviders;
    const session = await openThreadedSession(onnx, options);
    return {
      ...session,
      async run(run: OnnxRun) {
        asked.dims.push(run.dims);
        if (failure !== undefined) throw new Error(failure);
        return session.run(run);
      },
      async release() {
        asked.released++;
        await session.release();
      },
    };
  };
  const openOnGpu: OpenOnGpu = (backbone, options) =>
    openCudaBackbone(backbone, { ...options, open, provider });
  return { asked, openOnGpu };
}

async function somePictures() {
  const store = createMemoryStore();
  const items = await Promise.all(
    [0, 1, 2].map(async (index) => {
      const background = { r: 80 * index, g: 10, b: 20 };
      const bytes = await sharp({ create: { width: 4, height: 4, channels: 3, background } })
        .png()
        .toBuffer();
      await store.put(`${index}.png`, bytes);
      return { key: `${index}.png`, contentHash: contentHashOf(bytes), classIndex: index } as DatasetItem;
    }),
  );
  return { store, items };
}

describe('an imported backbone on a GPU', () => {
  it('runs in batches of one size, and gives as many rows as there are pictures', async () => {
    const { asked, openOnGpu } = standIn();
    const images = randomValues(3 * PICTURE, 1);
    const session = await openOnGpu(imported(), { input: INPUT, batchSize: 8 });
    const onProcessors = await openBackbone(imported(), INPUT);
    const rows = await session.run(images.slice(), 3);
    expect(rows).toHaveLength(3 * imported().features);
    expect(rows).toEqual(await onProcessors.run(images.slice(), 3));
    await session.run(randomValues(8 * PICTURE, 2).slice(), 8);
    expect(asked.providers).toEqual(['cuda', 'cpu']);
    expect(asked.dims).toEqual([1, 2, 3].map(() => [8, 4, 4, 3]));
    await Promise.all([session.release(), onProcessors.release()]);
  });

  it('is tried when it is opened, and freed where the GPU cannot run it', async () => {
    const { asked, openOnGpu } = standIn('Available memory of 3 is smaller than requested bytes of 4');
    await expect(openOnGpu(imported(), { input: INPUT, batchSize: 8 })).rejects.toThrow(/Available memory/);
    expect(asked.released).toBe(1);
  });

  it('needs the provider, and says how to get it', async () => {
    const missing = { input: INPUT, batchSize: 8, provider: path.join(folder, 'none.so') };
    await expect(openCudaBackbone(imported(), missing)).rejects.toThrow(/setup --gpu --imported/);
  });

  it('has features of its own in the cache; those of the processors stay where they were', async () => {
    const { store } = await somePictures();
    const hashOf = async (options: { engine?: Engine; openOnGpu?: OpenOnGpu }) => {
      const extractor = await createFeatureExtractor({
        store,
        backbone: imported(),
        input: INPUT,
        ...options,
      });
      await extractor.release();
      return extractor.hash;
    };
    const processors = await hashOf({});
    expect(await hashOf({ engine: GPU, openOnGpu: standIn('no').openOnGpu })).toBe(processors);
    expect(await hashOf({ engine: GPU, openOnGpu: standIn().openOnGpu })).not.toBe(processors);
  });

  it.each([
    [undefined, /^Features are computed by ONNX Runtime [\d.]+ on the GPU\.$/],
    [
      'cuda_call.cc:154 std::conditional_t<…> CUDA failure 35: CUDA driver version is insufficient ; GPU=0 ; expr=…',
      /on the processors, because [^:]*: CUDA failure 35: CUDA driver version is insufficient\.$/,
    ],
  ])('is told to the job (failure: %s)', async (failure, message) => {
    const { store, items } = await somePictures();
    const messages: string[] = [];
    const reporter = {
      signal: new AbortController().signal,
      startStage() {},
      update() {},
      message: async (text: string) => messages.push(text),
    } as unknown as JobReporter;
    const examples = await openCachedExamples(
      {
        ...{ store, reporter, engine: GPU, input: INPUT, seed: 1, now: () => 0 },
        splits: { train: items, validation: items.slice(0, 1), test: [] },
        savings: { partSizes: {}, halfPrecision: false },
        memory: { enter: async () => undefined, check() {} },
        openOnGpu: standIn(failure).openOnGpu,
      } as unknown as CachedExamplesDeps,
      {
        backbone: imported(),
        shape: [2, 2, 2],
        views: { count: 0, augmentation: AugmentationSchema.parse({}) },
      },
    );
    examples.close();
    expect(messages[0]).toMatch(message);
  });
});
