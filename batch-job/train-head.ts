// Stage one of transfer learning: the pretrained backbone stays frozen, its features are computed once, and a head is
// trained on them.

import type { DatasetItem } from '../core/dataset/inspect-dataset.ts';
import type { NetworkWeights } from '../core/network/network.ts';
import { splitAt } from '../core/network/split-at.ts';
import { loadPretrainedWeights } from '../core/network/weights/load-pretrained-weights.ts';
import { createFeatureExtractor, featureExamples } from './features.ts';
import { trainNetwork } from './train-network.ts';
import { HEAD_RECIPE } from './training/recipe.ts';
import type { TrainingContext } from './training-context.ts';

/** The weights of the whole network: the backbone's as they came, and the trained head's. */
export async function trainHead(context: TrainingContext): Promise<NetworkWeights> {
  const { store, reporter, architecture, network, input, splits, now } = context;
  const { backbone, head } = splitAt(network, architecture.featureLayer);
  reporter.startStage('weights');
  const pretrained = await loadPretrainedWeights(backbone, architecture, {
    store,
    weightsDir: context.weightsDir,
    signal: reporter.signal,
    onProgress: ({ receivedBytes, totalBytes }) =>
      reporter.update({ step: receivedBytes, steps: totalBytes }),
  });
  await reporter.message(`Pretrained weights: ${pretrained.origin}.`);

  const extractor = await createFeatureExtractor({ store, backbone, weights: pretrained.weights, input });
  const total = splits.train.length + splits.validation.length;
  const startedMs = now();
  const secondsSince = () => Math.max(1, now() - startedMs) / 1000;
  let done = 0;
  let cached = 0;
  reporter.startStage('features', { step: 0, steps: total });
  const extract = async (items: readonly DatasetItem[]) => {
    const values = await extractor.extract(items, {
      signal: reporter.signal,
      onProgress: (count, wasCached) => {
        done += count;
        if (wasCached) cached += count;
        const imagesPerSecond = done / secondsSince();
        reporter.update({ step: done, imagesPerSecond, secondsLeft: (total - done) / imagesPerSecond });
      },
    });
    return featureExamples(values, extractor.features, items);
  };
  try {
    const train = await extract(splits.train);
    const validation = await extract(splits.validation);
    await reporter.message(
      `Features of ${total} pictures, ${cached} of them from the cache, in ${secondsSince().toFixed(1)} s.`,
      { pictures: total, cached, seconds: secondsSince() },
    );
    const trained = await trainNetwork(context, 'head', head, HEAD_RECIPE, { train, validation });
    return new Map([...pretrained.weights, ...trained]);
  } finally {
    await extractor.release();
  }
}
