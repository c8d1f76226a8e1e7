// The stages of a training in their order, from where an earlier attempt left them.

import type { RunCheckpoints } from '../training/run-checkpoints.ts';
import type { Trained } from './run-stage.ts';
import { type TrainFromScratchDeps, trainFromScratch } from './train-from-scratch.ts';
import { resumeFull, type TrainFullDeps, trainFull } from './train-full.ts';
import { type TrainHeadDeps, trainHead } from './train-head.ts';

/** What all stages together need. */
export type TrainStagesDeps = TrainFromScratchDeps &
  TrainHeadDeps &
  TrainFullDeps & { readonly checkpoints: RunCheckpoints };

/**
 * Runs every stage that the job has, and gives the weights of the last.
 * @param options `isOver`: no stage is begun that has not been, because only the weights of a finished training are wanted.
 */
export async function trainStages(
  deps: TrainStagesDeps,
  { isOver }: { readonly isOver: boolean },
): Promise<Trained> {
  const { checkpoints, decision, meter } = deps;
  if (decision.stages.has('scratch')) return trainFromScratch(deps);
  const full = checkpoints.resume('full');
  if (full !== undefined) return resumeFull(deps, full);
  const head = await trainHead(deps);
  // Without its checkpoints what was trained is trained again, all of it.
  const isWanted = !isOver || checkpoints.resumedStage === undefined;
  return decision.stages.has('full') && isWanted && !meter.isBudgetSpent()
    ? trainFull(deps, head.weights)
    : head;
}
