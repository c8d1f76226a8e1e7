// The head of a fine-tune beside scikit-learn's logistic regression: the same features, the same split.
//
//   npm run bench:head -- DATASET_FOLDER BACKBONE WEIGHTS_FOLDER
//
// Needs Python with scikit-learn.

import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { toOnnxBackbone } from '../../batch-job/base/backbone-session.ts';
import { createFeatureExtractor } from '../../batch-job/examples/features.ts';
import { splitsOf } from '../../batch-job/inspect/splits.ts';
import { inspectDataset } from '../../core/dataset/inspect-dataset.ts';
import { findArchitecture } from '../../core/network/architectures/architectures.ts';
import { splitAt } from '../../core/network/surgery/split-at.ts';
import { loadPretrainedWeights } from '../../core/network/weights/load-pretrained-weights.ts';
import { openObjectStore } from '../../core/storage/drivers/open-object-store.ts';
import { fineTune, SPLIT } from '../transfer/fine-tune.ts';

const [datasetFolder, backboneName, weightsDir] = process.argv.slice(2);
if (datasetFolder === undefined || backboneName === undefined || weightsDir === undefined) {
  console.error('usage: npm run bench:head -- DATASET_FOLDER BACKBONE WEIGHTS_FOLDER');
  process.exit(2);
}

const SEEDS = [1, 2, 3];
const dataset = path.basename(datasetFolder);
const folder = await mkdtemp(path.join(os.tmpdir(), 'fovea-bench-'));
try {
  const dataDir = path.join(folder, 'data');
  await cp(datasetFolder, path.join(dataDir, 'datasets', dataset), { recursive: true });
  const store = await openObjectStore(pathToFileURL(dataDir).href);
  const signal = new AbortController().signal;

  const heads: number[] = [];
  for (const seed of SEEDS) heads.push(await trainHead(seed));
  const peers = await fitLogisticRegression();

  console.log(`\nTest accuracy on "${dataset}", ${backboneName} features, one split:\n`);
  console.log('| classifier | accuracy |\n|---|---|');
  for (const [i, accuracy] of heads.entries())
    console.log(`| Fovea's head, seed ${SEEDS[i]} | ${percent(accuracy)} |`);
  for (const [name, accuracy] of Object.entries(peers))
    console.log(`| logistic regression, ${name} | ${percent(accuracy)} |`);

  async function trainHead(seed: number): Promise<number> {
    const { results } = await fineTune(store, {
      architecture: backboneName as string,
      dataset,
      model: `bench-${seed}`,
      seed,
      recipe: { stages: 'head', augmentation: 'none', variants: [] },
      weightsDir: weightsDir as string,
    });
    const { value = 0, trials = 0 } = results?.accuracy ?? {};
    console.log(`seed ${seed}: ${percent(value)} of ${trials} pictures`);
    return value;
  }

  async function fitLogisticRegression(): Promise<Record<string, number>> {
    const architecture = findArchitecture(backboneName as string);
    const inspection = await inspectDataset(store, dataset, {
      split: SPLIT,
    });
    const splits = splitsOf(inspection);
    const network = architecture.build({
      inputSize: architecture.defaultInputSize,
      classes: inspection.classes.length,
    });
    const { backbone } = splitAt(network, architecture.featureLayer);
    const { weights } = await loadPretrainedWeights(backbone, architecture, { store, weightsDir, signal });
    const input = {
      ...architecture.defaultInputSize,
      preprocessing: architecture.preprocessing,
      resize: 'stretch',
    } as const;
    const extractor = await createFeatureExtractor({
      store,
      backbone: toOnnxBackbone(backbone, weights),
      input,
    });
    const exchange = path.join(folder, 'features');
    await mkdir(exchange);
    await writeFile(path.join(exchange, 'meta.json'), JSON.stringify({ features: extractor.features }));
    for (const split of ['train', 'test'] as const) {
      const table = await extractor.extract(splits[split], { signal, onProgress: () => undefined });
      const values = new Float32Array(splits[split].length * table.width);
      for (let row = 0; row < splits[split].length; row++) {
        table.read(row, values.subarray(row * table.width, (row + 1) * table.width));
      }
      table.close();
      await writeFile(path.join(exchange, `${split}.features`), new Uint8Array(values.buffer));
      const labels = Int32Array.from(splits[split], (item) => item.classIndex);
      await writeFile(path.join(exchange, `${split}.labels`), new Uint8Array(labels.buffer));
    }
    await extractor.release();
    const script = fileURLToPath(new URL('logistic-regression.py', import.meta.url));
    return JSON.parse(execFileSync('python3', [script, exchange], { encoding: 'utf8' })) as Record<
      string,
      number
    >;
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
