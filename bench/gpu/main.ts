// Measures what a GPU gains, most important figures first. Each figure is printed when it is measured, and no failure stops
// the next. With `--backend native` everything is rehearsed on a machine without a GPU.

import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Command } from 'commander';
import { watchDevice } from './device-load.ts';
import { type Line, runWorker } from './run-worker.ts';
import { TRAIN_NETWORKS, torchVariants, trainVariants } from './train-variants.ts';

const SECTIONS = ['doctor', 'layers', 'train', 'torch', 'features', 'job', 'memory', 'xla'] as const;
type Section = (typeof SECTIONS)[number];

const program = new Command('bench:gpu')
  .option('--backend <name>', 'gpu, or native for a rehearsal', 'gpu')
  .option('--python <command>', 'a Python that has PyTorch and timm', 'python3')
  .option('--seconds <n>', 'how long each variant is timed', Number, 2)
  .option('--minutes <n>', 'after this time no further measurement starts', Number, 6)
  .option('--size <pixels>', 'height and width of training pictures', Number, 224)
  .option('--batches <sizes...>', 'of training', (text: string, all: number[] = []) => [...all, Number(text)])
  .option('--networks <names...>', 'measure these networks only')
  .option('--sections <names...>', `run these sections only: ${SECTIONS.join(', ')}`)
  .option('--dataset <folder>', 'folder of photographs, for a whole job')
  .option('--weights <folder>', 'folder of pretrained weights, for a whole job')
  .parse();
const options = program.opts<{
  readonly backend: 'gpu' | 'native';
  readonly python: string;
  readonly seconds: number;
  readonly minutes: number;
  readonly size: number;
  readonly batches?: readonly number[];
  readonly networks?: readonly string[];
  readonly sections?: readonly Section[];
  readonly dataset?: string;
  readonly weights?: string;
}>();

const here = (file: string) => path.join(import.meta.dirname, file);
const node = (file: string, ...args: readonly string[]) =>
  [process.execPath, '--import', 'tsx', file, ...args] as const;
const startedMs = performance.now();
const leftMs = () => 60_000 * options.minutes - (performance.now() - startedMs);
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
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '1', TF_FORCE_GPU_ALLOW_GROWTH: 'true', ...limits.env },
    onLine: (line) => console.log(`${title}: ${typeof line === 'string' ? line : JSON.stringify(line)}`),
  });
  console.log(`${title}: done after ${((performance.now() - startedMs) / 1000).toFixed(0)} s of the run`);
  return lines;
}

const train = (env: Readonly<Record<string, string>>, title: string, kinds: 'all' | 'mixed') =>
  networks.map(({ name }) => async () => {
    const work = {
      backend,
      architecture: name,
      size: options.size,
      seconds: options.seconds,
      variants: trainVariants(options.batches ?? [256, 128], kinds),
    };
    await measure(`${title} ${name}`, node(here('train-worker.ts'), JSON.stringify(work)), {
      seconds: 120,
      env,
    });
  });

const XLA = { TF_XLA_FLAGS: '--tf_xla_auto_jit=2' };

const sections: Readonly<Record<Section, readonly (() => Promise<unknown>)[]>> = {
  doctor: [
    () => measure('doctor', node('batch-job/doctor.ts'), { seconds: 60 }),
    ...(backend === 'gpu' ? [() => measure('card', ['nvidia-smi'], { seconds: 20 })] : []),
  ],
  layers: [
    ...(['float32', 'bfloat16', 'float16'] as const).map(
      (precision) => () => measure('layers', node(here('layers.ts'), backend, precision), { seconds: 60 }),
    ),
    () =>
      measure('layers with TensorFloat-32', node(here('layers.ts'), backend, 'float32'), {
        seconds: 60,
        env: { NVIDIA_TF32_OVERRIDE: '1' },
      }),
  ],
  train: train({}, 'train', 'all'),
  xla: train(XLA, 'train with XLA', 'mixed'),
  torch: networks.map(({ timm }) => () => {
    const work = {
      network: timm,
      size: options.size,
      seconds: options.seconds,
      variants: torchVariants(options.batches ?? [256, 128]),
    };
    return measure(`PyTorch ${timm}`, [options.python, here('torch-worker.py'), JSON.stringify(work)], {
      seconds: 120,
    });
  }),
  features: networks.map(
    ({ name }) =>
      () =>
        measure('features', node(here('features-worker.ts'), backend, name, String(options.seconds)), {
          seconds: 60,
        }),
  ),
  job: [
    () => wholeJob('auto', {}),
    () => wholeJob('full', {}),
    () => wholeJob('full', { NVIDIA_TF32_OVERRIDE: '1' }),
  ],
  memory: [
    () => {
      const variants = [{ batch: 8192, precision: 'float32', feed: 'pixels' }];
      const work = { backend, architecture: 'resnet50', size: options.size, seconds: 1, variants };
      return measure('batch that cannot fit', node(here('train-worker.ts'), JSON.stringify(work)), {
        seconds: 60,
      });
    },
  ],
};

async function wholeJob(stages: string, env: Readonly<Record<string, string>>): Promise<void> {
  const { dataset, weights } = options;
  const title = ['job, stages', stages, ...Object.keys(env)].join(' ');
  if (dataset === undefined || weights === undefined) {
    console.log('job: skipped, it needs --dataset and --weights');
    return;
  }
  const folder = await mkdtemp(path.join(os.tmpdir(), 'fovea-bench-gpu-'));
  const load = backend === 'gpu' ? watchDevice() : undefined;
  try {
    await mkdir(path.join(folder, 'datasets'));
    await symlink(path.resolve(dataset), path.join(folder, 'datasets/photos'));
    const request = {
      architecture: 'mobilenet_v2_1.0',
      dataset: 'photos',
      model: 'bench',
      seed: 1,
      recipe: stages === 'auto' ? {} : { stages, unfreeze_from: null },
      weightsDir: path.resolve(weights),
    };
    await measure(title, node(here('job-worker.ts'), pathToFileURL(folder).href, JSON.stringify(request)), {
      seconds: 100,
      env,
    });
  } finally {
    if (load !== undefined) console.log(`${title}: ${JSON.stringify(load.stop())}`);
    await rm(folder, { recursive: true, force: true });
  }
}

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
