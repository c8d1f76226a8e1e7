// Which bases a job with `auto` compares.

import { toBackboneName } from '../../backbone/backbone.ts';
import type { Recipe } from './recipe.ts';
import { hasFullStage, ON_PROCESSORS } from './stage-lengths.ts';

/**
 * Those of the bases at hand that fit the recipe: on an imported backbone only a head can be trained.
 * @param atHand Names of bases.
 */
export const basesToCompare = (atHand: readonly string[], recipe: Recipe): readonly string[] =>
  hasFullStage(recipe, ON_PROCESSORS) ? atHand.filter((name) => toBackboneName(name) === undefined) : atHand;
