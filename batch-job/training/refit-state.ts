// The state of a stage whose trainable layers change: its position, its first and its best weights stay. Does not know why
// they change.

import type { NetworkWeights } from '../../core/network/description/network.ts';
import type { TrainerState } from '../tensorflow/engine/engine.ts';
import { firstLossScale } from '../tensorflow/engine/loss-scale.ts';
import { AVERAGE_SLOT } from '../tensorflow/engine/training-programs.ts';
import type { BestEpoch, FitState } from './fit-state.ts';

/**
 * The state for a trainer with other trainable layers; the state itself where they are the same.
 *
 * A layer that is frozen from now on stays at its EMA, by which it was evaluated. Where a frozen layer begins to learn, all
 * weights continue from their EMA, with every optimizer slot and the count of updates at 0: Adam corrects its bias by one
 * count for all weights, and late in a run would take steps several times too large from slots of 0.
 *
 * @param fresh The state of the new trainer before its first step.
 * @param weights All weights of the network, for those that the state lacks because their layers were not in training.
 */
export function refitState(state: FitState, fresh: TrainerState, weights: NetworkWeights): FitState {
  const saved = state.trainer.variables;
  const averageOf = (weight: string) => `${weight}/${AVERAGE_SLOT}`;
  const hasStopped = (weight: string) =>
    saved.has(averageOf(weight)) && !fresh.variables.has(averageOf(weight));
  const weightNames = [...fresh.variables.keys()].filter((name) => weights.has(name));
  const lacking = [...fresh.variables.keys()].filter(
    (name) => !saved.has(name) && firstLossScale(name) === undefined,
  );
  if (lacking.length === 0 && !weightNames.some(hasStopped)) return state;

  const begins = lacking.some((name) => !weights.has(name));
  // What only the state has stays in it, so that a trainer still refuses a state that is of another network.
  const variables = new Map(begins ? [...saved, ...fresh.variables] : [...fresh.variables, ...saved]);
  for (const name of weightNames) {
    if (!begins && !hasStopped(name)) continue;
    const settled = saved.get(averageOf(name)) ?? saved.get(name) ?? (weights.get(name) as Float32Array);
    variables.set(name, settled);
    if (fresh.variables.has(averageOf(name))) variables.set(averageOf(name), settled);
  }
  const { updates } = begins ? fresh : state.trainer;
  const complete = (epoch: BestEpoch): BestEpoch => ({
    ...epoch,
    weights: new Map(
      weightNames.map((name) => [name, (epoch.weights.get(name) ?? weights.get(name)) as Float32Array]),
    ),
  });
  return {
    ...state,
    first: state.first && complete(state.first),
    best: state.best && complete(state.best),
    ...(state.kept === undefined ? {} : { kept: state.kept.map(complete) }),
    trainer: { ...state.trainer, updates, variables },
  };
}
