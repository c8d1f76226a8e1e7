// Transfer learning on a folder of photographs:
// - stage one, five epochs, in turns with Keras's `fit` on a frozen base: seconds and test accuracy;
// - whole jobs, each in a process of its own: test accuracy, calibration error, minutes, peak memory.
//
//   npm run bench:transfer -- --data FOLDER --weights FOLDER [--python COMMAND]
//
// The folder has train/ and test/, so that every run is evaluated on the same pictures.

import { execFileSync } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Command } from 'commander';
import { splitsOf } from '../../batch-job/inspect/splits.ts';
import type { DatasetItem } from '../../core/dataset/inspect-dataset.ts';
import { inspectDataset } from '../../core/dataset/inspect-dataset.ts';
import { present } from '../../core/present.ts';
import { openObjectStore } from '../../core/storage/drivers/open-object-store.ts';
import { failureReason } from '../failure-reason.ts';
import { KERAS_BACKBONES, type KerasBackbone } from '../keras-backbones.ts';
import { type FineTuneRequest, SPLIT } from './fine-tune.ts';
import type { JobOutcome } from './job.ts';
import { EPOCHS, runStageOne, type StageOneOutcome } from './stage-one.ts';

/** The recipes of jobs. They make no variants, which do not belong to training. */
const RECIPES: Readonly<Record<string, object>> = {
  head: { stages: 'head', variants: [] },
  full: { stages: 'full', variants: [] },
  course: { preset: 'course', variants: [] },
};

const options = new Command('bench:transfer')
  .option('--data <folder>', 'photographs', '../shared/data/photos/grocery_fruit')
  .option('--weights <folder>', 'pretrained MobileNetV2 0.35 and 1.0', '../shared/data/weights')
  .option('--python <command>', 'a Python that has Keras and TensorFlow', 'python3')
  .option('--rounds <n>', 'turns of stage one', Number, 3)
  .option('--only <backbones...>', 'measure these backbones only')
  .option('--jobs <recipes...>', `recipes to run: ${Object.keys(RECIPES).join(', ')}`, Object.keys(RECIPES))
  .option('--stage-one-only', 'run no jobs')
  .option('--seed <n>', 'seed of everything random', Number, 1)
  .parse()
  .opts<{
    readonly data: string;
    readonly weights: string;
    readonly python: string;
    readonly rounds: number;
    readonly only?: readonly string[];
    readonly jobs: readonly string[];
    readonly stageOneOnly?: boolean;
    readonly seed: number;
  }>();

const weightsDir = path.resolve(options.weights);
const dataset = path.basename(path.resolve(options.data));
const folder = await mkdtemp(path.join(os.tmpdir(), 'fovea-bench-'));
const dataDir = path.join(folder, 'data');
const storeUrl = pathToFileURL(dataDir).href;
const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

try {
  await cp(options.data, path.join(dataDir, 'datasets', dataset), { recursive: true });
  for (const backbone of KERAS_BACKBONES) {
    if (options.only !== undefined && !options.only.includes(backbone.name)) continue;
    console.log(`\n${backbone.name} on ${dataset}, seed ${options.seed}`);
    if (options.rounds > 0) await compareStageOne(backbone);
    for (const recipe of options.stageOneOnly ? [] : options.jobs)
      print(recipe, runInProcess(backbone.name, recipe));
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function compareStageOne(backbone: KerasBackbone): Promise<void> {
  const store = await openObjectStore(storeUrl);
  const inspection = await inspectDataset(store, dataset, { split: SPLIT });
  const splits = splitsOf(inspection);
  const classes = inspection.classes.length;
  const listed = (items: readonly DatasetItem[]) =>
    items.map(({ key, classIndex }) => [path.join(dataDir, key), classIndex]);
  const lists = path.join(folder, 'lists.json');
  await writeFile(lists, JSON.stringify({ train: listed(splits.train), test: listed(splits.test), classes }));
  const script = fileURLToPath(new URL('keras-frozen.py', import.meta.url));
  const runKeras = (seed: number): StageOneOutcome | undefined => {
    const args = [script, lists, path.join(weightsDir, backbone.file), backbone.alpha, String(seed)];
    try {
      return lastLine(execFileSync(options.python, args, { encoding: 'utf8', stdio: 'pipe' }));
    } catch (error) {
      const reason = String((error as { stderr?: string }).stderr ?? error).trim();
      console.log(`  skipped: Keras (${failureReason(reason)})`);
      return undefined;
    }
  };
  const own: StageOneOutcome[] = [];
  const again: StageOneOutcome[] = [];
  const peer: StageOneOutcome[] = [];
  for (let round = 0; round < options.rounds; round++) {
    const seed = options.seed + round;
    await rm(path.join(dataDir, 'cache'), { recursive: true, force: true });
    for (const outcomes of [own, again])
      outcomes.push(
        await runStageOne({ store, architecture: backbone.name, weightsDir, splits, classes, seed }),
      );
    const keras = runKeras(seed);
    if (keras === undefined) break;
    peer.push(keras);
  }
  for (const [name, outcomes] of [
    ['Fovea', own],
    ['Fovea, features cached by an earlier job', again],
    ['Keras', peer],
  ] as const) {
    if (outcomes.length === 0) continue;
    console.log(
      `  stage one, ${EPOCHS} epochs, ${name}: ${median(outcomes.map(({ seconds }) => seconds)).toFixed(1)} s, test accuracy ` +
        outcomes.map(({ accuracy }) => percent(accuracy)).join(', '),
    );
  }
  const ratioTo = (outcomes: readonly StageOneOutcome[]) =>
    median(peer.map(({ seconds }, round) => seconds / (outcomes[round]?.seconds ?? Number.NaN))).toFixed(1);
  if (peer.length > 0) console.log(`  Keras / Fovea: ${ratioTo(own)}; features cached: ${ratioTo(again)}`);
}

function lastLine<T>(output: string): T {
  return JSON.parse(present(output.trim().split('\n').at(-1), 'a last line')) as T;
}

function runInProcess(architecture: string, recipe: string): JobOutcome {
  const request: FineTuneRequest = {
    architecture,
    dataset,
    model: `${recipe}-${architecture}`,
    seed: options.seed,
    recipe: RECIPES[recipe] ?? {},
    weightsDir,
  };
  const worker = fileURLToPath(new URL('job.ts', import.meta.url));
  const args = ['--import', 'tsx', worker, storeUrl, JSON.stringify(request)];
  return lastLine(
    execFileSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }),
  );
}

function print(recipe: string, outcome: JobOutcome): void {
  const { accuracy, pictures, calibrationError, epochs, seconds, peakBytes } = outcome;
  console.log(
    `  job "${recipe}": test accuracy ${percent(accuracy)} of ${pictures}, calibration error ${calibrationError.toFixed(3)}, ` +
      `${epochs} epochs, ${(seconds / 60).toFixed(1)} minutes (${((100 * accuracy) / (seconds / 60)).toFixed(0)} points a minute), ` +
      `peak ${(peakBytes / 2 ** 20).toFixed(0)} MiB`,
  );
}
