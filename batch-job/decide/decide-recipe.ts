// Resolves a job's `auto` settings from its data, its network and the back end. It does so once: later attempts find the
// decision in the job's record.

import { estimateJob, PROCESSOR_SECONDS } from '../../core/job/estimate/estimate-job.ts';
import { EXACT_OPTIMIZER } from '../../core/job/recipe/exact-head.ts';
import { fullStageStart } from '../../core/job/recipe/full-stage.ts';
import { gpuPrecision } from '../../core/job/recipe/gpu-arithmetic.ts';
import { gpuBatchSize } from '../../core/job/recipe/gpu-batch-size.ts';
import type { Savings } from '../../core/job/recipe/memory-record.ts';
import {
  type Augmentation,
  changesPictures,
  type ResolvedRecipe,
  type TrainingPrecision,
} from '../../core/job/recipe/recipe.ts';
import {
  FULL_STAGE_PICTURES,
  featureViewsFor,
  hasFullStage,
  type StageName,
  type TrainingPlace,
} from '../../core/job/recipe/stage-lengths.ts';
import type { JobRecord } from '../../core/job/record/job.ts';
import type { Network } from '../../core/network/description/network.ts';
import { isTrainableFrom } from '../../core/network/description/trainable-from.ts';
import { shownCommand } from '../../core/shown-command.ts';
import { AUGMENTATIONS, FULL_AUGMENTATION } from '../augmentation/presets.ts';
import type { Base } from '../base/base.ts';
import type { MachineMemory } from '../memory/machine-memory.ts';
import { fittingBatch, planMicroBatch } from '../memory/plan-micro-batch.ts';
import type { BackendName } from '../tensorflow/engine/engine.ts';
import { countClasses, imbalanceOf, isImbalanced } from '../training/balance.ts';
import { firstRateOf } from '../training/layer-rates.ts';
import { decideExactHead, type ExactHead } from './decide-exact-head.ts';
import { epochsOf, resolveStage, STAGE_DEFAULTS, type StageSettings } from './stage-settings.ts';

const SECONDS_PER_MINUTE = 60;
/** From here on a time is said in minutes. */
const LEAST_SECONDS_IN_MINUTES = 90;

/** How a job, or a trial of it, is trained. */
export interface Decision {
  readonly resolved: ResolvedRecipe;
  /** Augmentation of the views that the head is trained on. It is the same with and without a second stage, so that both share cached features. */
  readonly viewAugmentation: Augmentation;
  /** How the head is solved; undefined where it is trained in epochs. */
  readonly exactHead: ExactHead | undefined;
  /** The stages with their settings, in their order. */
  readonly stages: ReadonlyMap<StageName, StageSettings>;
  /** Micro-batch sizes, by the plan, of the stages whose batches do not fit into memory. */
  readonly partSizes: Savings['partSizes'];
}

/** What a decision is made from. */
export interface DecisionInput {
  readonly job: JobRecord;
  readonly base: Pick<Base, 'title' | 'isPretrained' | 'imported' | 'hasLinearHead'>;
  readonly network: Network;
  readonly backend: BackendName;
  /** Class indices of the training split. */
  readonly labels: Int32Array;
  /** Number of pictures of the validation split. */
  readonly validation: number;
  /** Whether the validation split is a folder of the dataset. */
  readonly hasValidationFolder: boolean;
  readonly classes: number;
  /** Processors of this machine. */
  readonly processors: number;
  readonly memory: MachineMemory;
}

/** Decides what is left to `auto`, and gives the reasons. */
export function decideRecipe(given: DecisionInput): Decision {
  const { job, base, network, backend, memory } = given;
  const { recipe } = job;
  const { isPretrained } = base;
  const examples = given.labels.length;
  const reasons: string[] = [];
  const start = decideStart(given);
  const decided = decideStages(given, start, reasons);
  const isUnequal = isImbalanced(countClasses(given.labels, given.classes));
  const exactHead = decideExactHead({
    job,
    hasLinearHead: isPretrained && base.hasLinearHead(network),
    hasFull: decided.has('full'),
    place: placeOf(given),
    hasValidationFolder: given.hasValidationFolder,
    isImbalanced: isUnequal,
  });
  const stages = withRetraining(given, decided, exactHead, reasons);
  const imbalance = decideImbalance(given, exactHead, [...stages.keys()], reasons);
  if (exactHead?.usesValidation === true && given.validation > 0)
    reasons.push(
      'The head is solved on the pictures of the validation split, too: folds that are held out in turn take its place.',
    );

  const viewAugmentation = augmentationOf(recipe, isPretrained, false);
  const wanted = augmentationOf(recipe, isPretrained, stages.has('full'));
  // A head is trained on features of single pictures, which cannot be mixed.
  const isHeadAlone = stages.has('head') && !stages.has('full');
  const augmentation = isHeadAlone ? { ...wanted, mixup: 0, cutmix: 0 } : wanted;

  const full = stages.get('full');
  const unfreezeFrom = full === undefined ? null : start;
  const planned = planStages(stages, network, { allowed: recipe.out_of_memory, from: unfreezeFrom }, memory);
  reasons.push(...planned.reasons);

  const isAugmented = changesPictures(viewAugmentation) && stages.has('head');
  const featureViews = isAugmented ? featureViewsFor(recipe, examples) : 0;
  const resolved = {
    stages: toResolvedStages(
      stages,
      exactHead,
      examples + (exactHead?.usesValidation === true ? given.validation : 0),
    ),
    augmentation,
    imbalance,
    unfreezeFrom,
    featureViews,
    backend,
    reasons,
  };
  return { stages, exactHead, partSizes: planned.partSizes, viewAugmentation, resolved };
}

/** The first trainable layer of the stage `full`, if there is one. */
const decideStart = ({ job, network, backend }: DecisionInput): string | null =>
  job.resolved === null ? fullStageStart(job.recipe, network, backend === 'gpu') : job.resolved.unfreezeFrom;

/** Layers of imported backbones never train. */
const placeOf = ({ base, backend, labels }: DecisionInput): TrainingPlace => ({
  isGpu: backend === 'gpu' && base.imported === undefined,
  pictures: labels.length,
});

/** Chooses the stages, and resolves their settings. */
function decideStages(
  given: DecisionInput,
  start: string | null,
  reasons: string[],
): ReadonlyMap<StageName, StageSettings> {
  const { job, base, backend, labels } = given;
  const { recipe, hyperparameters } = job;
  const defaults = STAGE_DEFAULTS[recipe.preset];
  const examples = labels.length;
  if (!base.isPretrained) {
    reasons.push(`${base.title} has no pretrained weights: every layer is trained from scratch.`);
    const precision = decidePrecision(given, 'scratch', reasons);
    return new Map([['scratch', resolveStage(defaults.scratch, hyperparameters, { examples, precision })]]);
  }

  const isGpu = backend === 'gpu';
  const isFull = job.resolved === null ? hasFullStage(recipe, placeOf(given)) : 'full' in job.resolved.stages;
  // The job's n_epochs applies to the last stage, which matters most.
  const headAsked = isFull ? ({ ...hyperparameters, n_epochs: 'auto' } as const) : hyperparameters;
  const head = resolveStage(defaults.head, headAsked, {
    examples,
    precision: decidePrecision(given, 'head', reasons),
  });
  const stages = new Map<StageName, StageSettings>([['head', head]]);
  if (isFull) {
    if (isGpu && recipe.stages === 'auto' && recipe.preset !== 'course' && job.resolved === null)
      reasons.push(
        'A GPU trains, so the pretrained layers are trained too; recipe.stages "head" leaves them frozen, which costs less.',
      );
    const full = resolveStage(defaults.full, hyperparameters, {
      examples,
      epochs: job.resolved?.stages['full']?.epochs ?? boundedEpochs(given, reasons),
      batchSize: job.resolved?.stages['full']?.batchSize ?? largeBatch(given, start, reasons),
      precision: decidePrecision(given, 'full', reasons),
    });
    const firstLayerRate =
      recipe.first_layer_rate === 'auto'
        ? firstRateFrom(given.network, full.firstLayerRate, start)
        : recipe.first_layer_rate;
    stages.set('full', { ...full, firstLayerRate });
  } else if (base.imported !== undefined) {
    reasons.push(`${base.title} stays frozen: only the head is trained, on its features.`);
  } else if (recipe.stages === 'auto') {
    reasons.push(
      isGpu
        ? `The pretrained layers stay frozen, as there are fewer than ${FULL_STAGE_PICTURES} training pictures; recipe.stages "full" trains them too.`
        : 'The pretrained layers stay frozen; recipe.stages "full" trains them too.',
    );
  }
  return stages;
}

/** The rate of the first layer that learns, to two digits, as a share of the last one's. @param from as of `fullStageStart`. */
const firstRateFrom = (network: Network, first: number, from: string | null): number =>
  Number(
    firstRateOf(network, first, from === null ? () => true : isTrainableFrom(network, from)).toPrecision(2),
  );

/**
 * Settles how many of the head's folds decide on the second stage, and whether it is trained again on all pictures: where the estimate has
 * time for it.
 */
function withRetraining(
  given: DecisionInput,
  stages: ReadonlyMap<StageName, StageSettings>,
  exactHead: ExactHead | undefined,
  reasons: string[],
): ReadonlyMap<StageName, StageSettings> {
  const full = stages.get('full');
  if (full === undefined || exactHead?.usesValidation !== true) return stages;
  const { job, backend } = given;
  if (job.resolved !== null) {
    const { retrains = false, folds = 1 } = job.resolved.stages['full'] ?? {};
    return new Map([...stages, ['full', { ...full, retrains, folds }]]);
  }
  const parts = estimatedParts(given);
  const retrains = backend === 'gpu' || parts.some(({ name }) => name === 'retrain');
  const folds = parts.find(({ name }) => name === 'full')?.folds ?? 1;
  reasons.push(describeJudges(retrains, folds));
  return new Map([...stages, ['full', { ...full, retrains, folds }]]);
}

function describeJudges(retrains: boolean, folds: number): string {
  if (folds > 1)
    return (
      `The second stage is trained ${folds + 1} times: without each of ${folds} folds of look-alikes, which decide together whether it is ` +
      'kept and how long it lasts, and then on all pictures.'
    );
  return retrains
    ? 'One of the folds decides on the second stage. Where it decides for it, the layers are trained again on all pictures.'
    : 'One of the folds decides on the second stage, and the model does not see its pictures: there is no time to train again on all.';
}

/** The parts of the job by the estimate that a dry run gives, too, on the processors of this machine. */
function estimatedParts(given: DecisionInput) {
  const { job, backend, labels, validation, hasValidationFolder, classes, processors } = given;
  const machine = { name: 'this machine', vcpus: processors, usdPerHour: 0, priceBasis: '' };
  const pictures = { train: labels.length, validation, test: 0, classes, hasValidationFolder };
  return estimateJob({ ...job, backend, sweep: null }, pictures, machine).parts;
}

/** The epochs in which processors train pretrained layers. Undefined on a GPU. */
function boundedEpochs(given: DecisionInput, reasons: string[]): number | undefined {
  const { job, backend, labels, processors } = given;
  if (backend === 'gpu') return undefined;
  const parts = estimatedParts(given);
  const full = parts.find(({ name }) => name === 'full');
  if (full === undefined || full.epochs === null) return undefined;
  const { epochs } = full;
  const seconds = full.seconds + (parts.find(({ name }) => name === 'retrain')?.seconds ?? 0);
  reasons.push(
    `Training the pretrained layers takes up to about ${describeSeconds(seconds)} on ${processors} processors, by the estimate of a dry run.`,
  );
  const { full: recipe } = STAGE_DEFAULTS[job.recipe.preset];
  const wanted = epochsOf(recipe, job.hyperparameters, labels.length);
  if (epochs < wanted)
    reasons.push(
      `It has ${epochs} epochs instead of ${wanted}, so that it takes at most about ${describeSeconds(PROCESSOR_SECONDS)}; ` +
        'hyperparameters.n_epochs sets another number.',
    );
  if (backend === 'portable')
    reasons.push(
      `\`${shownCommand('setup')}\` builds a native back end, which is two to three times as fast.`,
    );
  return epochs;
}

const describeSeconds = (seconds: number): string =>
  seconds < LEAST_SECONDS_IN_MINUTES
    ? `${Math.ceil(seconds)} seconds`
    : `${Math.round(seconds / SECONDS_PER_MINUTE)} minutes`;

/** The batch size with which a GPU trains pretrained layers; undefined where the recipe's or the request's holds. */
function largeBatch(
  { job, backend, network, labels, memory }: DecisionInput,
  from: string | null,
  reasons: string[],
): number | undefined {
  const { recipe, hyperparameters } = job;
  // The course's settings are those of a book.
  if (backend !== 'gpu' || recipe.preset === 'course' || hyperparameters.batch_size !== 'auto')
    return undefined;
  const { full } = STAGE_DEFAULTS[recipe.preset];
  const examples = labels.length;
  const epochs = epochsOf(full, hyperparameters, examples);
  const fitting = fittingBatch(network, from, memory);
  const size = gpuBatchSize({ examples, epochs, least: full.batchSize, fitting });
  if (size > full.batchSize)
    reasons.push(
      `Batches of ${size} pictures instead of ${full.batchSize} fill the GPU better; by the plan ${fitting} would fit, and the ` +
        'stage keeps enough updates. The learning rate grows with the square root.',
    );
  return size;
}

/** The precision of a stage on this machine. */
function decidePrecision(
  { job, network, backend }: DecisionInput,
  stage: StageName,
  reasons: string[],
): TrainingPrecision {
  const { precision: asked = 'auto' } = job.recipe;
  if (asked !== 'auto') return asked;
  // The features of a head take no time, and processors are faster in 16 bits with some networks alone.
  if (stage === 'head' || backend !== 'gpu') return 'float32';
  if (job.resolved !== null) return job.resolved.stages[stage]?.precision ?? 'float32';
  const { precision, reason } = gpuPrecision(network);
  if (reason !== null) reasons.push(reason);
  return precision;
}

/** Chooses what is done about classes of very different sizes. */
function decideImbalance(
  { job, labels, classes }: DecisionInput,
  exactHead: ExactHead | undefined,
  stages: readonly StageName[],
  reasons: string[],
): ResolvedRecipe['imbalance'] {
  const { imbalance } = job.recipe;
  if (imbalance !== 'auto') return imbalance;
  const counts = countClasses(labels, classes);
  if (!isImbalanced(counts)) return 'none';
  const larger = `The largest class has ${imbalanceOf(counts).toFixed(1)} times as many pictures as the smallest`;
  const isAdjusted = exactHead?.balance === 'prior';
  if (isAdjusted)
    reasons.push(
      `${larger}: the head is solved with the logarithms of the class frequencies added, and serves without them.`,
    );
  if (isAdjusted && stages.every((stage) => stage === 'head')) return 'none';
  reasons.push(
    isAdjusted ? 'In the second stage the classes are weighted.' : `${larger}: the classes are weighted.`,
  );
  return 'class_weights';
}

const toResolvedStages = (
  stages: ReadonlyMap<StageName, StageSettings>,
  exactHead: ExactHead | undefined,
  pictures: number,
): ResolvedRecipe['stages'] => ({
  ...Object.fromEntries(
    [...stages].map(
      ([
        name,
        { epochs, batchSize, peak, optimizer, firstLayerRate, patience, precision, retrains, folds },
      ]) => [
        name,
        {
          ...(retrains ? { retrains } : {}),
          ...(folds > 1 ? { folds } : {}),
          epochs,
          batchSize,
          learningRate: peak,
          optimizer: optimizer.type,
          firstLayerRate,
          patience: patience ?? null,
          precision,
        },
      ],
    ),
  ),
  ...(exactHead === undefined ? {} : { head: solvedStage(exactHead, pictures) }),
});

/** The record of a head that is solved: in one pass over all pictures, as far as the words of a training fit. */
const solvedStage = ({ balance }: ExactHead, pictures: number): ResolvedRecipe['stages'][string] => ({
  epochs: 1,
  batchSize: pictures,
  learningRate: 1,
  optimizer: EXACT_OPTIMIZER,
  firstLayerRate: 1,
  patience: null,
  precision: 'float32',
  ...(balance === 'prior' ? { adjustsLogits: true } : {}),
});

/** Plans micro-batches. They cost no quality; because the plan is an estimate, other remedies wait until memory has run out. */
function planStages(
  stages: ReadonlyMap<StageName, StageSettings>,
  network: Network,
  { allowed, from }: { readonly allowed: JobRecord['recipe']['out_of_memory']; readonly from: string | null },
  memory: MachineMemory,
): { readonly partSizes: Savings['partSizes']; readonly reasons: readonly string[] } {
  const partSizes: Record<string, number> = {};
  const reasons: string[] = [];
  for (const name of ['full', 'scratch'] as const) {
    const batchSize = stages.get(name)?.batchSize;
    if (batchSize === undefined || !allowed.includes('smaller_batches')) continue;
    const unfreezeFrom = name === 'full' ? from : null;
    const parts = planMicroBatch({ network, batchSize, memory, unfreezeFrom });
    if (parts === undefined) continue;
    partSizes[name] = parts.microBatchSize;
    reasons.push(parts.reason);
  }
  return { partSizes, reasons };
}

/** Resolves the augmentation. A network that starts from random weights is not given augmented pictures. */
function augmentationOf(
  { augmentation, preset }: JobRecord['recipe'],
  isPretrained: boolean,
  isFull: boolean,
): Augmentation {
  if (typeof augmentation === 'object') return augmentation;
  if (augmentation !== 'auto') return AUGMENTATIONS[augmentation];
  if (!isPretrained) return AUGMENTATIONS.none;
  if (preset === 'course') return AUGMENTATIONS.course;
  return isFull ? FULL_AUGMENTATION : AUGMENTATIONS.auto;
}
