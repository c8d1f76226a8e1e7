// What a job cannot ask of the layers that learn. Asked before a job is made, and again by whoever carries it out.

import { toBackboneName } from '../backbone/backbone.ts';
import { FoveaError } from '../errors.ts';
import { findArchitecture } from '../network/architectures.ts';
import { firstFrom } from '../network/is-from.ts';
import type { JobRecord } from './job.ts';
import type { Recipe } from './recipe.ts';
import { hasFullStage } from './stage-lengths.ts';
import { applyTrial, trialsOf } from './sweep.ts';

/** Settings of the second stage alone. */
const FULL_STAGE_SETTINGS = ['unfreeze_from', 'first_layer_rate'] as const;
/** Layers have the same names for every number of classes. */
const ANY_CLASSES = 2;

/**
 * @throws {FoveaError} `backbone-frozen` where the layers of an imported backbone would have to learn;
 * `setting-without-effect` where the job has no second stage for what it says of one; `layer-unknown` where that stage would
 * begin at a layer that the network does not have.
 */
export function checkLearningLayers(
  job: Pick<JobRecord, 'architecture' | 'hyperparameters' | 'recipe' | 'sweep'>,
): void {
  const recipes =
    job.sweep === null
      ? [job.recipe]
      : trialsOf(job.sweep).map((settings) => applyTrial(job, settings).recipe);
  const full = recipes.filter(hasFullStage);
  if (full.length === 0) checkUnused(recipes);
  else if (toBackboneName(job.architecture) !== undefined) throw backboneFrozen(job.architecture);
  else for (const recipe of full) checkStart(job.architecture, recipe);
}

function checkUnused(recipes: readonly Recipe[]): void {
  const unused = FULL_STAGE_SETTINGS.find((name) => recipes.some((recipe) => recipe[name] !== 'auto'));
  if (unused === undefined) return;
  throw new FoveaError(
    'setting-without-effect',
    `"${unused}" is of the second stage, which this job does not have: its pretrained layers stay as they are. Set ` +
      'recipe.stages to "full", or leave it out.',
    { param: `recipe.${unused}` },
  );
}

function checkStart(name: string, { unfreeze_from: start }: Recipe): void {
  if (start === 'auto' || start === null) return;
  const { build, defaultInputSize: inputSize } = findArchitecture(name);
  firstFrom(build({ inputSize, classes: ANY_CLASSES }), start);
}

const backboneFrozen = (architecture: string) =>
  new FoveaError(
    'backbone-frozen',
    `The layers of "${architecture}" cannot learn: of an imported backbone a job trains the head alone. Set recipe.stages ` +
      '(and those of a sweep) to "head", or choose an architecture, whose layers can learn.',
    { param: 'recipe.stages', details: { allowed: ['head'] } },
  );
