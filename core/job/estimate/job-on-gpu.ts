// Says what a job would make of a planned network on a GPU: stages, batch, precision, time and price.

import { findArchitecture } from '../../network/architectures/architectures.ts';
import type { TrainingEstimate } from '../../network/plan/estimate-training.ts';
import type { ClassifierPlan } from '../../network/plan/plan-classifier.ts';
import { findGpu, type GpuName } from '../../pricing/gpus.ts';
import { cheapestMachineWith } from '../../pricing/machines.ts';
import { HyperparametersSchema } from '../recipe/hyperparameters.ts';
import { RecipeSchema } from '../recipe/recipe.ts';
import { estimateJob } from './estimate-job.ts';

/** Trainers refuse fewer. */
const FEWEST_CLASSES = 2;

/**
 * A sentence or two on the job that trains the planned network on one of the plan's GPUs, its recipe left to `auto`. Null where the
 * plan does not say how many pictures there are, and where it is not of the network that a job trains.
 */
export function describeJobOnGpu(plan: ClassifierPlan, on: TrainingEstimate): string | null {
  const { model, classes, until, inputSize } = plan;
  const architecture = findArchitecture(model);
  const { defaultInputSize: size } = architecture;
  const isOther =
    size.height !== inputSize.height ||
    size.width !== inputSize.width ||
    size.channels !== inputSize.channels;
  if (on.epoch === null || until !== undefined || isOther || classes < FEWEST_CLASSES) return null;
  const gpu: GpuName = findGpu(on.gpu).name;
  const { vcpus, instanceType } = cheapestMachineWith(gpu);
  const { parts, seconds, usd, how } = estimateJob(
    {
      architecture: model,
      backend: 'gpu',
      hyperparameters: HyperparametersSchema.parse({}),
      recipe: RecipeSchema.parse({}),
      sweep: null,
    },
    { train: on.epoch.images, validation: 0, test: 0, classes },
    { name: instanceType, gpu, vcpus, usdPerHour: on.usdPerHour, priceBasis: '' },
  );
  const stages = parts.flatMap(({ name, epochs, folds }) => {
    if (name === 'retrain') return [`then "full" again on all pictures`];
    if (epochs !== null)
      return [`"${name}" (${epochs} epochs${folds === undefined ? '' : `, without each of ${folds} folds`})`];
    return name === 'head' ? ['"head" (solved exactly)'] : [];
  });
  return (
    `A job trains ${stages.join(', ')}, and takes about ${Math.ceil(seconds)} s and US$ ${usd.toFixed(3)} on one ${gpu}, pictures ` +
    `for validation and test not counted. ${how.join(' ')}`
  );
}
