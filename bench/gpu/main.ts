// Measures what a GPU gains, most important figures first. Each figure is printed when it is measured, and no failure stops
// the next. With `--backend native` everything is rehearsed on a machine without a GPU.

import path from 'node:path';
import { Command } from 'commander';
import type { JobWork } from './job-worker.ts';
import { type Line, runWorker } from './run-worker.ts';
import { TRAIN_NETWORKS, trainVariants } from './train-variants.ts';

const SECTIONS = [
  'doctor',
  'layers',
  'job',
  'xla',
  'train',
  'torch',
  'resume',
  'memory',
  'features',
  'head-job',
  'compiled-torch',
  'towers',
] as const;
type Section = (typeof SECTIONS)[number];

const program = new Command('bench:gpu')
  .option('--backend <name>', 'gpu, or native for a rehearsal', 'gpu')
  .option('--python <command>', 'a Python that has PyTorch and timm', 'python3')
  .option('--seconds <n>', 'how long each variant is timed', Number, 2)
  .option('--minutes <n>', 'after this time no further measurement starts', Number, 6)
  .option('--env <pairs...>', 'environment variables of all measurements, NAME=VALUE')
  .option('--size <pixels>', 'height and width of training pictures', Number, 224)
  .option('--batches <sizes...>', 'of training', (text: string, all: number[] = []) => [...all, Number(text)])
  .option('--networks <names...>', 'measure these networks only')
  .option('--train-seconds <n>', 'the measurement of a network is ended after this time', Number, 120)
  .option('--job-network <name>', 'network of the whole jobs', 'mobilenet_v2_1.0')
  .option('--job-seconds <n>', 'a whole job is ended after this time', Number, 150)
  .option('--sections <names...>', `run these sections only: ${SECTIONS.join(', ')}`)
  .option('--dataset <folder>', 'folder of photographs, for a whole job')
  .option('--weights <folder>', 'folder of pretrained weights, for a whole job')
  .parse();
const options = program.opts<{
  readonly backend: 'gpu' | 'native';
  readonly python: string;
  readonly seconds: number;
  readonly minutes: number;
  readonly env?: readonly string[];
  readonly size: number;
  readonly batches?: readonly number[];
  readonly networks?: readonly string[];
  readonly trainSeconds: number;
  readonly jobNetwork: string;
  readonly jobSeconds: number;
  readonly sections?: readonly Section[];
  readonly dataset?: string;
  readonly weights?: string;
}>();

const here = (file: string) => path.join(import.meta.dirname, file);
const node = (file: string, ...args: readonly string[]) =>
  [process.execPath, '--import', 'tsx', file, ...args] as const;
/** What the command line adds to the environment. */
const asked = Object.fromEntries(
  (options.env ?? []).map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
);
const startedMs = performance.now();
const leftMs = () => 60_000 * options.minutes - (performance.now() - startedMs);
if (options.env !== undefined) console.log(`environment: ${options.env.join(' ')}`);
const networks = TRAIN_NETWORKS.filter(({ name }) => options.networks?.includes(name) ?? true);
const { backend } = options;

/** Runs a worker and prints its lines when they are written; a failure is a line, too. */
async function measure(
  title: string,
  command: readonly string[],
  limits: { readonly seconds: number; readonly env?: Readonly<Record<string, string>> },
): Promise<readonly Line[]> {
  const seconds = Math.min(limits.seconds, leftMs() / 1000);
  if (seconds < 5) {
    console.log(`${title}: skipped, the time is over`);
    return [];
  }
  const lines = await runWorker(command, {
    timeoutMs: 1000 * seconds,
    env: {
      ...process.env,
      TF_CPP_MIN_LOG_LEVEL: '1',
      TF_FORCE_GPU_ALLOW_GROWTH: 'true',
      ...limits.env,
      ...asked,
    },
    onLine: (line) => console.log(`${title}: ${typeof line === 'string' ? line : JSON.stringify(line)}`),
  });
  console.log(`${title}: done after ${((performance.now() - startedMs) / 1000).toFixed(0)} s of the run`);
  return lines;
}

const train = (env: Readonly<Record<string, string>>, title: string, kinds: 'all' | 'compiled' | 'towers') =>
  networks.map(({ name }) => async () => {
    const work = {
      backend,
      architecture: name,
      size: options.size,
      seconds: options.seconds,
      variants: trainVariants(options.batches ?? [256, 128], kinds),
    };
    await measure(`${title} ${name}`, node(here('train-worker.ts'), JSON.stringify(work)), {
      seconds: options.trainSeconds,
      env,
    });
  });

/** XLA compiles the graph. */
const XLA = { TF_XLA_FLAGS: '--tf_xla_auto_jit=2' };

const torch = (compile: boolean) =>
  networks.map(({ timm }) => () => {
    const variants = (options.batches ?? [256]).map((batch) => ({ batch, compile }));
    const work = { network: timm, size: options.size, seconds: options.seconds, variants };
    const title = compile ? 'PyTorch, compiled,' : 'PyTorch';
    return measure(`${title} ${timm}`, [options.python, here('torch-worker.py'), JSON.stringify(work)], {
      seconds: 150,
    });
  });

/** What jobs are asked for that make memory scarce or lose their trainer: few epochs, of all layers. */
const SHORT = {
  recipe: { stages: 'full', unfreeze_from: null, variants: [] },
  hyperparameters: { n_epochs: 4 },
} as const;

const sections: Readonly<Record<Section, readonly (() => Promise<unknown>)[]>> = {
  doctor: [
    () => measure('doctor', node('batch-job/doctor.ts'), { seconds: 60 }),
    ...(backend === 'gpu' ? [() => measure('card', ['nvidia-smi'], { seconds: 20 })] : []),
  ],
  layers: (['float32', 'bfloat16', 'float16'] as const).map(
    (precision) => () => measure('layers', node(here('layers.ts'), backend, precision), { seconds: 60 }),
  ),
  train: train({}, 'train', 'all'),
  towers: train({}, 'train with towers', 'towers').slice(0, 1),
  xla: train(XLA, 'train with XLA', 'compiled'),
  torch: torch(false),
  'compiled-torch': torch(true),
  features: networks.map(
    ({ name }) =>
      () =>
        measure('features', node(here('features-worker.ts'), backend, name, String(options.seconds)), {
          seconds: 60,
        }),
  ),
  job: [() => wholeJob('job', { request: { recipe: {} } })],
  'head-job': [() => wholeJob('head job', { request: { recipe: { stages: 'head' } } })],
  memory: [
    () =>
      wholeJob('job, memory runs out', {
        request: { ...SHORT, hyperparameters: { ...SHORT.hyperparameters, batch_size: 256 } },
        memoryMiB: 6144,
      }),
  ],
  resume: [() => wholeJob('job, killed and resumed', { request: SHORT, killAfterEpoch: 2 })],
};

async function wholeJob(
  title: string,
  {
    request,
    ...more
  }: Pick<JobWork, 'memoryMiB' | 'killAfterEpoch'> & {
    readonly request: Omit<JobWork['request'], 'architecture'>;
  },
): Promise<void> {
  const { dataset, weights, jobNetwork, python, jobSeconds: seconds } = options;
  if (dataset === undefined || weights === undefined) {
    console.log(`${title}: skipped, it needs --dataset and --weights`);
    return;
  }
  const work: JobWork = {
    backend,
    dataset,
    weights,
    python,
    request: { ...request, architecture: jobNetwork },
    ...more,
  };
  await measure(title, node(here('job-worker.ts'), JSON.stringify(work)), { seconds });
}

// So that the workers end, too.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));
for (const section of options.sections ?? SECTIONS) {
  for (const run of sections[section]) {
    try {
      await run();
    } catch (error) {
      console.log(`${section}: failed, ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
process.exit(0);
