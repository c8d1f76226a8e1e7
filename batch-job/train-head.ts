// Stage one of transfer learning: the pretrained backbone stays frozen, its features are computed once, and a head is
// trained on them.

import type { DatasetItem } from '../core/dataset/inspect-dataset.ts';
import { initializeWeights } from '../core/network/initialize.ts';
import type { NetworkWeights } from '../core/network/network.ts';
import type { FeatureTable } from './feature-table.ts';
import { createFeatureExtractor, featureExamples } from './features.ts';
import { trainNetwork } from './train-network.ts';
import { reportUnreadable, type TrainingContext } from './training-context.ts';

/** The weights of all layers that the trainer knows: the backbone's as they came, and the trained head's. */
export async function trainHead(context: TrainingContext): Promise<NetworkWeights> {
  const { store, reporter, memory, savings, base, network, input, splits, now, job, decision } = context;
  reporter.startStage('weights');
  const { backbone, weights, head, origin } = await base.loadFrozen(network, {
    store,
    weightsDir: context.weightsDir,
    signal: reporter.signal,
    onProgress: ({ receivedBytes, totalBytes }) =>
      reporter.update({ step: receivedBytes, steps: totalBytes }),
  });
  await reporter.message(`Pretrained weights: ${origin}.`);

  await memory.enter('features');
  const extractor = await createFeatureExtractor({
    store,
    backbone,
    input,
    batchSize: savings.partSizes['features'],
    halfPrecision: savings.halfPrecision,
  });
  const { featureViews } = decision.resolved;
  const total = splits.train.length * (1 + featureViews) + splits.validation.length;
  const startedMs = now();
  const secondsSince = () => Math.max(1, now() - startedMs) / 1000;
  let done = 0;
  let cached = 0;
  reporter.startStage('features', { step: 0, steps: total });
  const tables: FeatureTable[] = [];
  const extract = async (items: readonly DatasetItem[], count: number) => {
    const values = await extractor.extract(items, {
      views: { count, augmentation: decision.viewAugmentation, seed: job.seed },
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
    tables.push(values);
    return featureExamples(values, items, count);
  };
  try {
    const train = await extract(splits.train, featureViews);
    const validation = await extract(splits.validation, 0);
    await reporter.message(
      `Features of ${total} pictures and views of them, ${cached} from the cache, in ${secondsSince().toFixed(1)} s.`,
      { pictures: total, views: featureViews, cached, seconds: secondsSince() },
    );
    const trained = await trainNetwork(context, {
      stage: 'head',
      network: head,
      weights: initializeWeights(head, job.seed),
      train,
      validation,
    });
    return new Map([...weights, ...trained]);
  } finally {
    for (const table of tables) table.close();
    await extractor.release();
  }
}
