// Times training steps of one network in a process of its own, and prints a line of JSON for each variant.
// Argument: TrainWork as JSON.

import { execFileSync } from 'node:child_process';
import { loadAddon } from '../../batch-job/tensorflow/addon/addon.ts';
import { allocateToLend } from '../../batch-job/tensorflow/addon/unaligned.ts';
import type { Trainer, TrainerOptions } from '../../batch-job/tensorflow/engine/engine.ts';
import { createTrainer } from '../../batch-job/tensorflow/engine/trainer.ts';
import { findDevices } from '../../batch-job/tensorflow/graph/find-devices.ts';
import { createGraphExecutor } from '../../batch-job/tensorflow/graph/graph-executor.ts';
import { CPU_REWRITES } from '../../batch-job/tensorflow/native/cpu-rewrites.ts';
import { countGpus } from '../../batch-job/tensorflow/native/find-gpu.ts';
import { nativeDirectory } from '../../batch-job/tensorflow/setup/native-directory.ts';
import { cacheDirectory } from '../../core/cache-directory.ts';
import { findArchitecture } from '../../core/network/architectures/architectures.ts';
import { initializeWeights } from '../../core/network/weights/initialize.ts';
import { report } from './report-line.ts';
import { withResidentImages } from './resident.ts';

/** Batch size, precision and source of pictures of one measurement. */
export interface TrainVariant {
  readonly batch: number;
  readonly precision: 'float32' | 'bfloat16' | 'float16';
  /**
   * `resident`: pictures already on the device. `pixels`: bytes that are uploaded at every step. `staged`: the same, while the
   * step before computes.
   */
  readonly feed: 'resident' | 'pixels' | 'staged';
  /** Devices that share a batch; where there are fewer, one has several shares. Default 1. */
  readonly towers?: number;
}

/** What one process measures: its argument, as JSON. */
export interface TrainWork {
  readonly backend: 'gpu' | 'native';
  readonly architecture: string;
  readonly size: number;
  /** Time to measure each variant. */
  readonly seconds: number;
  readonly variants: readonly TrainVariant[];
}

const CLASSES = 100;
// As the GPU engine sets it.
process.env['TF_SYNC_ON_FINISH'] ??= 'false';
const work = JSON.parse(process.argv[2] ?? '{}') as TrainWork;
const variant = work.backend === 'gpu' ? 'gpu' : 'cpu';
const directory = nativeDirectory(cacheDirectory(process.env), variant);
const addon = loadAddon(directory, variant);
if (work.backend === 'gpu' && !addon.isUsingGpuDevice()) throw new Error('TensorFlow sees no GPU.');
const devices = await findDevices(addon, variant === 'gpu' ? 'GPU' : 'CPU', countGpus());

const usedMiB = (): number | undefined => {
  if (work.backend !== 'gpu') return undefined;
  const text = execFileSync('nvidia-smi', ['--query-gpu=memory.used', '--format=csv,noheader,nounits']);
  return Number(text.toString().trim().split('\n')[0]);
};

async function measure({ batch, precision, feed, towers = 1 }: TrainVariant): Promise<void> {
  const inputSize = { height: work.size, width: work.size, channels: 3 } as const;
  const network = findArchitecture(work.architecture).build({ inputSize, classes: CLASSES });
  const pixels = allocateToLend(batch * work.size * work.size * 3);
  for (let i = 0; i < pixels.length; i++) pixels[i] = (i * 7 + (i >> 9)) & 255;
  const resident = feed === 'resident';
  const values = resident ? Float32Array.from(pixels, (value) => value / 127.5 - 1) : new Float32Array();
  const executor = createGraphExecutor(addon, {
    rewrites: variant === 'gpu' ? {} : CPU_REWRITES,
    overlaps: feed === 'staged' || (variant === 'gpu' && feed === 'resident'),
    devices,
  });
  const options: TrainerOptions = {
    network,
    weights: initializeWeights(network, 1),
    optimizer: { type: 'sgd', momentum: 0.9 },
    seed: 1,
    batchSize: batch,
    precision,
    towers,
    ...(resident ? {} : { preprocessing: 'tf' }),
  };
  const startedMs = performance.now();
  const trainer: Trainer = await createTrainer(
    resident ? withResidentImages(executor, values, [batch, work.size, work.size, 3]) : executor,
    options,
  );
  const labels = Int32Array.from({ length: batch }, (_, i) => i % CLASSES);
  const step = () =>
    trainer.step(
      { images: resident ? values : pixels, labels },
      0.01,
      feed === 'staged' ? pixels : undefined,
    );
  const { loss: firstLoss } = await step();
  const firstStepSeconds = (performance.now() - startedMs) / 1000;
  for (let i = 0; i < 3; i++) await step();
  const times: number[] = [];
  const fromMs = performance.now();
  let loss = 0;
  while (performance.now() - fromMs < 1000 * work.seconds || times.length < 3) {
    const beganMs = performance.now();
    loss = (await step()).loss;
    times.push(performance.now() - beganMs);
  }
  const medianMs = times.toSorted((a, b) => a - b)[times.length >> 1] ?? Number.NaN;
  trainer.dispose();
  report({
    runner: 'fovea',
    network: work.architecture,
    batch,
    precision,
    feed,
    ...(towers === 1 ? {} : { towers, devices: devices.length }),
    xla: process.env['TF_XLA_FLAGS'] !== undefined,
    picturesPerSecond: Math.round((10 * 1000 * batch) / medianMs) / 10,
    firstStepSeconds: Math.round(10 * firstStepSeconds) / 10,
    deviceMiB: usedMiB(),
    losses: [firstLoss, loss],
  });
}

for (const one of work.variants) {
  try {
    await measure(one);
  } catch (error) {
    const failed = error instanceof Error ? error.message.slice(0, 400) : String(error);
    report({ runner: 'fovea', network: work.architecture, ...one, failed });
  }
}
process.exit(0);
