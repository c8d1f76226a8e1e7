// How long a job will take on a machine and what that costs, before it runs. An estimate, with what it rests on in words.
// Knows no queue and no HTTP.

import { findArchitecture } from '../../network/architectures/architectures.ts';
import type { Network } from '../../network/description/network.ts';
import { trainingStepSeconds } from '../../network/plan/estimate-training.ts';
import { type NetworkPlan, planNetwork } from '../../network/plan/plan.ts';
import { findGpu, type GpuName } from '../../pricing/gpus.ts';
import { fullStageStart, splitFrozen } from '../recipe/full-stage.ts';
import { changesPictures, type Recipe } from '../recipe/recipe.ts';
import { featureViewsFor, hasFullStage, STAGE_LENGTHS } from '../recipe/stage-lengths.ts';
import { applyTrial, trialsOf } from '../recipe/sweep.ts';
import type { JobRecord } from '../record/job.ts';

/** The back ends of a trainer, best first. */
export const TRAINER_BACKENDS = ['gpu', 'native', 'portable'] as const;
export type TrainerBackend = (typeof TRAINER_BACKENDS)[number];

/** What a trainer can run on. */
export interface TrainerBackends {
  /** What `auto` comes to. */
  readonly best: TrainerBackend;
  /** Why a better one is not to be had, a message for people. */
  readonly missing: Readonly<Partial<Record<TrainerBackend, string>>>;
}

/** The machine that a job will start on. */
export interface JobMachine {
  /** E.g. `g4dn.xlarge`. */
  readonly name: string;
  /** Left out where it trains on processors. */
  readonly gpu?: GpuName | undefined;
  readonly vcpus: number;
  /** What it trains on; left out, its GPU where it has one, and TensorFlow's own library on processors otherwise. */
  readonly backends?: TrainerBackends | undefined;
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
/**
 * Peaks of one processor in training, of which the roofline takes its shares. Fitted on two cores of an AMD EPYC (AVX-512)
 * with TensorFlow's own library: a plain CNN, ResNet50, MobileNetV2 and Xception are then within a fifth of what was measured.
 */
const PROCESSOR = { peakFlops: 120e9, memoryBytesPerSecond: 16e9 };
/** The portable back end took two to three times as long on the same networks. */
const PORTABLE_FACTOR = 2.5;
/** A picture is judged by a forward pass, of the three that learning from it takes. */
const TRAINING_PASSES = 3;
/** Reading, decoding and resizing a photo of some megapixels on one processor; many are smaller, some much larger. */
const DECODE_SECONDS = 0.01;
const SECONDS_PER_HOUR = 3600;
/** What a GPU counts as that no table has. */
const SLOWEST_GPU = 'T4' satisfies GpuName;

type EstimatedJob = Pick<JobRecord, 'architecture' | 'backend' | 'hyperparameters' | 'recipe' | 'sweep'>;
type Part = JobEstimate['parts'][number];

/**
 * Time and price of a job.
 * @throws {FoveaError} `architecture-unknown`, `classes-out-of-range`; `layer-unknown` where the recipe names a layer that the
 * network does not have.
 */
export function estimateJob(job: EstimatedJob, pictures: JobPictures, jobMachine: JobMachine): JobEstimate {
  const backend = backendOf(job, jobMachine);
  const machine =
    backend === 'gpu'
      ? { ...jobMachine, gpu: jobMachine.gpu ?? SLOWEST_GPU }
      : { ...jobMachine, gpu: undefined };
  const architecture = findArchitecture(job.architecture);
  const { validation, test, classes } = pictures;
  const network = architecture.build({ inputSize: architecture.defaultInputSize, classes });
  const plan = planNetwork(network);
  const decode = DECODE_SECONDS / machine.vcpus;
  const situation = {
    network,
    plan,
    pictures,
    machine,
    backend,
    isPretrained: architecture.weightSources.length > 0,
    decode,
    predict: decode + predictionSeconds(plan, machine),
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
      ...describeBasis(machine, backend, jobMachine),
      ...(trials.length === 0
        ? []
        : ['The trials of a sweep are counted one after another; on AWS they run side by side.']),
    ],
  };
}

interface Situation {
  readonly network: Network;
  readonly plan: NetworkPlan;
  readonly pictures: JobPictures;
  readonly machine: JobMachine;
  readonly backend: TrainerBackend;
  readonly isPretrained: boolean;
  /** Seconds of one picture. */
  readonly decode: number;
  readonly predict: number;
}

/** The stages of one training. */
function trainingParts(
  { hyperparameters, recipe }: Omit<EstimatedJob, 'sweep' | 'backend'>,
  situation: Situation,
): Part[] {
  const { network, plan, pictures, machine, backend, isPretrained, decode, predict } = situation;
  const { train, validation } = pictures;
  const lengths = STAGE_LENGTHS[recipe.preset];
  const epochsOf = (stage: keyof typeof lengths, isLast: boolean) =>
    isLast && hyperparameters.n_epochs !== 'auto' ? hyperparameters.n_epochs : lengths[stage].epochs(train);
  const batchSizeOf = (stage: keyof typeof lengths) =>
    hyperparameters.batch_size === 'auto' ? lengths[stage].batchSize : hyperparameters.batch_size;
  const isAugmented = isAugmentedBy(recipe);
  const learningSeconds = (of: NetworkPlan, batchSize: number) =>
    (backend === 'portable' ? PORTABLE_FACTOR : 1) * trainingSeconds(of, batchSize, machine);

  const wholeNetwork = (stage: 'full' | 'scratch'): Part => {
    const epochs = epochsOf(stage, true);
    const learning = learningSeconds(plan, batchSizeOf(stage));
    // A GPU learns from pictures while processors decode the next; those that do both do one after the other.
    const withDecoding = (seconds: number) =>
      machine.gpu === undefined ? decode + seconds : Math.max(decode, seconds);
    const step = withDecoding(learning);
    const judging = withDecoding(learning / TRAINING_PASSES);
    return { name: stage, epochs, seconds: epochs * (train * step + validation * judging) };
  };
  const full = (): Part => {
    const epochs = epochsOf('full', true);
    const from = fullStageStart(recipe, network);
    const split = splitFrozen(network, { from, pictures, epochs, isAugmented, bytesPerValue: 4 });
    if (split === undefined) return wholeNetwork('full');
    const { frozen, trainable, views } = split;
    const once = decode + predictionSeconds(planNetwork(frozen), machine);
    const learning = learningSeconds(planNetwork(trainable), batchSizeOf('full'));
    return {
      name: 'full',
      epochs,
      seconds:
        (train * views + validation) * once + epochs * (train + validation / TRAINING_PASSES) * learning,
    };
  };
  if (!isPretrained) return [wholeNetwork('scratch')];
  const hasFull = hasFullStage(recipe);
  const views = isAugmented ? featureViewsFor(recipe, train) : 0;
  const features = (train * (1 + views) + validation) * predict;
  const head: Part = { name: 'head', epochs: epochsOf('head', !hasFull), seconds: features };
  return hasFull ? [head, full()] : [head];
}

/** Whether pretrained layers are shown other views of the pictures; by every name but one they are. */
const isAugmentedBy = ({ augmentation }: Pick<Recipe, 'augmentation'>): boolean =>
  typeof augmentation === 'object' ? changesPictures(augmentation) : augmentation !== 'none';

/** Of one decoded picture, on the machine's processors. */
const predictionSeconds = ({ flops }: NetworkPlan, { vcpus }: JobMachine): number =>
  flops / (PREDICTION_FLOPS * vcpus);

/** Of one picture. */
function trainingSeconds(plan: NetworkPlan, batchSize: number, { gpu, vcpus }: JobMachine): number {
  const device =
    gpu === undefined
      ? {
          peakFlops: vcpus * PROCESSOR.peakFlops,
          memoryBytesPerSecond: vcpus * PROCESSOR.memoryBytesPerSecond,
        }
      : findGpu(gpu);
  return trainingStepSeconds(plan, batchSize, device) / batchSize;
}

/** What the job will train on: what it asks for, or the best there is. */
const backendOf = (
  { backend }: Pick<EstimatedJob, 'backend'>,
  { gpu, backends }: JobMachine,
): TrainerBackend =>
  backend === 'auto' ? (backends?.best ?? (gpu === undefined ? 'native' : 'gpu')) : backend;

const describeBasis = (
  { name, gpu, vcpus, priceBasis }: JobMachine,
  backend: TrainerBackend,
  { gpu: knownGpu, backends }: JobMachine,
): string[] => [
  gpu === undefined
    ? `${name} trains on ${vcpus} processors, each of up to ${PROCESSOR.peakFlops / 1e9} billion operations and ` +
      `${PROCESSOR.memoryBytesPerSecond / 1e9} GB a second by TensorFlow's own library` +
      (backend === 'portable'
        ? `, here on the portable back end, which takes ${PORTABLE_FACTOR} times as long.`
        : '.')
    : `${name} trains on its ${knownGpu ?? `GPU, which is counted as a ${gpu}`}, by the arithmetic and the memory traffic of each layer, as in POST /v1/plans.`,
  ...(backends === undefined && knownGpu === undefined
    ? [
        "Which back ends the trainer has is not known yet: this counts on the one that the job names, or on TensorFlow's own library.",
      ]
    : []),
  `Decoding takes ${DECODE_SECONDS * 1000} ms of a processor for a picture, and predicting it on processors ` +
    `${PREDICTION_FLOPS / 1e9} billion operations a second each.`,
  'Every epoch is counted: training may end sooner. Starting a machine, some minutes in the cloud, is not in it, nor are ' +
    'attempts that are interrupted.',
  priceBasis,
];
