// How pictures are framed: a head on the features of each framing, cross-validated with look-alikes in one fold. Test pictures take no part.
//
//   npm run bench:framing -- DATASET_FOLDER BACKBONE WEIGHTS_FOLDER

import { cp, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { toBase } from '../../batch-job/base/base.ts';
import { trainingInput } from '../../batch-job/base/training-input.ts';
import { scoreBases } from '../../batch-job/choose/score-bases.ts';
import { createFeatureExtractor } from '../../batch-job/examples/features.ts';
import { splitsOf } from '../../batch-job/inspect/splits.ts';
import type { FeatureRows } from '../../batch-job/logistic/feature-products.ts';
import { inspectDataset } from '../../core/dataset/inspect-dataset.ts';
import { describeResize, type Framing } from '../../core/image/model-input.ts';
import { findArchitecture } from '../../core/network/architectures/architectures.ts';
import { openObjectStore } from '../../core/storage/drivers/open-object-store.ts';
import { SPLIT } from '../transfer/fine-tune.ts';

const FRAMINGS: readonly Framing[] = [
  { resize: 'stretch' },
  { resize: 'contain' },
  { resize: 'cover' },
  { resize: 'cover', crop: 0.875 },
];

const [datasetFolder, backboneName, weightsDir] = process.argv.slice(2);
if (datasetFolder === undefined || backboneName === undefined || weightsDir === undefined) {
  console.error('usage: npm run bench:framing -- DATASET_FOLDER BACKBONE WEIGHTS_FOLDER');
  process.exit(2);
}

const folder = await mkdtemp(path.join(os.tmpdir(), 'fovea-bench-'));
try {
  const dataset = path.basename(datasetFolder);
  await cp(datasetFolder, path.join(folder, 'datasets', dataset), { recursive: true });
  const store = await openObjectStore(pathToFileURL(folder).href);
  const { signal } = new AbortController();
  const base = toBase(findArchitecture(backboneName));
  const inspection = await inspectDataset(store, dataset, { split: SPLIT });
  const { train, validation } = splitsOf(inspection);
  const items = [...train, ...validation];
  const classes = inspection.classes.length;
  const inputSize = base.defaultInputSize;
  const { backbone } = await base.loadFrozen(base.build({ inputSize, classes }), {
    store,
    weightsDir,
    signal,
  });
  const tables = [];
  for (const framing of FRAMINGS) {
    const input = trainingInput(base, inputSize, framing);
    const extractor = await createFeatureExtractor({ store, backbone, input });
    const table = await extractor.extract(items, { signal, onProgress: () => undefined });
    await extractor.release();
    const values = new Float32Array(items.length * table.width);
    table.read(0, values);
    table.close();
    const { width } = table;
    const read: FeatureRows['read'] = (start, end) => values.slice(start * width, end * width);
    tables.push({ rows: items.length, width, read });
  }
  const { hits, pictures } = await scoreBases({ tables, items, classes, signal });
  console.log(`"${dataset}", ${backboneName}: ${pictures.labels.length} pictures held out in five folds\n`);
  console.log('| framing | right |\n|---|---:|');
  for (const [i, framing] of FRAMINGS.entries()) {
    const right = (hits[i] ?? new Uint8Array()).reduce((sum, hit) => sum + hit, 0) / pictures.labels.length;
    console.log(`| ${describeResize(framing)} | ${(100 * right).toFixed(1)} % |`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
