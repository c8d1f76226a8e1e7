// Whether XLA is worth its time for a job, should a GPU train it. It is decided before TensorFlow is loaded, because a process
// decides it once.

import { fullStageStart, splitFrozen } from '../../core/job/recipe/full-stage.ts';
import { type GpuTraining, isWorthCompiling } from '../../core/job/recipe/gpu-arithmetic.ts';
import { hasFullStage } from '../../core/job/recipe/stage-lengths.ts';
import { applyTrial, trialsOf } from '../../core/job/recipe/sweep.ts';
import type { JobRecord } from '../../core/job/record/job.ts';
import { findGpu, GPUS, type GpuName, gpuOfDriver } from '../../core/pricing/gpus.ts';
import type { Base } from '../base/base.ts';
import { epochsOf, STAGE_DEFAULTS } from './stage-settings.ts';

/** The GPU that stands for one that is in no table: the fewest jobs are worth compiling for the fastest. */
const FASTEST_GPU = 'H100' satisfies GpuName;

/** What the choice depends on. */
export interface CompilationInput {
  readonly job: Pick<JobRecord, 'hyperparameters' | 'recipe' | 'sweep' | 'resolved'>;
  readonly base: Pick<Base, 'build' | 'defaultInputSize' | 'isPretrained' | 'imported'>;
  readonly classes: number;
  /** Pictures of the training split. */
  readonly examples: number;
  /** The GPU's name as its driver has it; null where it is not known. */
  readonly gpuModel: string | null;
}

/** Whether a training of the job, which may be a sweep, is long enough on the GPU for XLA to pay. */
export function compilesTraining(input: CompilationInput): boolean {
  const { job, gpuModel } = input;
  const jobs = job.sweep === null ? [job] : trialsOf(job.sweep).map((trial) => applyTrial(job, trial));
  const gpu = (gpuModel === null ? undefined : gpuOfDriver(gpuModel, GPUS)) ?? findGpu(FASTEST_GPU);
  return jobs.some((one) => {
    const training = stageOnGpu(one, input);
    return training !== undefined && isWorthCompiling(one.recipe, training, gpu);
  });
}

/** The stage that trains a network's own layers; undefined where only a head is trained. */
function stageOnGpu(
  { recipe, hyperparameters, resolved }: CompilationInput['job'],
  { base, classes, examples }: CompilationInput,
): GpuTraining | undefined {
  const isFull =
    resolved === null
      ? hasFullStage(recipe, { isGpu: base.imported === undefined, pictures: examples })
      : 'full' in resolved.stages;
  if (base.isPretrained && !isFull) return undefined;
  const defaults = STAGE_DEFAULTS[recipe.preset][base.isPretrained ? 'full' : 'scratch'];
  const epochs = epochsOf(defaults, hyperparameters, examples);
  const network = base.build({ inputSize: base.defaultInputSize, classes });
  const split = splitFrozen(network, {
    from: base.isPretrained ? fullStageStart(recipe, network, true) : null,
    pictures: { train: examples, validation: 0 },
    epochs,
    isAugmented: false,
    bytesPerValue: Float32Array.BYTES_PER_ELEMENT,
  });
  const batchSize = hyperparameters.batch_size === 'auto' ? defaults.batchSize : hyperparameters.batch_size;
  return { network: split?.trainable ?? network, batchSize, pictures: epochs * examples };
}
