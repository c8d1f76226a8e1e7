// Runs arms on one set, each in a process of its own.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { DatasetItem } from '../../core/dataset/inspect-dataset.ts';
import { type Predictions, predictedClasses } from '../../core/evaluation/predictions.ts';
import { present } from '../../core/present.ts';
import { openObjectStore } from '../../core/storage/drivers/open-object-store.ts';
import { failureReason } from '../failure-reason.ts';
import { KERAS_BACKBONES } from '../keras-backbones.ts';
import { ARMS, type Arm } from './arms.ts';
import type { FoveaOutcome, FoveaRequest } from './fovea-worker.ts';
import { measure } from './measure.ts';
import { findResult, type Result } from './results.ts';
import { STAGED, stageSet } from './stage-set.ts';
import { writeFeatures } from './write-features.ts';

/** What an arm reports beside its probabilities. */
type Outcome = Pick<Result, 'seconds' | 'note' | 'input'>;
/** Which arm to run on which network. */
export type Run = Pick<Result, 'set' | 'base' | 'arm' | 'seed'>;

/** Where pictures, weights and Python are. */
export interface OpenSetOptions {
  /** The pictures. */
  readonly folder: string;
  /** An empty folder for everything that is written. */
  readonly temporary: string;
  readonly weights: string;
  readonly python: string;
  readonly testShare: number;
  readonly seed: number;
  /** Keras's epochs of both stages. */
  readonly epochs?: readonly string[];
}

/** A set that is split. */
export interface OpenSet {
  /** Runs an arm; undefined, with the reason printed, where it cannot run. @param known results of earlier runs. */
  run(run: Run, known: readonly Result[]): Promise<Result | undefined>;
}

/** Splits a set. */
export async function openSet(options: OpenSetOptions): Promise<OpenSet> {
  const { folder, temporary, python, testShare, seed, epochs } = options;
  const weightsDir = path.resolve(options.weights);
  const dataDir = path.join(temporary, 'data');
  const exchange = path.join(temporary, 'exchange');
  const output = path.join(temporary, 'probabilities');
  await mkdir(exchange, { recursive: true });
  const storeUrl = pathToFileURL(dataDir).href;
  const store = await openObjectStore(storeUrl);
  const set = await stageSet({ store, dataDir, folder, testShare, seed });
  const classes = set.classes.length;
  const listed = (items: readonly DatasetItem[]) =>
    items.map(({ key, classIndex }) => [path.join(dataDir, key), classIndex]);
  await writeFile(
    path.join(exchange, 'lists.json'),
    JSON.stringify({ train: listed(set.train), test: listed(set.test), classes }),
  );
  console.log(
    `${set.train.length} pictures of ${classes} classes for training, ${set.test.length} for the test`,
  );

  const runPython = (script: string, args: readonly string[]): Outcome =>
    execute(python, [
      fileURLToPath(new URL(script, import.meta.url)),
      exchange,
      output,
      String(seed),
      ...args,
    ]);

  async function runFovea({ base, arm }: Run, recipe: object): Promise<Outcome> {
    // Each job computes its features, as the first job on a dataset does.
    await rm(path.join(dataDir, 'cache'), { recursive: true, force: true });
    const request: FoveaRequest = {
      storeUrl,
      testKeys: set.test.map(({ key }) => key),
      classes,
      output,
      architecture: base,
      dataset: STAGED,
      model: `${arm}-${base}`,
      seed,
      recipe,
      weightsDir,
    };
    const requestFile = path.join(temporary, 'request.json');
    await writeFile(requestFile, JSON.stringify(request));
    const worker = fileURLToPath(new URL('fovea-worker.ts', import.meta.url));
    const { seconds, input, stages } = execute<FoveaOutcome>(process.execPath, [
      '--import',
      'tsx',
      worker,
      requestFile,
    ]);
    return { seconds, input, note: stages.join(', ') };
  }

  async function runProbe(run: Run, known: readonly Result[], isBalanced: boolean): Promise<Outcome> {
    const input = findResult(known, { ...run, arm: 'default' })?.input;
    if (input === undefined) throw new Error('It takes the input of the arm "default", which has no result.');
    const startedMs = performance.now();
    await rm(path.join(dataDir, 'cache'), { recursive: true, force: true });
    await writeFeatures({ store, weightsDir, base: run.base, input, set, target: exchange });
    const extracting = (performance.now() - startedMs) / 1000;
    const { seconds, note } = runPython('probe.py', isBalanced ? ['balanced'] : []);
    return { seconds: extracting + seconds, note };
  }

  function runKeras({ base }: Run, recipe: string): Outcome {
    const { file, alpha } = present(
      KERAS_BACKBONES.find(({ name }) => name === base),
      base,
    );
    const lengths = epochs === undefined ? [] : ['--epochs', ...epochs];
    return runPython('two-stage.py', [recipe, path.join(weightsDir, file), alpha, ...lengths]);
  }

  function execute<T = Outcome>(command: string, args: readonly string[]): T {
    // Progress goes to the terminal by the standard error.
    const { stdout, status, signal, error } = spawnSync(command, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (error !== undefined) throw error;
    if (status !== 0) throw new Error(`The process ended by ${signal ?? `exit code ${status}`}; see above.`);
    return JSON.parse(present(stdout.trim().split('\n').at(-1), 'a last line')) as T;
  }

  function start(run: Run, known: readonly Result[]): Promise<Outcome> | Outcome {
    const arm: Arm = ARMS[run.arm];
    switch (arm.by) {
      case 'fovea':
        return runFovea(run, arm.recipe);
      case 'probe':
        return runProbe(run, known, arm.isBalanced);
      case 'keras':
        return runKeras(run, arm.recipe);
    }
  }

  return {
    async run(run, known) {
      try {
        const outcome = await start(run, known);
        const bytes = await readFile(output);
        const predictions: Predictions = {
          probabilities: new Float32Array(new Uint8Array(bytes).buffer),
          labels: Int32Array.from(set.test, ({ classIndex }) => classIndex),
          classes,
        };
        const predicted = predictedClasses(predictions);
        return {
          ...run,
          ...measure(predictions),
          ...outcome,
          classes,
          trained: set.train.length,
          mistakes: set.test
            .filter(({ classIndex }, index) => predicted[index] !== classIndex)
            .map(({ contentHash }) => contentHash.slice(0, 16)),
          date: new Date().toISOString(),
          commit: execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim(),
        };
      } catch (error) {
        console.log(`  skipped: ${failureReason(String((error as Error).message))}`);
        return undefined;
      }
    },
  };
}
