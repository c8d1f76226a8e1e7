// Trains on MNIST from random weights, and judges each network once on the 10,000 test pictures.
//
//   npm run mnist                           the course's network, augmented
//   npm run mnist -- --preset course        10 epochs without augmentation, as in the course
//   npm run mnist -- --preset wide --seeds 1 2 3 --folder ~/mnist-runs
//                                           the wide network; resumes where an earlier command stopped
//   npm run mnist -- --preset wide --hold-out 10000 --epochs 8
//                                           a trial: the last 10,000 training pictures score it, the test pictures are not read
//   npm run mnist -- --data FOLDER          where the four idx files are
//
// In the course's preset 5,000 of the 60,000 training pictures choose the best epoch; unlike there, the learning rate falls to
// 0. In the others the weights are averaged, so that the last epoch is taken and all pictures train.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { plot } from 'asciichart';
import { Presets, SingleBar } from 'cli-progress';
import { Command, Option } from 'commander';
import { type ExampleSource, inMemoryExamples } from '../../batch-job/examples/example-source.ts';
import type { Trainer } from '../../batch-job/tensorflow/engine/engine.ts';
import { openEngine } from '../../batch-job/tensorflow/open-engine.ts';
import { evaluate } from '../../batch-job/training/evaluate.ts';
import { cacheDirectory } from '../../core/cache-directory.ts';
import { predictedClasses } from '../../core/evaluation/predictions.ts';
import { BACKENDS } from '../../core/job/record/job.ts';
import { createFilesystemStore } from '../../core/storage/drivers/filesystem.ts';
import { distortDigits } from './distort-digits.ts';
import { PRESETS, type Preset } from './presets.ts';
import { type LabelledDigits, readDigits } from './read-idx.ts';
import { CLASSES, trainDigits } from './train-digits.ts';

const SHAPE = [28, 28, 1] as const;
const PIXELS = SHAPE[0] * SHAPE[1];
const CHART_HEIGHT = 12;
const TEST_BATCH_SIZE = 250;
/** Distorted copies that vote with each test picture on its digit, as the network has learned from such copies. */
const VOTING_COPIES = 24;

const options = new Command('mnist')
  .addOption(
    new Option('--preset <name>', 'training settings').choices(Object.keys(PRESETS)).default('augmented'),
  )
  .addOption(new Option('--backend <name>', 'of TensorFlow.js').choices(BACKENDS).default('auto'))
  .option('--data <folder>', 'the four idx files of MNIST, gzipped', '../shared/data/mnist')
  .option('--epochs <number>', "instead of the preset's", Number)
  .option('--hold-out <pictures>', 'score the last training pictures, and read no test pictures', Number)
  .option('--set <json>', "settings in place of the preset's, for trials", '{}')
  .option('--seeds <numbers...>', 'of weights, order, dropout and augmentation; a run for each', ['1'])
  .option('--folder <folder>', 'keep checkpoints and results.json here, and resume from them')
  .parse()
  .opts<{
    preset: string;
    backend: (typeof BACKENDS)[number];
    data: string;
    epochs?: number;
    holdOut?: number;
    set: string;
    seeds: readonly string[];
    folder?: string;
  }>();

interface Result {
  readonly name: string;
  readonly settings: Preset;
  readonly seed: number;
  readonly judgedOn: 'test' | 'held-out training pictures';
  readonly errors: number;
  readonly pictures: number;
  readonly loss: number | null;
  /** Errors where distorted copies vote. */
  readonly votingErrors?: number;
}

const preset: Preset = {
  ...(PRESETS[options.preset] as Preset),
  ...(options.epochs === undefined ? {} : { epochs: options.epochs }),
  ...(JSON.parse(options.set) as Partial<Preset>),
};
const held = options.holdOut ?? preset.validationPictures;
const training = await readDigits(options.data, 'train');
const trained = training.labels.length - held;
const [plain, validation] = [examplesOf(training, 0, trained), examplesOf(training, trained)];
const store = options.folder === undefined ? undefined : createFilesystemStore({ root: options.folder });
const results: Result[] = await readResults();
const curveName = held > 0 ? 'validation' : 'training';

const engine = await openEngine({ backend: options.backend, cacheDirectory: cacheDirectory(process.env) });
console.log(`TensorFlow.js on the ${engine.info.backend} back end: ${engine.info.reason}`);
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort(signal));
const isTerminal = process.stdout.isTTY;

for (const seed of options.seeds.map(Number)) {
  const name = `${options.preset}-seed${seed}`;
  const isSame = (result: Result) =>
    result.name === name && JSON.stringify(result.settings) === JSON.stringify(preset);
  if (results.some(isSame)) {
    console.log(`${name} is done already.`);
    continue;
  }
  const result = await runSeed(name, seed).catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
    console.log(`${name} stops${store ? ' after a checkpoint; the same command resumes it' : ''}.`);
    process.exit(1);
  });
  results.push(result);
  if (options.folder === undefined) continue;
  await mkdir(options.folder, { recursive: true });
  await writeFile(path.join(options.folder, 'results.json'), `${JSON.stringify(results, null, 2)}\n`);
}
summarize(results.filter(({ name }) => name.startsWith(`${options.preset}-seed`)));
process.exit(0);

function examplesOf({ images, labels }: LabelledDigits, from: number, to = labels.length): ExampleSource {
  return inMemoryExamples(SHAPE, images.subarray(from * PIXELS, to * PIXELS), labels.subarray(from, to));
}

async function readResults(): Promise<Result[]> {
  if (options.folder === undefined) return [];
  const text = await readFile(path.join(options.folder, 'results.json'), 'utf8').catch(() => '[]');
  return JSON.parse(text) as Result[];
}

async function runSeed(name: string, seed: number): Promise<Result> {
  const bar = new SingleBar(
    {
      format:
        'epoch {epoch}/{epochs} {bar} loss {loss} · accuracy {accuracy} % · {speed} pictures/s · {left} s left',
    },
    Presets.shades_classic,
  );
  if (isTerminal)
    bar.start(1, 0, { epoch: 1, epochs: preset.epochs, loss: '', accuracy: '', speed: '', left: '' });
  const startedMs = performance.now();
  const { trainer, result } = await trainDigits(
    engine,
    { name, preset, seed, train: plain, validation, store },
    {
      signal: stop.signal,
      onStep: (report) => {
        bar.setTotal(report.steps);
        bar.update(report.step, {
          epoch: report.epoch,
          loss: report.loss.toFixed(4),
          accuracy: (100 * report.accuracy).toFixed(2),
          speed: report.imagesPerSecond.toFixed(0),
          left: report.secondsLeft.toFixed(0),
        });
      },
      onEpoch: async (report) => {
        if (isTerminal) return;
        const accuracy = 100 * (report.validationAccuracy ?? report.trainAccuracy);
        console.log(
          `${name}: epoch ${report.epoch}/${report.epochs}: loss ${report.trainLoss.toFixed(4)}, ${curveName} accuracy ` +
            `${accuracy.toFixed(2)} %${report.validationLoss === null ? '' : `, loss ${report.validationLoss.toFixed(4)}`}, ` +
            `${report.imagesPerSecond.toFixed(0)} pictures/s`,
        );
      },
    },
  );
  bar.stop();
  const curve = result.history.map((report) => 100 * (report.validationAccuracy ?? report.trainAccuracy));
  console.log(`\nAccuracy in ${curveName} by epoch, %\n${plot(curve, { height: CHART_HEIGHT })}\n`);
  const run = { name, settings: preset, seed };
  const scores =
    options.holdOut === undefined
      ? { ...run, judgedOn: 'test' as const, ...(await judge(trainer, seed)) }
      : {
          ...run,
          judgedOn: 'held-out training pictures' as const,
          errors: Math.round(held * (1 - (result.history.at(-1)?.validationAccuracy ?? 0))),
          pictures: held,
          loss: result.history.at(-1)?.validationLoss ?? null,
        };
  trainer.dispose();
  const minutes = ((performance.now() - startedMs) / 60_000).toFixed(1);
  console.log(`${describeResult(scores)} Weights of epoch ${result.best.epoch}; ${minutes} minutes.`);
  return scores;
}

/** The errors on the test pictures, alone and where distorted copies of each picture vote. */
async function judge(
  trainer: Trainer,
  seed: number,
): Promise<Pick<Result, 'errors' | 'pictures' | 'loss' | 'votingErrors'>> {
  const test = await readDigits(options.data, 't10k');
  const tested = examplesOf(test, 0);
  /** Sum of the probabilities over everything that was predicted, `[pictures, classes]`. */
  const votes = new Float32Array(test.labels.length * CLASSES);
  const predict = (source: ExampleSource) => {
    let offset = 0;
    return evaluate(source, (images, count) => trainer.predict(images, count), {
      batchSize: TEST_BATCH_SIZE,
      onBatch: (_, probabilities) => {
        const sums = votes.subarray(offset, offset + probabilities.length);
        sums.set(sums.map((sum, i) => sum + (probabilities[i] as number)));
        offset += probabilities.length;
      },
    });
  };
  const errorsOf = () => {
    const answers = predictedClasses({ probabilities: votes, labels: test.labels, classes: CLASSES });
    return answers.filter((answer, i) => answer !== test.labels[i]).length;
  };
  const { loss, count } = await predict(tested);
  const alone = { errors: errorsOf(), pictures: count, loss };
  if (preset.augmentation === undefined) return alone;
  const copies = distortDigits(tested, preset.augmentation, seed);
  for (let copy = 1; copy <= VOTING_COPIES; copy++) await predict(copies.atEpoch?.(copy) ?? copies);
  return { ...alone, votingErrors: errorsOf() };
}

function percent(errors: number, pictures: number): string {
  return `${(100 * (1 - errors / pictures)).toFixed(2)} %`;
}

function describeResult({ name, judgedOn, errors, pictures, votingErrors }: Result): string {
  const voting =
    votingErrors === undefined
      ? ''
      : ` ${percent(votingErrors, pictures)} where the picture and ${VOTING_COPIES} distorted copies of it vote.`;
  return `${name}: ${percent(errors, pictures)} of ${pictures} pictures (${judgedOn}), ${errors} errors.${voting}`;
}

function summarize(done: readonly Result[]): void {
  if (done.length < 2) return;
  for (const result of done) console.log(describeResult(result));
  const mean = done.reduce(
    (sum, { errors, pictures }) => sum + (100 * (1 - errors / pictures)) / done.length,
    0,
  );
  console.log(`Mean of ${done.length} seeds: ${mean.toFixed(3)} %.`);
}
