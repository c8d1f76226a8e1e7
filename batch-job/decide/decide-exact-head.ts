// Decides whether the head is solved exactly, on which pictures, and what is done about classes of different sizes.

import { EXACT_OPTIMIZER, mayBeSolved } from '../../core/job/recipe/exact-head.ts';
import { hasFullStage, type TrainingPlace } from '../../core/job/recipe/stage-lengths.ts';
import { applyTrial, trialsOf } from '../../core/job/recipe/sweep.ts';
import type { JobRecord } from '../../core/job/record/job.ts';
import type { ClassBalance } from '../logistic/solve-head.ts';

/** How the head is solved. */
export interface ExactHead {
  /** Whether pictures of the validation split are among those that it is solved on. Folds take the place of the split then. */
  readonly usesValidation: boolean;
  readonly balance: ClassBalance;
}

/** What the decision depends on. */
export interface ExactHeadInput {
  readonly job: Pick<JobRecord, 'recipe' | 'hyperparameters' | 'sweep' | 'resolved'>;
  /** Whether the base has pretrained layers, and a linear head on them. */
  readonly hasLinearHead: boolean;
  /** Whether a second stage follows. */
  readonly hasFull: boolean;
  readonly place: TrainingPlace;
  /** Whether the user made the validation split, as a folder. */
  readonly hasValidationFolder: boolean;
  /** Whether classes are so unequal that `auto` does something about it. */
  readonly isImbalanced: boolean;
}

/** Decides on the head; undefined where it is trained in epochs. */
export function decideExactHead(given: ExactHeadInput): ExactHead | undefined {
  const { job, hasLinearHead, hasFull, hasValidationFolder, isImbalanced } = given;
  const { recipe, hyperparameters, resolved } = job;
  if (!hasLinearHead || !mayBeSolved(recipe, hyperparameters, { hasFull })) return undefined;
  // A job that was decided by another version keeps its decision.
  if (resolved !== null && resolved.stages['head']?.optimizer !== EXACT_OPTIMIZER) return undefined;
  return {
    usesValidation: !hasValidationFolder && areTrialsSolved(given),
    balance: balanceOf(recipe.imbalance, isImbalanced),
  };
}

/** Whether all trials of a sweep end with a solved head. Otherwise all are compared on the validation split. */
function areTrialsSolved({ job, place }: ExactHeadInput): boolean {
  const trials = job.sweep === null ? [] : trialsOf(job.sweep);
  return trials.every((trial) => {
    const { recipe, hyperparameters } = applyTrial(job, trial);
    return !hasFullStage(recipe, place) && mayBeSolved(recipe, hyperparameters, { hasFull: false });
  });
}

function balanceOf(asked: JobRecord['recipe']['imbalance'], isImbalanced: boolean): ClassBalance {
  if (asked === 'none') return 'none';
  // Drawing pictures of small classes more often is, on average, giving them a weight.
  if (asked !== 'auto') return 'weights';
  return isImbalanced ? 'prior' : 'none';
}
