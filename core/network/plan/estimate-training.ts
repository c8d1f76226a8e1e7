// Estimates from a network's plan how long an epoch takes on a GPU and what it costs, and says on what the estimate rests. Loading
// of pictures is not included.

import { FoveaError } from '../../errors/errors.ts';
import { GPU_RESERVED_SHARE, type Gpu } from '../../pricing/gpus.ts';
import { type Machine, PRICES_AS_OF } from '../../pricing/machines.ts';
import { type LayerPlan, largestBatch, type NetworkPlan, planTraining } from './plan.ts';

const BYTES_PER_GB = 1e9;
/**
 * Shares of a GPU's peaks that training reaches. With these two numbers the roofline below is within a quarter of what
 * NVIDIA publishes for ResNet50 v1.5 in DeepLearningExamples: training with TF32 on an A100, with float32 on a V100, and
 * prediction with float32 on a T4.
 */
const COMPUTE_SHARE = 0.7;
const BANDWIDTH_SHARE = 0.6;
/**
 * What a training step costs, in forward passes: the backward pass does the forward pass's multiplications twice, for the gradients
 * of inputs and of weights.
 */
export const TRAINING_PASSES = 3;
/** Forward, a layer reads its input and writes its output; backward it reads both gradients' sources and writes one. */
const INPUT_PASSES = 3;
const OUTPUT_PASSES = 2;
const SECONDS_PER_HOUR = 3600;

/** The GPU, its machine and the batch that an estimate is for. */
export interface TrainingEstimateOptions {
  readonly gpu: Gpu;
  readonly machine: Machine;
  readonly batchSize: number;
  /** Pictures of an epoch. Without it the estimate has no epoch. */
  readonly images?: number;
  /** Price of the machine for an hour. Default: the price in the table. */
  readonly usdPerHour?: number;
}

/**
 * What an estimate rests on, in sentences. Memory and speed are the same for every GPU; figures and price are those
 * of this one.
 */
export interface TrainingEstimateBasis {
  readonly memory: string;
  readonly speed: string;
  readonly figures: string;
  readonly price: string;
}

/** Memory, speed and price of training on one GPU. */
export interface TrainingEstimate {
  readonly gpu: string;
  readonly instanceType: string;
  /** Memory of the GPU, as sold. */
  readonly memoryBytes: number;
  /** The share of that memory that a network can use. */
  readonly usableBytes: number;
  /** Pictures of the largest batch that fits; 0 where not even one picture fits. */
  readonly largestBatch: number;
  /** Whether the batch that was asked for fits. */
  readonly fits: boolean;
  readonly picturesPerSecond: number;
  /** Operations a second of forward and backward pass. */
  readonly effectiveFlops: number;
  readonly usdPerHour: number;
  /** One epoch; null where the batch does not fit or the number of pictures is not known. */
  readonly epoch: { readonly images: number; readonly seconds: number; readonly usd: number } | null;
  /** What the numbers rest on. */
  readonly basis: TrainingEstimateBasis;
}

/**
 * Seconds of one picture's forward pass, or of its forward and backward pass: the roofline of Williams, Waterman and
 * Patterson (2009), layer by layer. A layer takes as long as its arithmetic or its memory traffic, whichever is longer.
 */
export function rooflineSeconds(
  layers: readonly LayerPlan[],
  { peakFlops, memoryBytesPerSecond }: Pick<Gpu, 'peakFlops' | 'memoryBytesPerSecond'>,
  pass: 'prediction' | 'training',
): number {
  const [flopsFactor, inputFactor, outputFactor] =
    pass === 'training' ? [TRAINING_PASSES, INPUT_PASSES, OUTPUT_PASSES] : [1, 1, 1];
  return layers.reduce((seconds, { flops, inputBytes, outputBytes }) => {
    if (outputBytes === 0) return seconds;
    const arithmetic = (flopsFactor * flops) / (COMPUTE_SHARE * peakFlops);
    const traffic =
      (inputFactor * inputBytes + outputFactor * outputBytes) / (BANDWIDTH_SHARE * memoryBytesPerSecond);
    return seconds + Math.max(arithmetic, traffic);
  }, 0);
}

/**
 * Seconds of one training step: its pictures by {@link rooflineSeconds}, then the update, which reads and writes
 * parameters, gradients and optimizer slots once each.
 */
export function trainingStepSeconds(
  plan: NetworkPlan,
  batchSize: number,
  device: Pick<Gpu, 'peakFlops' | 'memoryBytesPerSecond'>,
): number {
  const { parameterBytes, gradientBytes, optimizerBytes } = planTraining(plan, { batchSize });
  const traffic = 2 * (parameterBytes + gradientBytes + optimizerBytes);
  return (
    batchSize * rooflineSeconds(plan.layers, device, 'training') +
    traffic / (BANDWIDTH_SHARE * device.memoryBytesPerSecond)
  );
}

/**
 * Estimates memory, speed and price of training a whole planned network on one GPU.
 * @throws {FoveaError} `price-invalid`.
 */
export function estimateTraining(
  plan: NetworkPlan,
  { gpu, machine, batchSize, images, usdPerHour = machine.usdPerHour }: TrainingEstimateOptions,
): TrainingEstimate {
  checkPrice(usdPerHour);
  const memoryBytes = gpu.memoryGb * BYTES_PER_GB;
  const usableBytes = Math.floor(memoryBytes * (1 - GPU_RESERVED_SHARE));
  const memory = planTraining(plan, { batchSize });
  const fits = memory.totalBytes <= usableBytes;
  const picturesPerSecond = batchSize / trainingStepSeconds(plan, batchSize, gpu);
  const seconds = (images ?? 0) / picturesPerSecond;
  return {
    gpu: gpu.name,
    instanceType: machine.instanceType,
    memoryBytes,
    usableBytes,
    largestBatch: largestBatch(plan, usableBytes),
    fits,
    picturesPerSecond,
    effectiveFlops: TRAINING_PASSES * plan.flops * picturesPerSecond,
    usdPerHour,
    epoch:
      fits && images !== undefined
        ? { images, seconds, usd: (seconds / SECONDS_PER_HOUR) * usdPerHour }
        : null,
    basis: describeBasis(gpu, machine, usdPerHour),
  };
}

function describeBasis(gpu: Gpu, machine: Machine, usdPerHour: number): TrainingEstimateBasis {
  const percent = (share: number) => `${Math.round(100 * share)} %`;
  const isTablePrice = usdPerHour === machine.usdPerHour;
  const others =
    machine.gpuCount > 1
      ? ` The price is that of all ${machine.gpuCount} GPUs, and the speed that of one.`
      : '';
  return {
    memory: `A GB is 10⁹ bytes. ${percent(GPU_RESERVED_SHARE)} of the memory is reserved for CUDA, workspaces and gaps.`,
    speed:
      `Each layer takes as long as its arithmetic (three forward passes) at ${percent(COMPUTE_SHARE)} of the GPU's peak, or its ` +
      `memory traffic at ${percent(BANDWIDTH_SHARE)} of the bandwidth, whichever is longer. Reading and decoding pictures is ` +
      'not included.',
    figures: `${gpu.peakFlops / 1e12} TFLOP/s in ${gpu.arithmetic} and ${gpu.memoryBytesPerSecond / 1e9} GB/s (${gpu.source}).`,
    price: isTablePrice
      ? `On-demand price of ${machine.instanceType} in ${PRICES_AS_OF.region} on ${PRICES_AS_OF.date}.${others}`
      : `The price that was given, for ${machine.instanceType}.${others}`,
  };
}

function checkPrice(usdPerHour: number): void {
  if (Number.isFinite(usdPerHour) && usdPerHour >= 0) return;
  throw new FoveaError(
    'price-invalid',
    `A machine cannot cost US$ ${usdPerHour} an hour: give a number that is 0 or more.`,
    { param: 'usd_per_hour', details: { received: usdPerHour, minimum: 0 } },
  );
}
