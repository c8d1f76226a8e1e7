// Estimates before a job runs how long it will take on a machine and what that costs, and says on what the estimate rests. Knows no
// queue and no HTTP.

import { findArchitecture } from '../../network/architectures/architectures.ts';
import type { Network } from '../../network/description/network.ts';
import { weightSpecs } from '../../network/description/weight-specs.ts';
import {
  rooflineSeconds,
  TRAINING_PASSES,
  trainingStepSeconds,
} from '../../network/plan/estimate-training.ts';
import { type NetworkPlan, planNetwork } from '../../network/plan/plan.ts';
import { toLinearHead } from '../../network/surgery/linear-head.ts';
import { splitAt } from '../../network/surgery/split-at.ts';
import { findGpu, type GpuName } from '../../pricing/gpus.ts';
import { FOLDS, mayBeSolved } from '../recipe/exact-head.ts';
import { fullStageStart, splitFrozen } from '../recipe/full-stage.ts';
import { changesPictures, type Recipe } from '../recipe/recipe.ts';
import { featureViewsFor, hasFullStage, STAGE_LENGTHS } from '../recipe/stage-lengths.ts';
import { applyTrial, trialsOf } from '../recipe/sweep.ts';
import type { TrainerBackend } from '../recipe/trainer-backends.ts';
import type { JobRecord } from '../record/job.ts';
import { planGpuStage } from './gpu-stage.ts';

/** The back ends of a machine's trainer. */
export interface TrainerBackends {
  /** The back end that `auto` chooses. */
  readonly best: TrainerBackend;
  /** For each better back end, why it is missing, as a message for people. */
  readonly missing: Readonly<Partial<Record<TrainerBackend, string>>>;
}

/** The machine on which a job will start. */
export interface JobMachine {
  /** Name of the machine, e.g. `g4dn.xlarge`. */
  readonly name: string;
  /** Absent where it trains on processors. */
  readonly gpu?: GpuName | undefined;
  /** GPUs that share a batch. Default: 1. */
  readonly gpuCount?: number | undefined;
  readonly vcpus: number;
  /** Its back ends. Default: its GPU where it has one, otherwise TensorFlow's own library on processors. */
  readonly backends?: TrainerBackends | undefined;
  readonly usdPerHour: number;
  /** A sentence on the price: its source, date and region. */
  readonly priceBasis: string;
  /** Whether its GPU runs imported backbones, too; default: its processors do. */
  readonly importedOnGpu?: boolean | undefined;
  /** Name of its pool, where a queue has more than one; e.g. `gpu-16gb`. */
  readonly pool?: string;
}

/** Numbers of pictures in each split, and of classes. */
export interface JobPictures {
  readonly train: number;
  readonly validation: number;
  readonly test: number;
  readonly classes: number;
  /** Whether the validation split is a folder of the dataset, which stays held out. Default: no. */
  readonly hasValidationFolder?: boolean;
}

/** Time and price of a job. */
export interface JobEstimate {
  readonly machine: JobMachine;
  readonly seconds: number;
  readonly usd: number;
  readonly parts: readonly {
    readonly name: string;
    readonly epochs: number | null;
    readonly seconds: number;
    /** Folds that decide on a stage, each by a training without it; absent where one does. */
    readonly folds?: number;
  }[];
  /** How a GPU trains each stage, in sentences; none on processors. They are in {@link basis}, too. */
  readonly how: readonly string[];
  /** What the numbers rest on, in sentences. */
  readonly basis: readonly string[];
}

/** Operations a second of one processor in ONNX Runtime. Measured on two cores: 49 billion for MobileNetV2, 57 for ResNet50. */
export const PREDICTION_FLOPS = 50e9;
/**
 * Peaks of one processor in training, for the roofline model. Fitted on two cores of an AMD EPYC (AVX-512) with TensorFlow's own
 * library: the estimates of a plain CNN, ResNet50, MobileNetV2 and Xception are within a fifth of the measured times.
 */
const PROCESSOR = { peakFlops: 120e9, memoryBytesPerSecond: 16e9 };
/** The portable back end takes so many times as long; two to three times were measured on the same networks. */
const PORTABLE_FACTOR = 2.5;
// Measured with 40 pictures, see "A small job" in bench/README.md.
/** Seconds until the first picture is computed: the process, the dataset's inspection, TensorFlow, the weights. */
const START_SECONDS = 5;
/** Seconds of a head's epoch on cached features, validation and checkpoint included; batches are fast beside that. */
const HEAD_EPOCH_SECONDS = 0.02;
/** Solutions of a head, by folds and penalties, and evaluations of one; both are usual numbers, and not the most. */
const HEAD_SOLUTIONS = 12;
const HEAD_EVALUATIONS = 70;
/** Operations of an evaluation for each weight and row: a product and its gradient. */
const HEAD_PASSES = 4;
/** Seconds to open the trained and the exported model, and to write the model's files and variants. */
const EXPORT_SECONDS = 6;
/** Time to read, decode and resize a photo of some megapixels on one processor; many are smaller, some much larger. */
const DECODE_SECONDS = 0.01;
/**
 * Processors train pretrained layers for so long at most where the request leaves the epochs to `auto`: there are fewer epochs then,
 * but at least {@link LEAST_EPOCHS}.
 */
export const PROCESSOR_SECONDS = 1800;
const LEAST_EPOCHS = 3;
/** On a GPU, all folds decide on pretrained layers where that takes so long at most. Elsewhere one decides, so that a large job costs no more. */
const GPU_FOLDS_SECONDS = 600;
/** Weights that each fold compares: after half of the epochs and all, with the weights before the stage and alone. The head is solved for each. */
const COMPARED_WEIGHTS = 4;
/** Converts between seconds and the unit of prices. */
export const SECONDS_PER_HOUR = 3600;
/** The share of a GPU's speed that each of several adds. It is assumed, not measured: they wait for each other, and one updates. */
const SHARED_GPU_SPEED = 0.8;
/** The GPU that stands for one that is in no table. */
const SLOWEST_GPU = 'T4' satisfies GpuName;

type EstimatedJob = Pick<JobRecord, 'architecture' | 'backend' | 'hyperparameters' | 'recipe' | 'sweep'>;
type Part = JobEstimate['parts'][number];

/**
 * Estimates time and price of a job.
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
    ...describeHead(network, architecture.featureLayer),
    decode,
    // The exported model is predicted on processors, whatever has trained it.
    predict: decode + processorSeconds(plan, machine),
    isSweep: job.sweep !== null,
    notes: new Set<string>(),
  };
  const trials = job.sweep === null ? [] : trialsOf(job.sweep);
  const training =
    trials.length === 0
      ? trainingParts(job, situation)
      : trials.flatMap((settings, index) =>
          trainingParts(applyTrial(job, settings), situation).map((part) => ({
            ...part,
            name: `trial ${index + 1}: ${part.name}`,
          })),
        );
  // Trainer and exported model both predict the test split; the validation split is predicted once more, for calibration.
  const report = EXPORT_SECONDS + (2 * test + validation) * situation.predict;
  const parts: readonly Part[] = [
    { name: 'start', epochs: null, seconds: START_SECONDS },
    ...training,
    { name: 'report', epochs: null, seconds: report },
  ];

  const seconds = secondsOfAll(parts);
  return {
    machine,
    seconds,
    usd: (seconds / SECONDS_PER_HOUR) * machine.usdPerHour,
    parts,
    how: [...situation.notes],
    basis: [
      ...describeBasis(machine, backend, jobMachine, training),
      ...situation.notes,
      ...(trials.length === 0
        ? []
        : ['The trials of a sweep are counted one after another; on AWS they run side by side.']),
    ],
  };
}

const secondsOfAll = (parts: readonly Part[]): number => parts.reduce((sum, { seconds }) => sum + seconds, 0);

interface Situation {
  readonly network: Network;
  readonly plan: NetworkPlan;
  readonly pictures: JobPictures;
  readonly machine: JobMachine;
  readonly backend: TrainerBackend;
  readonly isPretrained: boolean;
  readonly hasLinearHead: boolean;
  /** Number of values in kernels and biases above the feature layer. */
  readonly headWeights: number;
  /** Seconds to decode one picture. */
  readonly decode: number;
  readonly predict: number;
  /** Whether the training is one of a sweep's trials. */
  readonly isSweep: boolean;
  /** Sentences on how stages are trained. */
  readonly notes: Set<string>;
}

/** The layers above the feature layer. */
function describeHead(
  network: Network,
  featureLayer: string,
): Pick<Situation, 'hasLinearHead' | 'headWeights'> {
  const { head } = splitAt(network, featureLayer);
  const headWeights = weightSpecs(head).reduce((sum, { size }) => sum + size, 0);
  return { hasLinearHead: toLinearHead(head) !== undefined, headWeights };
}

/** The stages of one training. */
function trainingParts(
  { hyperparameters, recipe }: Omit<EstimatedJob, 'sweep' | 'backend'>,
  situation: Situation,
): Part[] {
  const { network, plan, pictures, machine, backend, isPretrained, decode, notes } = situation;
  const { train, validation, test } = pictures;
  const lengths = STAGE_LENGTHS[recipe.preset];
  const isGpu = machine.gpu !== undefined;
  const epochsOf = (stage: keyof typeof lengths, isLast: boolean) =>
    isLast && hyperparameters.n_epochs !== 'auto' ? hyperparameters.n_epochs : lengths[stage].epochs(train);
  const isAugmented = isAugmentedBy(recipe);
  const hasFull = hasFullStage(recipe, { isGpu, pictures: train });
  // Folds of a head that is solved decide on the stage. Trials of a sweep are compared on the validation split.
  const mayRetrain =
    situation.hasLinearHead &&
    !situation.isSweep &&
    pictures.hasValidationFolder !== true &&
    mayBeSolved(recipe, hyperparameters, { hasFull });
  // A GPU computes while processors decode the next pictures; processors do one after the other.
  const together = (decoding: number, computing: number) =>
    isGpu ? Math.max(decoding, computing) : decoding + computing;
  const withDecoding = (seconds: number) => together(decode, seconds);

  /** Seconds of so many epochs' training and validation, pictures and all. @param on by default the splits. */
  const stageSeconds = (
    stage: 'full' | 'scratch',
    { epochs, from, trained }: { epochs: number; from: string | null; trained: Network | undefined },
    on: Pick<JobPictures, 'train' | 'validation'> = pictures,
  ) => {
    const { batchSize } = lengths[stage];
    /** All epochs of a split: the first one decodes its pictures, which are kept then. The portable back end keeps none. */
    const withPictures = (count: number, computing: number) => {
      // Where outputs of frozen layers are cached, pictures are not needed any more.
      const first = together(trained === undefined ? count * decode : 0, computing);
      return backend === 'portable' ? epochs * first : first + (epochs - 1) * computing;
    };
    const both = (training: number, validating: number) =>
      withPictures(on.train, training) + withPictures(on.validation, validating);
    if (machine.gpu === undefined) {
      const size = hyperparameters.batch_size === 'auto' ? batchSize : hyperparameters.batch_size;
      const step =
        (backend === 'portable' ? PORTABLE_FACTOR : 1) *
        processorTrainingSeconds(trained === undefined ? plan : planNetwork(trained), size, machine);
      return both(on.train * step, (on.validation * step) / TRAINING_PASSES);
    }
    const mayGrow = stage === 'full' && recipe.preset !== 'course';
    const { stepSeconds, forwardSeconds, how } = planGpuStage(
      { recipe, hyperparameters },
      {
        gpu: findGpu(machine.gpu),
        gpuCount: machine.gpuCount ?? 1,
        speed: gpuSpeed(machine),
        network,
        trained,
        from,
        epochs,
        examples: train,
        batchSize,
        mayGrow,
      },
    );
    notes.add(`The GPU trains the stage "${stage}" ${how}.`);
    return both((stepSeconds / epochs) * (on.train / train), on.validation * forwardSeconds);
  };
  const views = isAugmented ? featureViewsFor(recipe, train) : 0;
  /** Seconds to solve so many heads on rows of features. */
  const solving = (heads: number, rows: number) =>
    (heads * HEAD_PASSES * HEAD_EVALUATIONS * rows * situation.headWeights) /
    (PREDICTION_FLOPS * machine.vcpus);
  /** Seconds to solve the head so often on what trained layers make of so many pictures and their views. */
  const settling = (heads: number, count: number, trained: Network | undefined) => {
    const rows = count * (1 + views);
    const forward =
      trained === undefined
        ? withDecoding(forwardSeconds(plan, machine))
        : forwardSeconds(planNetwork(trained), machine);
    return heads * rows * forward + solving(heads, rows);
  };
  /** The parts of a stage: its own, and training again on all pictures where that is done. */
  const stageParts = (stage: 'full' | 'scratch', from: string | null): Part[] => {
    const most = epochsOf(stage, true);
    const split = splitFrozen(network, { from, pictures, epochs: most, isAugmented, bytesPerValue: 4 });
    const once =
      split === undefined
        ? 0
        : (train * split.views + validation) *
          withDecoding(forwardSeconds(planNetwork(split.frozen), machine));
    const all = train + validation;
    const again = { train: all, validation: 0 };
    /** Folds that decide on the stage; none where it is not trained again. */
    type DecidingFolds = 0 | 1 | typeof FOLDS;
    const partsOf = (epochs: number, folds: DecidingFolds): Part[] => {
      const how = { epochs, from, trained: split?.trainable };
      const solved = stage === 'full' && situation.hasLinearHead && recipe.preset !== 'course';
      const settled = (heads: number, count: number) =>
        solved ? settling(heads, count, split?.trainable) : 0;
      const runSeconds = (on: Pick<JobPictures, 'train' | 'validation'>) =>
        stageSeconds(stage, how, on) + settled(COMPARED_WEIGHTS, on.train);
      if (folds <= 1) {
        const first = { name: stage, epochs, seconds: once + runSeconds({ train, validation }) };
        if (folds === 0) return [first];
        return [
          first,
          { name: 'retrain', epochs, seconds: stageSeconds(stage, how, again) + settled(1, all) },
        ];
      }
      const held = all / folds;
      return [
        {
          name: stage,
          epochs,
          seconds: once + folds * runSeconds({ train: all - held, validation: held }),
          folds,
        },
        { name: 'retrain', epochs, seconds: stageSeconds(stage, how, again) + settled(1, all) },
      ];
    };
    const fits = (parts: readonly Part[], folds: DecidingFolds) =>
      isGpu
        ? folds !== FOLDS || secondsOfAll(parts) <= GPU_FOLDS_SECONDS
        : secondsOfAll(parts) <= PROCESSOR_SECONDS;
    const isBounded =
      stage === 'full' && !isGpu && hyperparameters.n_epochs === 'auto' && recipe.preset === 'default';
    /** With as many epochs as there is time for. */
    const boundedParts = (folds: 0 | 1): Part[] => {
      let epochs = most;
      while (isBounded && epochs > LEAST_EPOCHS && !fits(partsOf(epochs, folds), folds)) epochs--;
      return partsOf(epochs, folds);
    };
    if (stage === 'scratch' || !mayRetrain) return boundedParts(0);
    const byAll = partsOf(most, FOLDS);
    if (backend !== 'portable' && fits(byAll, FOLDS)) {
      notes.add(
        `The stage "full" is trained without each of ${FOLDS} folds of the pictures, which decide on it together, and then on all pictures.`,
      );
      return byAll;
    }
    const twice = boundedParts(1);
    return fits(twice, 1) ? twice : boundedParts(0);
  };
  if (!isPretrained) return stageParts('scratch', null);
  const secondsOfFeatures = (pictures: number) => pictures * withDecoding(forwardSeconds(plan, machine));
  // Features of the test show which of its pictures training has seen in another cut.
  const headPart = (): Part => {
    if (!situation.hasLinearHead || !mayBeSolved(recipe, hyperparameters, { hasFull })) {
      const epochs = epochsOf('head', !hasFull);
      const seconds =
        secondsOfFeatures(train * (1 + views) + validation + test) + epochs * HEAD_EPOCH_SECONDS;
      return { name: 'head', epochs, seconds };
    }
    const rows = (train + validation) * (1 + views);
    return {
      name: 'head',
      epochs: null,
      seconds: secondsOfFeatures(rows + test) + solving(HEAD_SOLUTIONS, rows),
    };
  };
  const head = headPart();
  return hasFull ? [head, ...stageParts('full', fullStageStart(recipe, network, isGpu))] : [head];
}

/** Whether pretrained layers see augmented views. Every named augmentation but `none` has some. */
const isAugmentedBy = ({ augmentation }: Pick<Recipe, 'augmentation'>): boolean =>
  typeof augmentation === 'object' ? changesPictures(augmentation) : augmentation !== 'none';

/** Seconds of a decoded picture's forward pass on the machine's processors. */
const processorSeconds = (
  { flops }: Pick<NetworkPlan, 'flops'>,
  { vcpus }: Pick<JobMachine, 'vcpus'>,
): number => flops / (PREDICTION_FLOPS * vcpus);

/** Seconds to read, decode and predict one picture on the processors of a machine. */
export const predictionSeconds = (
  plan: Pick<NetworkPlan, 'flops'>,
  machine: Pick<JobMachine, 'vcpus'>,
): number => DECODE_SECONDS / machine.vcpus + processorSeconds(plan, machine);

/** Seconds of a decoded picture's forward pass on the device that computes features. */
const forwardSeconds = (plan: NetworkPlan, machine: JobMachine): number =>
  machine.gpu === undefined
    ? processorSeconds(plan, machine)
    : rooflineSeconds(plan.layers, findGpu(machine.gpu), 'prediction') / gpuSpeed(machine);

/** How many times as fast as one GPU the machine's GPUs are. */
const gpuSpeed = ({ gpuCount = 1 }: JobMachine): number => (gpuCount === 1 ? 1 : SHARED_GPU_SPEED * gpuCount);

/** Seconds to train on one picture. */
const processorTrainingSeconds = (plan: NetworkPlan, batchSize: number, { vcpus }: JobMachine): number =>
  trainingStepSeconds(plan, batchSize, {
    peakFlops: vcpus * PROCESSOR.peakFlops,
    memoryBytesPerSecond: vcpus * PROCESSOR.memoryBytesPerSecond,
  }) / batchSize;

/** The back end on which the job will train: the one that it names, or the best. */
const backendOf = (
  { backend }: Pick<EstimatedJob, 'backend'>,
  { gpu, backends }: JobMachine,
): TrainerBackend =>
  backend === 'auto' ? (backends?.best ?? (gpu === undefined ? 'native' : 'gpu')) : backend;

const describeBasis = (
  { name, gpu, gpuCount = 1, vcpus, priceBasis }: JobMachine,
  backend: TrainerBackend,
  { gpu: knownGpu, backends }: JobMachine,
  training: readonly Pick<Part, 'epochs'>[],
): string[] => [
  gpu === undefined
    ? `${name} trains on ${vcpus} processors, each of up to ${PROCESSOR.peakFlops / 1e9} billion operations and ` +
      `${PROCESSOR.memoryBytesPerSecond / 1e9} GB a second by TensorFlow's own library` +
      (backend === 'portable'
        ? `, here on the portable back end, which takes ${PORTABLE_FACTOR} times as long.`
        : '.')
    : `${name} trains on ${gpuCount > 1 ? `${gpuCount} × ` : 'its '}${knownGpu ?? `GPU, which is counted as a ${gpu}`}, by the arithmetic and the memory traffic of each layer, as in POST /v1/plans.`,
  ...(gpu !== undefined && gpuCount > 1
    ? [
        `Its ${gpuCount} GPUs share each batch. Each is counted with ${100 * SHARED_GPU_SPEED} % of its speed, which has not been measured.`,
      ]
    : []),
  ...(backends === undefined && knownGpu === undefined
    ? [
        "The trainer's back ends are not known yet, so the estimate assumes the one that the job names, or TensorFlow's own library.",
      ]
    : []),
  `Decoding a picture takes ${DECODE_SECONDS * 1000} ms of a processor. For prediction, each processor computes ` +
    `${PREDICTION_FLOPS / 1e9} billion operations a second.`,
  `${training.some(({ epochs }) => epochs !== null) ? 'All epochs are counted, although early stopping may end training sooner' : 'The head is solved, without epochs'}. The start of ` +
    'a machine (some minutes in the cloud) and interrupted attempts are not included.',
  priceBasis,
];
