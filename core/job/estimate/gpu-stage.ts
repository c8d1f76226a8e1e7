// How a GPU trains the layers of a network, and how long, before a job runs: the batch, the precision and the compiler that the
// trainer will choose.

import type { Network } from '../../network/description/network.ts';
import { firstTrainable } from '../../network/description/trainable-from.ts';
import { TRAINING_PASSES } from '../../network/plan/estimate-training.ts';
import { largestBatch, planNetwork } from '../../network/plan/plan.ts';
import { GPU_RESERVED_SHARE, type Gpu } from '../../pricing/gpus.ts';
import {
  compiledSeconds,
  firstStepSeconds,
  gpuPrecision,
  isWorthCompiling,
  plainSeconds,
} from '../recipe/gpu-arithmetic.ts';
import { gpuBatchSize, PLANNED_SHARE } from '../recipe/gpu-batch-size.ts';
import type { Hyperparameters } from '../recipe/hyperparameters.ts';
import type { Recipe } from '../recipe/recipe.ts';

const BYTES_PER_GB = 1e9;

/** A stage of a job on a GPU. */
export interface GpuStageOptions {
  readonly gpu: Gpu;
  /** GPUs that share a batch. */
  readonly gpuCount: number;
  /** How many times as fast as one GPU they are together. */
  readonly speed: number;
  readonly network: Network;
  /** The layers that are trained, where the others were computed beforehand; default: `network`. */
  readonly trained?: Network | undefined;
  /** The first trainable layer, or its block; null where all are trainable. */
  readonly from: string | null;
  readonly epochs: number;
  /** Pictures of the training split. */
  readonly examples: number;
  /** Batch size of the recipe. */
  readonly batchSize: number;
  /** Whether the batch may be larger than the recipe's. */
  readonly mayGrow: boolean;
}

/** How the stage is trained. */
export interface GpuStage {
  /** Seconds of all training steps, with what comes before the first: compilation, or a search for the fastest convolutions. */
  readonly stepSeconds: number;
  /** Seconds of a picture's forward pass. */
  readonly forwardSeconds: number;
  /** Batch, precision and compiler, in words. */
  readonly how: string;
}

/** Plans a stage on a GPU. @throws {FoveaError} `layer-unknown`. */
export function planGpuStage(
  { recipe, hyperparameters }: { readonly recipe: Recipe; readonly hyperparameters: Hyperparameters },
  {
    gpu,
    gpuCount,
    speed,
    network,
    trained = network,
    from,
    epochs,
    examples,
    batchSize: least,
    mayGrow,
  }: GpuStageOptions,
): GpuStage {
  const asked = hyperparameters.batch_size;
  const plan = planNetwork(network);
  const bytes = gpu.memoryGb * BYTES_PER_GB * (1 - GPU_RESERVED_SHARE);
  const trainable = from === null ? {} : { trainableFrom: firstTrainable(network, from) };
  const fitting = gpuCount * largestBatch(plan, PLANNED_SHARE * bytes, trainable);
  const automatic = mayGrow ? gpuBatchSize({ examples, epochs, least, fitting }) : least;
  const batchSize = Math.min(examples, asked === 'auto' ? automatic : asked);
  const pictures = epochs * examples;
  const compiles = isWorthCompiling(recipe, { network: trained, batchSize: least, pictures }, gpu);
  const precision =
    recipe.precision === undefined || recipe.precision === 'auto'
      ? gpuPrecision(network).precision
      : recipe.precision;
  const plain = plainSeconds({ network: trained, batchSize, pictures }, gpu) / speed;
  return {
    stepSeconds: compiles ? compiledSeconds(plain) : plain + firstStepSeconds(trained, precision),
    forwardSeconds: plain / pictures / TRAINING_PASSES,
    how:
      `in batches of ${batchSize}, in ${precision === 'mixed' ? 'mixed precision' : 'float32'}` +
      (compiles ? ', compiled by XLA' : ', without a compiler'),
  };
}
