// Chooses the machine on which a job starts, where an installation has some with a GPU and some without. Knows no queue.

import { toBackboneName } from '../../backbone/backbone.ts';
import { findArchitecture } from '../../network/architectures/architectures.ts';
import { FULL_STAGE_PICTURES, hasFullStage, ON_PROCESSORS } from '../recipe/stage-lengths.ts';
import { applyTrial, trialsOf } from '../recipe/sweep.ts';
import type { JobRecord } from '../record/job.ts';
import { estimateJob, type JobEstimate, type JobMachine, type JobPictures } from './estimate-job.ts';

type ChosenFor = Pick<JobRecord, 'architecture' | 'backend' | 'hyperparameters' | 'recipe' | 'sweep'>;

/** A machine, what the job takes on it, and why it is this one. */
export interface MachineChoice {
  readonly machine: JobMachine;
  /** Null where the trainer would refuse the dataset, and for imported backbones, whose cost is not known. */
  readonly estimate: JobEstimate | null;
  /** A sentence; null where there is no choice. */
  readonly reason: string | null;
}

const FEWEST_CLASSES = 2;

/**
 * Chooses among machines. A job that trains pretrained layers or asks for mixed precision goes to a GPU, and so does one that leaves
 * its stages to `auto`: a machine without GPU that is added changes no model. Any other job goes where it costs less.
 * @param machines At least one; of those with a GPU, and of those without, the first is meant.
 * @throws {FoveaError} what {@link estimateJob} throws.
 */
export function chooseMachine(
  job: ChosenFor,
  pictures: JobPictures,
  machines: readonly [JobMachine, ...JobMachine[]],
): MachineChoice {
  const estimateOn = (machine: JobMachine) => estimateOf(job, pictures, machine);
  const gpu = machines.find((machine) => machine.gpu !== undefined);
  const cpu = machines.find((machine) => machine.gpu === undefined);
  if (gpu === undefined || cpu === undefined)
    return { machine: machines[0], estimate: estimateOn(machines[0]), reason: null };
  const choose = (machine: JobMachine, because: string): MachineChoice => {
    const estimate = estimateOn(machine);
    const reason = `The job starts on ${machine.name}: ${because}`;
    return {
      machine,
      estimate: estimate === null ? null : { ...estimate, basis: [reason, ...estimate.basis] },
      reason,
    };
  };
  if (job.backend === 'gpu') return choose(gpu, 'it asks for a GPU.');
  if (job.backend !== 'auto')
    return choose(cpu, `it asks for the back end "${job.backend}", which needs no GPU.`);
  const need = needOfGpu(job, pictures);
  if (need !== undefined) return choose(gpu, need);
  if (toBackboneName(job.architecture) !== undefined && gpu.importedOnGpu === true)
    return choose(gpu, 'the features of imported backbones are computed on its GPU.');
  const [onGpu, onCpu] = [estimateOn(gpu), estimateOn(cpu)];
  if (onGpu === null || onCpu === null) {
    const isCpu = cpu.usdPerHour / cpu.vcpus <= gpu.usdPerHour / gpu.vcpus;
    return choose(isCpu ? cpu : gpu, 'what it takes is not known, and its processors cost less.');
  }
  const [machine, least, other] = onCpu.usd <= onGpu.usd ? [cpu, onCpu, onGpu] : [gpu, onGpu, onCpu];
  return choose(
    machine,
    `it takes about ${describe(least)} there, and ${describe(other)} on ${other.machine.name}.`,
  );
}

const describe = ({ usd, seconds }: JobEstimate): string =>
  `US$ ${usd.toFixed(3)} and ${Math.ceil(seconds)} s`;

/** Why a job needs a GPU where there is one; undefined where processors will do. */
function needOfGpu(
  { architecture, hyperparameters, recipe, sweep }: ChosenFor,
  { train }: JobPictures,
): string | undefined {
  const recipes =
    sweep === null
      ? [recipe]
      : trialsOf(sweep).map((trial) => applyTrial({ hyperparameters, recipe }, trial).recipe);
  if (recipes.some(({ precision }) => precision === 'mixed'))
    return 'recipe.precision "mixed" is faster on a GPU.';
  const isFrozen = toBackboneName(architecture) !== undefined;
  if (isFrozen || findArchitecture(architecture).weightSources.length === 0) return undefined;
  if (recipes.some((one) => hasFullStage(one, ON_PROCESSORS))) return 'it trains pretrained layers.';
  return recipes.some((one) => hasFullStage(one, { isGpu: true, pictures: train }))
    ? `recipe.stages "auto" trains all layers on ${FULL_STAGE_PICTURES} pictures and more where there is a GPU; "head" goes where it costs less.`
    : undefined;
}

function estimateOf(job: ChosenFor, pictures: JobPictures, machine: JobMachine): JobEstimate | null {
  const isTooLittle = pictures.train === 0 || pictures.classes < FEWEST_CLASSES;
  return isTooLittle || toBackboneName(job.architecture) !== undefined
    ? null
    : estimateJob(job, pictures, machine);
}
