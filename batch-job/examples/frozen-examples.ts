// The splits as the layers above a frozen part see them: what it makes of every picture and of views of them is computed
// once, or found in the store's cache. The job is told how far that is.

import type { DatasetItem } from '../../core/dataset/inspect-dataset.ts';
import type { Augmentation } from '../../core/job/recipe/recipe.ts';
import type { OnnxBackbone } from '../base/backbone-session.ts';
import { reportUnreadable, type TrainingContext } from '../training-context.ts';
import type { ExampleSource } from './example-source.ts';
import type { FeatureTable } from './feature-table.ts';
import { createFeatureExtractor, featureExamples } from './features.ts';

export interface FrozenExamplesOptions {
  readonly backbone: OnnxBackbone;
  /** `[height, width, channels]` of what it makes of a picture. */
  readonly shape: ExampleSource['shape'];
  /** Of the training split, besides each picture itself. */
  readonly views: { readonly count: number; readonly augmentation: Augmentation };
}

export interface FrozenExamples {
  readonly train: ExampleSource;
  readonly validation: ExampleSource;
  /** Gives memory and files back. */
  close(): void;
}

/** The caller closes them. */
export async function openFrozenExamples(
  context: TrainingContext,
  { backbone, shape, views }: FrozenExamplesOptions,
): Promise<FrozenExamples> {
  const { store, reporter, engine, memory, savings, input, splits, now, job } = context;
  await memory.enter('features');
  const extractor = await createFeatureExtractor({
    store,
    backbone,
    input,
    engine,
    batchSize: savings.partSizes['features'],
    halfPrecision: savings.halfPrecision,
  });
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
      views: { ...views, count, seed: job.seed },
      signal: reporter.signal,
      onUnreadable: reportUnreadable(context),
      onProgress: (progress, wasCached) => {
        done += progress;
        if (wasCached) cached += progress;
        const imagesPerSecond = done / secondsSince();
        reporter.update({ step: done, imagesPerSecond, secondsLeft: (total - done) / imagesPerSecond });
        memory.check();
      },
    });
    tables.push(table);
    return featureExamples(table, items, { views: count, shape });
  };
  try {
    const train = await extract(splits.train, views.count);
    const validation = await extract(splits.validation, 0);
    await reporter.message(
      `Features of ${total} pictures and views of them, ${cached} from the cache, in ${secondsSince().toFixed(1)} s.`,
      { pictures: total, views: views.count, cached, seconds: secondsSince() },
    );
    return { train, validation, close };
  } catch (error) {
    close();
    throw error;
  } finally {
    await extractor.release();
  }
}
