// Computes the splits as the trainable layers see them: the output of the frozen layers for every picture, and for augmented
// views of the training pictures. Each is computed once, or read from the store's cache. Progress is reported to the job.

import type { DatasetItem } from '../../core/dataset/inspect-dataset.ts';
import type { Savings } from '../../core/job/recipe/memory-record.ts';
import type { Augmentation } from '../../core/job/recipe/recipe.ts';
import type { JobReporter } from '../attempt/job-reporter.ts';
import type { OnnxBackbone } from '../base/backbone-session.ts';
import type { JobMemory } from '../memory/job-memory.ts';
import type { Engine } from '../tensorflow/engine/engine.ts';
import type { ExampleSource } from './example-source.ts';
import type { FeatureTable } from './feature-table.ts';
import { createFeatureExtractor, featureExamples } from './features.ts';
import type { OpenOnGpu } from './picture-backbone.ts';
import { reportUnreadable, type SplitPicturesDeps } from './split-pictures.ts';

/** What the computation of features needs. */
export interface CachedExamplesDeps extends SplitPicturesDeps {
  readonly reporter: JobReporter;
  /** The job's engine; its GPU computes the features, where it has one. */
  readonly engine: Engine;
  /** How an imported backbone gets onto the engine's GPU. */
  readonly openOnGpu?: OpenOnGpu;
  readonly memory: Pick<JobMemory, 'enter' | 'check'>;
  readonly savings: Pick<Savings, 'partSizes' | 'halfPrecision'>;
  /** Seed of the augmented views. */
  readonly seed: number;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** The frozen layers, and what is computed for each picture. */
export interface CachedExamplesOptions {
  readonly backbone: OnnxBackbone;
  /** `[height, width, channels]` of the backbone's output for one picture. */
  readonly shape: ExampleSource['shape'];
  /** Augmented views of each training picture, in addition to the picture itself. */
  readonly views: { readonly count: number; readonly augmentation: Augmentation };
}

/** Both splits as cached features: outputs of the frozen layers. */
export interface CachedExamples {
  readonly train: ExampleSource;
  readonly validation: ExampleSource;
  /** The features of both splits: a row for each picture, then as many for each augmented view. */
  readonly tables: { readonly train: FeatureTable; readonly validation: FeatureTable };
  /** Frees memory and files. */
  close(): void;
}

/** Computes the outputs of the frozen layers, or reads them from the cache. The caller closes the result. */
export async function openCachedExamples(
  deps: CachedExamplesDeps,
  { backbone, shape, views }: CachedExamplesOptions,
): Promise<CachedExamples> {
  const { store, reporter, engine, memory, savings, input, splits, now, seed } = deps;
  await memory.enter('features');
  const extractor = await createFeatureExtractor({
    store,
    backbone,
    input,
    engine,
    ...(deps.openOnGpu === undefined ? {} : { openOnGpu: deps.openOnGpu }),
    batchSize: savings.partSizes['features'],
    halfPrecision: savings.halfPrecision,
  });
  if (engine.info.backend === 'gpu') {
    const { computedBy } = extractor;
    await reporter.message(`Features are computed by ${computedBy}.`, { computedBy });
  }
  const total = splits.train.length * (1 + views.count) + splits.validation.length;
  const startedMs = now();
  const secondsSince = () => Math.max(1, now() - startedMs) / 1000;
  let done = 0;
  let cached = 0;
  reporter.startStage('features', { step: 0, steps: total });
  const tables: FeatureTable[] = [];
  const close = () => {
    for (const table of tables) table.close();
  };
  const extract = async (items: readonly DatasetItem[], count: number) => {
    const table = await extractor.extract(items, {
      views: { ...views, count, seed },
      signal: reporter.signal,
      onUnreadable: reportUnreadable(deps),
      onProgress: (progress, wasCached) => {
        done += progress;
        if (wasCached) cached += progress;
        const imagesPerSecond = done / secondsSince();
        reporter.update({ step: done, imagesPerSecond, secondsLeft: (total - done) / imagesPerSecond });
        memory.check();
      },
    });
    tables.push(table);
    return { table, examples: featureExamples(table, items, { views: count, shape }) };
  };
  try {
    const train = await extract(splits.train, views.count);
    const validation = await extract(splits.validation, 0);
    await reporter.message(
      `Features of ${total} pictures and augmented views are ready, ${cached} of them from the cache, after ${secondsSince().toFixed(1)} s.`,
      { pictures: total, views: views.count, cached, seconds: secondsSince() },
    );
    return {
      train: train.examples,
      validation: validation.examples,
      tables: { train: train.table, validation: validation.table },
      close,
    };
  } catch (error) {
    close();
    throw error;
  } finally {
    await extractor.release();
  }
}
