// How a GPU computes where the request leaves that to `auto`: in which precision, and whether XLA compiles the steps. For the
// trainer, and for an estimate. Knows no TensorFlow.

import type { Network } from '../../network/description/network.ts';
import { trainingStepSeconds } from '../../network/plan/estimate-training.ts';
import { planNetwork } from '../../network/plan/plan.ts';
import type { Gpu } from '../../pricing/gpus.ts';
import type { Recipe, TrainingPrecision } from './recipe.ts';

// Measured on an H200, see "Training on a GPU" in bench/README.md.
/** XLA compiles the programs of a job for so long: the step of ResNet50 for 38 s, and each of three others for about 14 s. */
const COMPILE_SECONDS = 80;
/** How many times as fast XLA must make a training to be used: both times are rough estimates. */
const LEAST_GAIN = 1.5;
/** The first step takes so long without XLA: 5 s for ResNet50. In 16 bits cuDNN searches 30 to 37 s for depthwise convolutions. */
const FIRST_STEP_SECONDS = { usual: 5, depthwiseIn16Bits: 35 };
/** Compiled steps in 16 bits are so many times as fast: ResNet50 has 6137 to 6525 pictures a second, and 1696 to 1952 without XLA. */
const COMPILED_SPEED = 3;

/**
 * The layers for which cuDNN searches half a minute in 16 bits, to be hardly faster than in float32. XLA searches longer than was
 * waited for, and where it does not search, a step takes ten times as long.
 */
const DEPTHWISE: readonly string[] = ['depthwise_conv2d', 'separable_conv2d'];

const hasDepthwise = (layers: Network['layers']) => layers.some(({ type }) => DEPTHWISE.includes(type));

/** A training on a GPU, as far as the arithmetic depends on it. */
export interface GpuTraining {
  /** The layers that are trained. */
  readonly network: Network;
  readonly batchSize: number;
  /** Pictures of all epochs. */
  readonly pictures: number;
}

/** Seconds of the steps by the roofline model, which a GPU without XLA hardly reaches. */
export const plainSeconds = (
  { network, batchSize, pictures }: GpuTraining,
  gpu: Pick<Gpu, 'peakFlops' | 'memoryBytesPerSecond'>,
): number => (pictures / batchSize) * trainingStepSeconds(planNetwork(network), batchSize, gpu);

/** Seconds of the same steps where XLA compiles them, its own time included. */
export const compiledSeconds = (plain: number): number => COMPILE_SECONDS + plain / COMPILED_SPEED;

/** Seconds that the first step takes longer than all others, where XLA does not compile it. */
export const firstStepSeconds = (
  { layers }: Pick<Network, 'layers'>,
  precision: TrainingPrecision,
): number =>
  precision === 'mixed' && hasDepthwise(layers)
    ? FIRST_STEP_SECONDS.depthwiseIn16Bits
    : FIRST_STEP_SECONDS.usual;

/** Whether XLA makes a training much faster, its own time included. It was not measured in float32, and compiles no depthwise convolutions. */
export function isWorthCompiling(
  { precision = 'auto' }: Pick<Recipe, 'precision'>,
  training: GpuTraining,
  gpu: Pick<Gpu, 'peakFlops' | 'memoryBytesPerSecond'>,
): boolean {
  if (hasDepthwise(training.network.layers)) return false;
  const seconds = plainSeconds(training, gpu);
  return precision !== 'float32' && LEAST_GAIN * compiledSeconds(seconds) < seconds;
}

/** The precision of a stage on a GPU that the request leaves to `auto`, and why it is not `mixed` where it is not. */
export const gpuPrecision = ({
  layers,
}: Pick<Network, 'layers'>): { readonly precision: TrainingPrecision; readonly reason: string | null } =>
  hasDepthwise(layers)
    ? {
        precision: 'float32',
        reason: 'Depthwise convolutions are hardly faster in 16 bits: the stage computes in float32.',
      }
    : { precision: 'mixed', reason: null };
