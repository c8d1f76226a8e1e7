// Compares the training speed of every back end and executor with Keras's `train_on_batch`: the same network, batch and
// optimizer in processes that take turns within one run, so that a noisy machine disturbs all of them alike. Read the
// ratios.

import path from 'node:path';
import { Command } from 'commander';
import { CLASSES, TRAIN_CASES, type TrainCase } from './cases.ts';
import { type Runner, startRunner, type Timing } from './runner.ts';

const WORKER = path.join(import.meta.dirname, 'worker.ts');
const KERAS_WORKER = path.join(import.meta.dirname, 'keras-worker.py');
const PYTORCH_WORKER = path.join(import.meta.dirname, 'pytorch-worker.py');
/** oneDNN then multiplies float32 values as bfloat16. */
const BFLOAT16_PRODUCTS = { ONEDNN_DEFAULT_FPMATH_MODE: 'BF16' };

const program = new Command('bench:train')
  .option('--python <command>', 'a Python that has Keras and TensorFlow', 'python3')
  .option('--pytorch <command>', 'a Python that has PyTorch and timm', 'python3')
  .option('--rounds <n>', 'turns of each process', Number, 5)
  .option('--seconds <n>', 'approximate length of a turn', Number, 2)
  .option('--processor-time', 'compare processor time, which a loaded machine disturbs less, instead of time')
  .option('--only <architectures...>', 'measure these networks only')
  .option('--without <runners...>', 'skip these runners, e.g. keras')
  .option('--with <runners...>', 'run these runners only')
  .parse();
const options = program.opts<{
  readonly python: string;
  readonly pytorch: string;
  readonly rounds: number;
  readonly seconds: number;
  readonly processorTime?: boolean;
  readonly only?: readonly string[];
  readonly without?: readonly string[];
  readonly with?: readonly string[];
}>();

/** The timings of a runner in all of its turns. */
interface Outcome {
  readonly name: string;
  readonly firstStepSeconds: number;
  readonly timings: readonly Timing[];
}

async function startAll({
  architecture,
  size,
  channels,
  batch,
  keras,
  timm,
}: TrainCase): Promise<readonly Runner[]> {
  const own = (backend: string, executor: string, precision = 'float32', env = {}) =>
    [
      process.execPath,
      ['--import', 'tsx', WORKER, architecture, size, channels, batch, backend, executor, precision].map(
        String,
      ),
      env,
    ] as const;
  const pytorch = (precision: string) =>
    [
      options.pytorch,
      [PYTORCH_WORKER, String(timm), size, batch, CLASSES, precision].map(String),
      {},
    ] as const;
  const commands = {
    keras: [options.python, [KERAS_WORKER, keras, size, channels, batch, CLASSES].map(String), {}],
    ...(timm === undefined ? {} : { pytorch: pytorch('float32'), 'pytorch bfloat16': pytorch('bfloat16') }),
    'native graph': own('native', 'graph'),
    'native bfloat16': own('native', 'graph', 'bfloat16'),
    'native bf16 products': own('native', 'graph', 'float32', BFLOAT16_PRODUCTS),
    'native eager': own('native', 'eager'),
    'portable graph': own('portable', 'graph'),
    'portable eager': own('portable', 'eager'),
  } as const;
  const runners: Runner[] = [];
  // One at a time, so that first steps do not disturb each other.
  for (const [name, [command, args, env]] of Object.entries(commands)) {
    if (options.without?.includes(name) || options.with?.includes(name) === false) continue;
    const runner = await startRunner(name, command, args, env);
    if (runner !== undefined) runners.push(runner);
  }
  return runners;
}

async function measure(row: TrainCase): Promise<readonly Outcome[]> {
  const runners = await startAll(row);
  const steps = new Map<Runner, number>();
  for (const runner of runners) {
    const { seconds } = await runner.run(1);
    steps.set(runner, Math.max(1, Math.round(options.seconds / seconds)));
  }
  const timings = new Map<Runner, Timing[]>(runners.map((runner) => [runner, []]));
  for (let round = 0; round < options.rounds; round++) {
    for (const runner of runners) timings.get(runner)?.push(await runner.run(steps.get(runner) ?? 1));
  }
  for (const runner of runners) runner.stop();
  return runners.map((runner) => ({ ...runner, timings: timings.get(runner) ?? [] }));
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const timeOf = ({ seconds, processorSeconds }: Timing): number =>
  options.processorTime === true ? processorSeconds : seconds;

/** Median of the ratios within a round, because a disturbance in a round affects both. */
const ratioTo = (outcome: Outcome, reference: Outcome | undefined): number =>
  median(
    outcome.timings.map((timing, round) => {
      const other = reference?.timings[round];
      return (other === undefined ? Number.NaN : timeOf(other)) / timeOf(timing);
    }),
  );

const cell = (value: number, digits: number, width: number) =>
  (Number.isFinite(value) ? value.toFixed(digits) : '-').padStart(width);

function print(row: TrainCase, outcomes: readonly Outcome[]): void {
  const find = (name: string) => outcomes.find((outcome) => outcome.name === name);
  console.log(`\n${row.architecture}, ${row.size} × ${row.size} × ${row.channels}, batch of ${row.batch}`);
  console.log('                        img/s   × Keras  × native graph   first step s   peak MiB');
  for (const outcome of outcomes) {
    const speed = row.batch / median(outcome.timings.map(timeOf));
    const peak = Math.max(...outcome.timings.map(({ peakBytes }) => peakBytes)) / 2 ** 20;
    console.log(
      outcome.name.padEnd(21) +
        cell(speed, 1, 8) +
        cell(ratioTo(outcome, find('keras')), 2, 10) +
        cell(ratioTo(outcome, find('native graph')), 2, 16) +
        cell(outcome.firstStepSeconds, 1, 15) +
        cell(peak, 0, 11),
    );
  }
}

for (const row of TRAIN_CASES) {
  if (options.only !== undefined && !options.only.includes(row.architecture)) continue;
  print(row, await measure(row));
}
