// Checks what a job asks of its trainable layers: before the job is made, and again when it runs.

import { toBackboneName } from '../../backbone/backbone.ts';
import { FoveaError } from '../../errors/errors.ts';
import { findArchitecture } from '../../network/architectures/architectures.ts';
import { firstTrainable } from '../../network/description/trainable-from.ts';
import type { Hyperparameters } from './hyperparameters.ts';
import { mixesPictures, type Recipe } from './recipe.ts';
import { hasFullStage, ON_PROCESSORS, type StageName } from './stage-lengths.ts';
import { applyTrial, type Sweep, trialsOf } from './sweep.ts';

/** What a job says of its trainable layers. */
interface LearningSettings {
  readonly architecture: string;
  readonly hyperparameters: Hyperparameters;
  readonly recipe: Recipe;
  readonly sweep: Sweep | null;
}

/** A setting that only some stages use. */
interface StageSetting {
  readonly name: keyof Recipe;
  /** The subject of a message about it. */
  readonly title: string;
  readonly usedBy: readonly StageName[];
  readonly isSet: (recipe: Recipe) => boolean;
  /** The same recipe without the setting. */
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
    // Layers that are trained from scratch have no other statistics than those of their batches.
    usedBy: ['full', 'scratch'],
    isSet: (recipe) => recipe.batch_normalization === 'training',
    reset: () => ({ batch_normalization: 'inference' }),
  },
  {
    name: 'augmentation',
    title: 'Mixing pictures ("mixup", "cutmix" of "augmentation")',
    usedBy: ['full', 'scratch'],
    // A named augmentation may mix pictures in one stage and not in another.
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

/** Any number of classes will do: the names of layers do not depend on it. */
const ANY_CLASSES = 2;

/**
 * Refuses a job that asks the impossible of its layers, or for something that no stage would do.
 * @throws {FoveaError} `backbone-frozen` where the layers of an imported backbone would have to be trained;
 * `setting-without-effect` where no stage of the job uses a setting; `layer-unknown` where `unfreeze_from` names a layer that the
 * network does not have; `architecture-unknown`.
 */
export function checkTrainableLayers(job: LearningSettings): void {
  const recipes =
    job.sweep === null
      ? [job.recipe]
      : trialsOf(job.sweep).map((settings) => applyTrial(job, settings).recipe);
  const full = recipes.filter(asksForFullStage);
  if (full.length > 0 && isImported(job.architecture)) throw backboneFrozen(job.architecture);
  const [unused] = unusedSettings(job.architecture, recipes);
  if (unused !== undefined) throw withoutEffect(job.architecture, unused);
  for (const recipe of full) checkStart(job.architecture, recipe);
}

/**
 * A recipe that trains the same model and that {@link checkTrainableLayers} accepts: without the settings that its stages do not
 * use, which a trial of a sweep may share with other trials.
 * @throws {FoveaError} `architecture-unknown`.
 */
export const effectiveRecipe = (architecture: string, recipe: Recipe): Recipe =>
  Object.assign({}, recipe, ...unusedSettings(architecture, [recipe]).map(({ reset }) => reset(recipe)));

const isImported = (architecture: string) => toBackboneName(architecture) !== undefined;

const isPretrained = (architecture: string) =>
  isImported(architecture) || findArchitecture(architecture).weightSources.length > 0;

/** Settings of the recipes that no stage of any of them uses. */
function unusedSettings(architecture: string, recipes: readonly Recipe[]): StageSetting[] {
  const stages = new Set(recipes.flatMap((recipe) => stagesOf(architecture, recipe)));
  return STAGE_SETTINGS.filter(
    ({ usedBy, isSet }) => !usedBy.some((stage) => stages.has(stage)) && recipes.some(isSet),
  );
}

/** Whether there is a second stage on every machine. Where `auto` has one on a GPU only, a setting of it may come to nothing. */
const asksForFullStage = (recipe: Recipe) => hasFullStage(recipe, ON_PROCESSORS);

function stagesOf(architecture: string, recipe: Recipe): StageName[] {
  if (!isPretrained(architecture)) return ['scratch'];
  return asksForFullStage(recipe) ? ['head', 'full'] : ['head'];
}

function withoutEffect(architecture: string, { name, title }: StageSetting): FoveaError {
  const inSecondStage = `${title} has an effect only in the second stage`;
  let message: string;
  if (!isPretrained(architecture)) {
    message =
      `${title} has an effect only on pretrained layers, and "${architecture}" has none: all its layers are trained from scratch. ` +
      'Remove the setting.';
  } else if (isImported(architecture)) {
    message = `${inSecondStage}, which this job does not have: the layers of an imported backbone stay frozen. Remove the setting.`;
  } else {
    message =
      `${inSecondStage}, which this job does not ask for: with "head" pretrained layers stay frozen, with "auto" they do so unless a ` +
      'GPU trains. Set recipe.stages to "full", or remove the setting.';
  }
  return new FoveaError('setting-without-effect', message, {
    param: `recipe.${name}`,
    details: { setting: name, architecture },
  });
}

function checkStart(name: string, { unfreeze_from: start }: Recipe): void {
  if (start === 'auto' || start === null) return;
  const { build, defaultInputSize: inputSize } = findArchitecture(name);
  firstTrainable(build({ inputSize, classes: ANY_CLASSES }), start);
}

const backboneFrozen = (architecture: string) =>
  new FoveaError(
    'backbone-frozen',
    `The layers of "${architecture}" cannot be trained: on an imported backbone a job trains only the head. Set recipe.stages ` +
      '(and the stages of a sweep) to "head", or choose an architecture, whose layers can be trained.',
    { param: 'recipe.stages', details: { allowed: ['head'] } },
  );
