// What a job cannot ask of the layers that learn. Asked before a job is made, and again by whoever carries it out.

import { toBackboneName } from '../../backbone/backbone.ts';
import { FoveaError } from '../../errors/errors.ts';
import { findArchitecture } from '../../network/architectures/architectures.ts';
import { firstTrainable } from '../../network/description/trainable-from.ts';
import type { Hyperparameters } from './hyperparameters.ts';
import { mixesPictures, type Recipe } from './recipe.ts';
import { hasFullStage, type StageName } from './stage-lengths.ts';
import { applyTrial, type Sweep, trialsOf } from './sweep.ts';

/** What a job says of the layers that learn. */
interface LearningSettings {
  readonly architecture: string;
  readonly hyperparameters: Hyperparameters;
  readonly recipe: Recipe;
  readonly sweep: Sweep | null;
}

/** A setting that has no effect but in some stages. */
interface StageSetting {
  readonly name: keyof Recipe;
  /** As a message begins. */
  readonly title: string;
  readonly usedBy: readonly StageName[];
  readonly isSet: (recipe: Recipe) => boolean;
  /** What stands in its place where it is left out. */
  readonly reset: (recipe: Recipe) => Partial<Recipe>;
}

const STAGE_SETTINGS: readonly StageSetting[] = [
  {
    name: 'unfreeze_from',
    title: '"unfreeze_from"',
    usedBy: ['full'],
    isSet: (recipe) => recipe.unfreeze_from !== 'auto',
    reset: () => ({ unfreeze_from: 'auto' }),
  },
  {
    name: 'first_layer_rate',
    title: '"first_layer_rate"',
    usedBy: ['full'],
    isSet: (recipe) => recipe.first_layer_rate !== 'auto',
    reset: () => ({ first_layer_rate: 'auto' }),
  },
  {
    name: 'batch_normalization',
    title: '"batch_normalization"',
    // Layers that learn from the start have nothing else to go by than their batches.
    usedBy: ['full', 'scratch'],
    isSet: (recipe) => recipe.batch_normalization === 'training',
    reset: () => ({ batch_normalization: 'inference' }),
  },
  {
    name: 'augmentation',
    title: 'Mixing pictures ("mixup", "cutmix" of "augmentation")',
    usedBy: ['full', 'scratch'],
    // What a name stands for may be mixed in one stage and not in another.
    isSet: ({ augmentation }) => typeof augmentation === 'object' && mixesPictures(augmentation),
    reset: ({ augmentation }) => ({
      augmentation:
        typeof augmentation === 'object' ? { ...augmentation, mixup: 0, cutmix: 0 } : augmentation,
    }),
  },
  {
    name: 'stages',
    title: '"stages": "head"',
    usedBy: ['head', 'full'],
    isSet: (recipe) => recipe.stages === 'head',
    reset: () => ({ stages: 'auto' }),
  },
];

/** Layers have the same names for every number of classes. */
const ANY_CLASSES = 2;

/**
 * @throws {FoveaError} `backbone-frozen` where the layers of an imported backbone would have to learn;
 * `setting-without-effect` where no stage of the job heeds what it says; `layer-unknown` where the second stage would begin
 * at a layer that the network does not have; `architecture-unknown`.
 */
export function checkTrainableLayers(job: LearningSettings): void {
  const recipes =
    job.sweep === null
      ? [job.recipe]
      : trialsOf(job.sweep).map((settings) => applyTrial(job, settings).recipe);
  const full = recipes.filter(hasFullStage);
  if (full.length > 0 && isImported(job.architecture)) throw backboneFrozen(job.architecture);
  const [unused] = unusedSettings(job.architecture, recipes);
  if (unused !== undefined) throw withoutEffect(job.architecture, unused);
  for (const recipe of full) checkStart(job.architecture, recipe);
}

/**
 * A recipe that trains the same model and that {@link checkTrainableLayers} takes: without what its stages do not heed, as a
 * trial of a sweep may have it from the others.
 * @throws {FoveaError} `architecture-unknown`.
 */
export const effectiveRecipe = (architecture: string, recipe: Recipe): Recipe =>
  Object.assign({}, recipe, ...unusedSettings(architecture, [recipe]).map(({ reset }) => reset(recipe)));

const isImported = (architecture: string) => toBackboneName(architecture) !== undefined;

const isPretrained = (architecture: string) =>
  isImported(architecture) || findArchitecture(architecture).weightSources.length > 0;

/** Settings of the recipes that no stage of any of them heeds. */
function unusedSettings(architecture: string, recipes: readonly Recipe[]): StageSetting[] {
  const stages = new Set(recipes.flatMap((recipe) => stagesOf(architecture, recipe)));
  return STAGE_SETTINGS.filter(
    ({ usedBy, isSet }) => !usedBy.some((stage) => stages.has(stage)) && recipes.some(isSet),
  );
}

function stagesOf(architecture: string, recipe: Recipe): StageName[] {
  if (!isPretrained(architecture)) return ['scratch'];
  return hasFullStage(recipe) ? ['head', 'full'] : ['head'];
}

function withoutEffect(architecture: string, { name, title }: StageSetting): FoveaError {
  const noSecondStage = `${title} is of the second stage, which this job does not have:`;
  let message: string;
  if (!isPretrained(architecture)) {
    message =
      `${title} is for pretrained layers, and "${architecture}" has none: every layer of it learns from the start. ` +
      'Leave it out.';
  } else if (isImported(architecture)) {
    message = `${noSecondStage} the layers of an imported backbone stay as they are. Leave it out.`;
  } else {
    message = `${noSecondStage} its pretrained layers stay as they are. Set recipe.stages to "full", or leave it out.`;
  }
  return new FoveaError('setting-without-effect', message, { param: `recipe.${name}` });
}

function checkStart(name: string, { unfreeze_from: start }: Recipe): void {
  if (start === 'auto' || start === null) return;
  const { build, defaultInputSize: inputSize } = findArchitecture(name);
  firstTrainable(build({ inputSize, classes: ANY_CLASSES }), start);
}

const backboneFrozen = (architecture: string) =>
  new FoveaError(
    'backbone-frozen',
    `The layers of "${architecture}" cannot learn: of an imported backbone a job trains the head alone. Set recipe.stages ` +
      '(and those of a sweep) to "head", or choose an architecture, whose layers can learn.',
    { param: 'recipe.stages', details: { allowed: ['head'] } },
  );
