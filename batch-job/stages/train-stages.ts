// Runs the stages of a training in their order, and resumes where an earlier attempt stopped.

import type { RunCheckpoints } from '../training/run-checkpoints.ts';
import type { Trained } from './run-stage.ts';
import { type TrainFromScratchDeps, trainFromScratch } from './train-from-scratch.ts';
import { resumeFull, resumeRetraining, trainFull } from './train-full.ts';
import { type TrainHeadDeps, trainHead } from './train-head.ts';
import type { TrainFullDeps } from './tuned-layers.ts';

/** What all stages together need. */
export type TrainStagesDeps = TrainFromScratchDeps &
  TrainHeadDeps &
  TrainFullDeps & { readonly checkpoints: RunCheckpoints };

/**
 * Runs every stage of the job, and gives the weights of the last.
 * @param options `isOver`: the training is finished and only its weights are wanted, so no further stage is started.
 */
export async function trainStages(
  deps: TrainStagesDeps,
  { isOver }: { readonly isOver: boolean },
): Promise<Trained> {
  const { checkpoints, decision, meter } = deps;
  if (decision.stages.has('scratch')) return trainFromScratch(deps);
  const retrain = checkpoints.resume('retrain');
  const { verdict } = checkpoints.carried;
  if (retrain !== undefined && verdict !== undefined)
    return resumeRetraining(deps, retrain, verdict, await trainHead(deps));
  if (checkpoints.resume('fold') !== undefined) return trainFull(deps, await trainHead(deps));
  const full = checkpoints.resume('full');
  // A head that was cross-validated is solved again: the same pictures are held out then, and it is there where the stage gains nothing.
  if (full !== undefined)
    return resumeFull(
      deps,
      full,
      decision.exactHead?.usesValidation === true ? await trainHead(deps) : undefined,
    );
  const head = await trainHead(deps);
  // Where its checkpoints are gone, a finished training is repeated, all of it.
  const isWanted = !isOver || checkpoints.resumedRun === undefined;
  return decision.stages.has('full') && isWanted && meter.earlyEnd() === undefined
    ? trainFull(deps, head)
    : head;
}
