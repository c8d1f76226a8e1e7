// Compares bases as a job with "model": "auto" does, and prints its sentences. No picture of the test is looked at.
//
//   node --import tsx bench/bases/main.ts --data FOLDER --dataset NAME --weights FOLDER
//
// Imported backbones of the data folder take part.

import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Command } from 'commander';
import type { JobReporter } from '../../batch-job/attempt/job-reporter.ts';
import { openCandidate } from '../../batch-job/choose/open-candidate.ts';
import { pickBase } from '../../batch-job/choose/pick-base.ts';
import { samplePictures } from '../../batch-job/choose/sample-pictures.ts';
import { scoreBases } from '../../batch-job/choose/score-bases.ts';
import { splitsOf } from '../../batch-job/inspect/splits.ts';
import { basesAtHand } from '../../core/backbone/bases-at-hand.ts';
import { inspectDataset } from '../../core/dataset/inspect-dataset.ts';
import { RecipeSchema } from '../../core/job/recipe/recipe.ts';
import { openObjectStore } from '../../core/storage/drivers/open-object-store.ts';

const { data, dataset, weights } = new Command('bench:bases')
  .requiredOption('--data <folder>', 'a data folder, as of fovea start')
  .requiredOption('--dataset <name>', 'a dataset in it')
  .option('--weights <folder>', 'pretrained weights', '../shared/data/weights')
  .parse()
  .opts<{ readonly data: string; readonly dataset: string; readonly weights: string }>();

const store = await openObjectStore(pathToFileURL(path.resolve(data)).href);
const reporter = {
  signal: new AbortController().signal,
  startStage: () => undefined,
  update: () => undefined,
  message: async () => undefined,
  warn: async (message) => console.warn(message),
} as Partial<JobReporter> as JobReporter;
const inspection = await inspectDataset(store, dataset, {
  split: { train: 0.75, validation: 0.15, test: 0.1 },
  inputSize: { height: 224, width: 224 },
});
const items = samplePictures(splitsOf(inspection).train);
const classes = inspection.classes.length;
const job = { recipe: RecipeSchema.parse({}), resolved: null };
const deps = { store, reporter, job, weightsDir: path.resolve(weights) };
const opened = [];
for (const name of await basesAtHand(deps)) {
  const startedMs = performance.now();
  opened.push(await openCandidate(deps, name, { items, classes }));
  console.error(`${name}: features after ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
}
const startedMs = performance.now();
const { signal } = reporter;
const { hits, pictures } = await scoreBases({
  tables: opened.map(({ rows }) => rows),
  items,
  classes,
  signal,
});
console.error(`cross-validation of all: ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
const scored = opened.map(({ architecture, milliseconds }, i) => ({
  architecture,
  milliseconds,
  hits: hits[i] as Uint8Array,
}));
for (const reason of pickBase(scored, pictures).reasons) console.log(reason);
for (const candidate of opened) candidate.close();
