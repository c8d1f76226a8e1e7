// How long a job will take on a machine and what that costs, before it runs. An estimate, with what it rests on in words.
// Knows no queue and no HTTP.

import { findArchitecture } from '../network/architectures.ts';
import { estimateTraining } from '../network/estimate-training.ts';
import { type NetworkPlan, planNetwork } from '../network/plan.ts';
import { findGpu, type GpuName } from '../pricing/gpus.ts';
import { cheapestMachineWith } from '../pricing/machines.ts';
import type { JobRecord } from './job.ts';
import { featureViewsFor, hasFullStage, STAGE_LENGTHS } from './stage-lengths.ts';
import { applyTrial, trialsOf } from './sweep.ts';

/** The machine that a job will start on. */
export interface JobMachine {
  /** E.g. `g4dn.xlarge`. */
  readonly name: string;
  /** Left out where it trains on processors. */
  readonly gpu?: GpuName | undefined;
  readonly vcpus: number;
  readonly usdPerHour: number;
  /** A sentence: where the price is from, of which date and region. */
  readonly priceBasis: string;
}

/** Pictures of each split, and how many classes they have. */
export interface JobPictures {
  readonly train: number;
  readonly validation: number;
  readonly test: number;
  readonly classes: number;
}

export interface JobEstimate {
  readonly machine: JobMachine;
  readonly seconds: number;
  readonly usd: number;
  readonly parts: readonly {
    readonly name: string;
    readonly epochs: number | null;
    readonly seconds: number;
  }[];
  /** Sentences. */
  readonly basis: readonly string[];
}

/** ONNX Runtime, MobileNetV2 and ResNet50 on two cores: 49 and 57 billion operations a second each. */
const PREDICTION_FLOPS = 50e9;
/** TensorFlow, forward and backward, on two cores: 8 (MobileNetV2) to 33 (a plain CNN) billion each. */
const TRAINING_FLOPS = 15e9;
const TRAINING_PASSES = 3;
/** Reading, decoding and resizing a photo of some megapixels on one processor; many are smaller, some much larger. */
const DECODE_SECONDS = 0.01;
const SECONDS_PER_HOUR = 3600;

type EstimatedJob = Pick<JobRecord, 'architecture' | 'hyperparameters' | 'recipe' | 'sweep'>;
type Part = JobEstimate['parts'][number];

/**
 * Time and price of a job.
 * @throws {FoveaError} `architecture-unknown`, `classes-out-of-range`.
 */
export function estimateJob(job: EstimatedJob, pictures: JobPictures, machine: JobMachine): JobEstimate {
  const architecture = findArchitecture(job.architecture);
  const { validation, test, classes } = pictures;
  const plan = planNetwork(architecture.build({ inputSize: architecture.defaultInputSize, classes }));
  const decode = DECODE_SECONDS / machine.vcpus;
  const situation = {
    plan,
    pictures,
    machine,
    isPretrained: architecture.weightSources.length > 0,
    decode,
    predict: decode + plan.flops / (PREDICTION_FLOPS * machine.vcpus),
  };
  const trials = job.sweep === null ? [] : trialsOf(job.sweep);
  const parts: Part[] =
    trials.length === 0
      ? trainingParts(job, situation)
      : trials.flatMap((settings, index) =>
          trainingParts(applyTrial(job, settings), situation).map((part) => ({
            ...part,
            name: `trial ${index + 1}: ${part.name}`,
          })),
        );
  // By the trainer and by the exported model; and the validation split once more, for calibration.
  parts.push({ name: 'report', epochs: null, seconds: (2 * test + validation) * situation.predict });

  const seconds = parts.reduce((sum, part) => sum + part.seconds, 0);
  return {
    machine,
    seconds,
    usd: (seconds / SECONDS_PER_HOUR) * machine.usdPerHour,
    parts,
    basis: [
      ...describeBasis(machine),
      ...(trials.length === 0
        ? []
        : ['The trials of a sweep are counted one after another; on AWS they run side by side.']),
    ],
  };
}

interface Situation {
  readonly plan: NetworkPlan;
  readonly pictures: JobPictures;
  readonly machine: JobMachine;
  readonly isPretrained: boolean;
  /** Seconds of one picture. */
  readonly decode: number;
  readonly predict: number;
}

/** The stages of one training. */
function trainingParts(
  { hyperparameters, recipe }: Omit<EstimatedJob, 'sweep'>,
  { plan, pictures: { train, validation }, machine, isPretrained, decode, predict }: Situation,
): Part[] {
  const lengths = STAGE_LENGTHS[recipe.preset];
  const epochsOf = (stage: keyof typeof lengths, isLast: boolean) =>
    isLast && hyperparameters.n_epochs !== 'auto' ? hyperparameters.n_epochs : lengths[stage].epochs(train);
  const trained = (stage: 'full' | 'scratch'): Part => {
    const epochs = epochsOf(stage, true);
    const asked = hyperparameters.batch_size;
    const batchSize = asked === 'auto' ? lengths[stage].batchSize : asked;
    // Pictures are decoded while the network learns from those before.
    const learning = trainingSeconds(plan, batchSize, machine);
    const step = Math.max(decode, learning);
    const judging = Math.max(decode, learning / TRAINING_PASSES);
    return { name: stage, epochs, seconds: epochs * (train * step + validation * judging) };
  };
  if (!isPretrained) return [trained('scratch')];
  const hasFull = hasFullStage(recipe);
  const views = recipe.augmentation === 'none' ? 0 : featureViewsFor(recipe, train);
  const features = (train * (1 + views) + validation) * predict;
  const head: Part = { name: 'head', epochs: epochsOf('head', !hasFull), seconds: features };
  return hasFull ? [head, trained('full')] : [head];
}

/** Of one picture. */
function trainingSeconds(plan: NetworkPlan, batchSize: number, { gpu, vcpus }: JobMachine): number {
  if (gpu === undefined) return (TRAINING_PASSES * plan.flops) / (TRAINING_FLOPS * vcpus);
  const options = { gpu: findGpu(gpu), machine: cheapestMachineWith(gpu), batchSize };
  return 1 / estimateTraining(plan, options).picturesPerSecond;
}

const describeBasis = ({ name, gpu, vcpus, priceBasis }: JobMachine): string[] => [
  gpu === undefined
    ? `${name} trains on ${vcpus} processors, at ${TRAINING_FLOPS / 1e9} billion operations a second each; ` +
      'measured were 8 to 33, by network.'
    : `${name} trains on its ${gpu}, by the arithmetic and the memory traffic of each layer, as in POST /v1/plans.`,
  `Decoding takes ${DECODE_SECONDS * 1000} ms of a processor for a picture, and predicting it on processors ` +
    `${PREDICTION_FLOPS / 1e9} billion operations a second each.`,
  'Every epoch is counted: training may end sooner. Starting a machine, some minutes in the cloud, is not in it, nor are ' +
    'attempts that are interrupted.',
  priceBasis,
];
