// What a job cannot ask of an imported backbone: its layers are those of a file, and only ONNX Runtime can run them.

import { FoveaError } from '../errors.ts';
import type { JobRecord } from '../job/job.ts';
import { hasFullStage } from '../job/stage-lengths.ts';
import { applyTrial, trialsOf } from '../job/sweep.ts';
import { toBackboneName } from './backbone.ts';

/** @throws {FoveaError} `backbone-frozen` where a job would have the layers of an imported backbone learn. */
export function checkFrozen(
  job: Pick<JobRecord, 'architecture' | 'hyperparameters' | 'recipe' | 'sweep'>,
): void {
  if (toBackboneName(job.architecture) === undefined) return;
  const trials =
    job.sweep === null ? [job] : trialsOf(job.sweep).map((settings) => applyTrial(job, settings));
  if (!trials.some(({ recipe }) => hasFullStage(recipe))) return;
  throw new FoveaError(
    'backbone-frozen',
    `The layers of "${job.architecture}" cannot learn: of an imported backbone a job trains the head alone. Set recipe.stages ` +
      '(and those of a sweep) to "head", or choose an architecture, whose layers can learn.',
    { param: 'recipe.stages', details: { allowed: ['head'] } },
  );
}
