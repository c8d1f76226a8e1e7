// What a job's `auto` settings come to, from its data, its network and the back end. Decided once: later attempts find the
// decision in the job's record.

import { fullStageStart, splitFrozen } from '../../core/job/recipe/full-stage.ts';
import type { Savings } from '../../core/job/recipe/memory-record.ts';
import { type Augmentation, changesPictures, type ResolvedRecipe } from '../../core/job/recipe/recipe.ts';
import { featureViewsFor, hasFullStage, type StageName } from '../../core/job/recipe/stage-lengths.ts';
import type { JobRecord } from '../../core/job/record/job.ts';
import type { Network } from '../../core/network/description/network.ts';
import { planNetwork } from '../../core/network/plan/plan.ts';
import { AUGMENTATIONS } from '../augmentation/presets.ts';
import type { Base } from '../base/base.ts';
import type { MachineMemory } from '../memory/machine-memory.ts';
import { planMicroBatch } from '../memory/plan-micro-batch.ts';
import type { BackendName } from '../tensorflow/engine/engine.ts';
import { countClasses, imbalanceOf, isImbalanced } from '../training/balance.ts';
import { resolveStage, STAGE_DEFAULTS, type StageSettings } from './stage-settings.ts';

/** Forward and backward pass together, in forward passes. */
const TRAINING_PASSES = 3;
/** Measured with MobileNetV2 on one core; what a machine does differs, the order of magnitude does not. */
const PORTABLE_FLOPS_PER_SECOND = 1e9;
const SECONDS_PER_MINUTE = 60;

export interface Decision {
  readonly resolved: ResolvedRecipe;
  /** Of the views that the head learns from: the same with and without a stage after it, which share their features. */
  readonly viewAugmentation: Augmentation;
  /** In their order. */
  readonly stages: ReadonlyMap<StageName, StageSettings>;
  /** Pictures at once in the stages whose batches do not fit the memory there is, by the plan. */
  readonly partSizes: Savings['partSizes'];
}

export interface DecisionInput {
  readonly job: JobRecord;
  readonly base: Pick<Base, 'title' | 'isPretrained' | 'imported'>;
  readonly network: Network;
  readonly backend: BackendName;
  /** Of the training split. */
  readonly labels: Int32Array;
  readonly classes: number;
  readonly memory: MachineMemory;
}

/** Decides what is left to `auto`, and says why. */
export function decideRecipe({
  job,
  base,
  network,
  backend,
  labels,
  classes,
  memory,
}: DecisionInput): Decision {
  const { recipe, hyperparameters } = job;
  const reasons: string[] = [];
  const { isPretrained } = base;
  const recipes = STAGE_DEFAULTS[recipe.preset];
  const examples = labels.length;
  const resolve = (stage: StageName, asked: JobRecord['hyperparameters']) =>
    resolveStage(recipes[stage], asked, examples);

  const stages = new Map<StageName, StageSettings>();
  if (!isPretrained) {
    stages.set('scratch', resolve('scratch', hyperparameters));
    reasons.push(`${base.title} has no pretrained weights: every layer is trained from scratch.`);
  } else {
    const full = resolve('full', hyperparameters);
    const isFull = job.resolved === null ? hasFullStage(recipe) : 'full' in job.resolved.stages;
    // The epochs that are asked for are those of the stage that matters most, the last.
    stages.set('head', resolve('head', isFull ? { ...hyperparameters, n_epochs: 'auto' } : hyperparameters));
    const { first_layer_rate: asked } = recipe;
    if (isFull) stages.set('full', asked === 'auto' ? full : { ...full, firstLayerRate: asked });
    else if (base.imported !== undefined)
      reasons.push(`${base.title} stays as it is: a head learns on its features.`);
    else if (recipe.stages === 'auto') {
      // On a few hundred pictures the second stage takes minutes and has been seen to gain a point at most over the head.
      reasons.push('The pretrained layers stay as they are; recipe.stages "full" trains them too.');
    }
  }

  const counts = countClasses(labels, classes);
  const ratio = imbalanceOf(counts);
  let { imbalance } = recipe;
  if (imbalance === 'auto') {
    imbalance = isImbalanced(counts) ? 'class_weights' : 'none';
    if (imbalance === 'class_weights') {
      reasons.push(
        `The largest class has ${ratio.toFixed(1)} times the pictures of the smallest: the classes are weighted.`,
      );
    }
  }

  const viewAugmentation = augmentationOf(recipe, isPretrained, false);
  const wanted = augmentationOf(recipe, isPretrained, stages.has('full'));
  // A head learns on features of single pictures.
  const isHeadAlone = stages.has('head') && !stages.has('full');
  const augmentation = isHeadAlone ? { ...wanted, mixup: 0, cutmix: 0 } : wanted;
  const full = stages.get('full');
  const unfreezeFrom = full === undefined ? null : fullStageStart(recipe, network);
  if (full !== undefined && backend === 'portable') {
    const minutes = portableMinutes(network, full, { from: unfreezeFrom, examples, augmentation });
    reasons.push(
      `On the portable back end the pretrained layers take some ${minutes} minutes; a native one, from \`npm run fovea -- setup\`, is ` +
        'several times as fast.',
    );
  }
  const planned = planStages(stages, network, { allowed: recipe.out_of_memory, from: unfreezeFrom }, memory);
  reasons.push(...planned.reasons);

  const isAugmented = changesPictures(viewAugmentation) && stages.has('head');
  return {
    stages,
    partSizes: planned.partSizes,
    viewAugmentation,
    resolved: {
      stages: Object.fromEntries(
        [...stages].map(([name, { epochs, batchSize, peak, optimizer, firstLayerRate, patience }]) => [
          name,
          {
            epochs,
            batchSize,
            learningRate: peak,
            optimizer: optimizer.type,
            firstLayerRate,
            patience: patience ?? null,
          },
        ]),
      ),
      augmentation,
      imbalance,
      unfreezeFrom,
      featureViews: isAugmented ? featureViewsFor(recipe, examples) : 0,
      reasons,
    },
  };
}

/** Of the layers that learn, at least 1. */
function portableMinutes(
  network: Network,
  { epochs }: StageSettings,
  at: { readonly from: string | null; readonly examples: number; readonly augmentation: Augmentation },
): number {
  const split = splitFrozen(network, {
    from: at.from,
    pictures: { train: at.examples, validation: 0 },
    epochs,
    isAugmented: changesPictures(at.augmentation),
    bytesPerValue: Float32Array.BYTES_PER_ELEMENT,
  });
  const { flops } = planNetwork(split?.trainable ?? network);
  const seconds = (TRAINING_PASSES * flops * at.examples * epochs) / PORTABLE_FLOPS_PER_SECOND;
  return Math.max(1, Math.round(seconds / SECONDS_PER_MINUTE));
}

/** Only what costs no quality is given up before memory has run out: the plan is an estimate. */
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

/** A network that starts from random weights has enough to do with the pictures as they are. */
function augmentationOf(
  { augmentation, preset }: JobRecord['recipe'],
  isPretrained: boolean,
  isFull: boolean,
): Augmentation {
  if (typeof augmentation === 'object') return augmentation;
  if (augmentation !== 'auto') return AUGMENTATIONS[augmentation];
  if (!isPretrained) return AUGMENTATIONS.none;
  if (preset === 'course') return AUGMENTATIONS.course;
  return isFull ? AUGMENTATIONS.strong : AUGMENTATIONS.auto;
}
