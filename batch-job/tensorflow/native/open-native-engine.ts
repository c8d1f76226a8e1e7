// The native engines: TensorFlow's CPU or CUDA library behind the tfjs-node addon, with two executors.

import { FoveaError } from '../../../core/errors/errors.ts';
import { shownCommand } from '../../../core/shown-command.ts';
import { ADDON_PACKAGE, type Addon, hasAddon, loadAddon, type NativeVariant } from '../addon/addon.ts';
import type { Engine, ExecutorName } from '../engine/engine.ts';
import { createForward } from '../engine/forward.ts';
import { withTowers } from '../engine/towers.ts';
import { createTrainer } from '../engine/trainer.ts';
import type { Executor } from '../executor/executor.ts';
import { findDevices } from '../graph/find-devices.ts';
import { createGraphExecutor } from '../graph/graph-executor.ts';
import { CPU_REWRITES } from './cpu-rewrites.ts';
import { createEagerExecutor } from './eager-executor.ts';
import { countGpus, findGpuProblem } from './find-gpu.ts';
import { gpuMixedPrecision } from './mixed-precision.ts';
import { createPoolingRewrites, hasOneDnnPooling } from './onednn-pooling.ts';

const TFJS_NODE_VERSION = '4.22.0';

/** Which native engine to open. */
export interface OpenNativeOptions {
  readonly variant: NativeVariant;
  /** The folder that set-up made. */
  readonly directory: string;
  /** Why this back end is used. */
  readonly reason: string;
  /** Whether XLA compiles what runs on a GPU. */
  readonly compiles: boolean;
  /** Root of the file system in which the GPU is looked for. */
  readonly root?: string;
}

/**
 * Opens a native engine: loads the addon of a variant with TensorFlow's libraries. A process loads each only once.
 *
 * @throws {FoveaError} `backend-unavailable`: for `gpu` where driver, device or libraries are missing; where the addon is
 * not built, with the command that builds it; where it does not load, with the library that it misses.
 */
export async function openNativeEngine({
  variant,
  directory,
  reason,
  compiles,
  root,
}: OpenNativeOptions): Promise<Engine> {
  const problem = variant === 'gpu' ? findGpuProblem(root) : undefined;
  if (problem !== undefined) throw unavailable(variant, problem);
  if (!hasAddon(directory, variant)) {
    throw unavailable(variant, `the addon is not built (${directory}): run \`${setUpCommand(variant)}\``);
  }
  if (variant === 'gpu') setUpGpu(compiles);
  const addon = load(variant, directory);
  const isGpu = addon.isUsingGpuDevice();
  if (variant === 'gpu' && !isGpu) {
    throw unavailable(
      variant,
      'the driver and a device are there, and TensorFlow could not open its CUDA libraries or the device: run again with ' +
        `TF_CPP_MIN_LOG_LEVEL=0 to see which, and \`${setUpCommand(variant)}\` to have them again`,
    );
  }
  const gpus = isGpu ? await findDevices(addon, 'GPU', countGpus(root)) : [];
  const executors = createExecutors(addon, gpus);
  return {
    info: {
      backend: variant === 'gpu' ? 'gpu' : 'native',
      versions: {
        tensorflow: addon.TF_Version,
        [ADDON_PACKAGE[variant]]: TFJS_NODE_VERSION,
        node: process.versions.node,
      },
      devices: isGpu ? gpuNames(gpus) : ['CPU'],
      reason,
    },
    takesPixels: true,
    prefersFixedBatches: isGpu,
    mixedPrecision: () => (isGpu ? gpuMixedPrecision() : 'bfloat16'),
    createTrainer: (options) =>
      createTrainer(
        executors[options.executor ?? 'graph'],
        withTowers({ fixedBatches: isGpu, ...options }, gpus.length),
      ),
    createForward: (options) =>
      createForward(
        executors[options.executor ?? 'graph'],
        withTowers({ fixedBatches: isGpu, ...options }, gpus.length),
      ),
    numTensors: () => addon.getNumOfTensors(),
  };
}

/** What the devices are called in messages. */
const gpuNames = (gpus: readonly string[]): readonly string[] =>
  gpus.length > 1 ? gpus.map((_, index) => `GPU ${index}, CUDA`) : ['GPU, CUDA'];

/** @param gpus TensorFlow's names of them; none on processors. */
function createExecutors(addon: Addon, gpus: readonly string[]): Readonly<Record<ExecutorName, Executor>> {
  const isGpu = gpus.length > 0;
  const rewrites = isGpu ? {} : CPU_REWRITES;
  const poolsByOneDnn = !isGpu && hasOneDnnPooling(addon);
  return {
    graph: createGraphExecutor(addon, { rewrites, overlaps: isGpu, devices: gpus }),
    eager: createEagerExecutor(addon, () =>
      poolsByOneDnn ? { ...rewrites, ...createPoolingRewrites() } : rewrites,
    ),
  };
}

/** Sets the environment variables that TensorFlow reads when it is loaded; those that are set already stay. */
function setUpGpu(compiles: boolean): void {
  // Other processes may need the GPU's memory too, and memory in use can then be told from what is merely reserved.
  process.env['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true';
  // With TensorFloat-32, probabilities are 6e-3 from those of ONNX Runtime: the model that is evaluated would not be the one that is served.
  // TensorFlow's own switch cannot turn it off for predictions alone: its table of the fastest convolutions, by shape and batch size, keeps
  // those that it found before.
  process.env['NVIDIA_TF32_OVERRIDE'] ??= '0';
  // A run returns when all is queued, and JavaScript works while the GPU computes, see graph-executor.ts.
  process.env['TF_SYNC_ON_FINISH'] ??= 'false';
  if (compiles) process.env['TF_XLA_FLAGS'] ??= '--tf_xla_auto_jit=2';
}

/** The command that builds the addon. */
const setUpCommand = (variant: NativeVariant): string =>
  shownCommand('setup', ...(variant === 'gpu' ? ['--gpu'] : []));

function load(variant: NativeVariant, directory: string): Addon {
  try {
    return loadAddon(directory, variant);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw unavailable(
      variant,
      `the addon in ${directory} does not load (${problem}): run \`${setUpCommand(variant)}\``,
    );
  }
}

const unavailable = (variant: NativeVariant, problem: string) =>
  new FoveaError(
    'backend-unavailable',
    `The ${variant === 'gpu' ? 'GPU' : 'native'} back end is not available: ${problem}. ` +
      'Or ask for `auto`, which takes the best one that is available.',
    { details: { backend: variant === 'gpu' ? 'gpu' : 'native', problem } },
  );
