// What a stage's state becomes where other layers learn: which numbers stay, and from which the others go on.

import { describe, expect, it } from 'vitest';
import type { TrainerState } from '../../../batch-job/tensorflow/engine/engine.ts';
import type { FitState } from '../../../batch-job/training/fit-state.ts';
import { refitState } from '../../../batch-job/training/refit-state.ts';

type Values = Readonly<Record<string, number>>;

/** Variables of one value each. */
const variablesOf = (values: Values) =>
  new Map(Object.entries(values).map(([name, value]) => [name, Float32Array.of(value)]));

const trainerOf = (values: Values, updates = 0): TrainerState => ({
  formatVersion: 1,
  batches: updates,
  updates,
  seed: 1,
  variables: variablesOf(values),
});

/** Its trainer has 40 updates. */
const stateOf = (values: Values, judged: Values): FitState => ({
  epoch: 5,
  batch: 2,
  sums: { loss: 1, correct: 2, seen: 8 },
  history: [],
  first: { epoch: 0, validationLoss: 0.5, weights: variablesOf(judged) },
  best: { epoch: 3, validationLoss: 0.25, weights: variablesOf(judged) },
  isFinished: false,
  trainer: trainerOf(values, 40),
});

const WEIGHTS = variablesOf({ 'low/kernel': 1, 'mid/kernel': 2, 'top/kernel': 3 });

const LEARNING_MID = { 'mid/kernel': 20, 'mid/kernel/m': 0.2, 'mid/kernel/average': 21 };
const LEARNING_TOP = { 'top/kernel': 30, 'top/kernel/m': 0.3, 'top/kernel/average': 31 };
const FRESH_MID = { 'mid/kernel': 2, 'mid/kernel/m': 0, 'mid/kernel/average': 2 };
const FRESH_TOP = { 'top/kernel': 3, 'top/kernel/m': 0, 'top/kernel/average': 3 };
const JUDGED = { 'mid/kernel': 22, 'top/kernel': 32 };

describe('refitState', () => {
  it('returns a state with the same trainable layers unchanged', () => {
    const state = stateOf({ ...LEARNING_MID, ...LEARNING_TOP }, JUDGED);
    expect(refitState(state, trainerOf({ ...FRESH_MID, ...FRESH_TOP }), WEIGHTS)).toBe(state);
  });

  it('keeps the optimizer where an attempt in another type has begun to scale the loss', () => {
    const state = stateOf({ ...LEARNING_MID, ...LEARNING_TOP }, JUDGED);
    const scaled = { loss_scale: 32768, loss_scale_steps: 0 };
    expect(refitState(state, trainerOf({ ...FRESH_MID, ...FRESH_TOP, ...scaled }), WEIGHTS)).toBe(state);
  });

  it('leaves a layer that becomes frozen at its EMA, and keeps the optimizer slots of the others', () => {
    const state = stateOf({ ...LEARNING_MID, ...LEARNING_TOP }, JUDGED);
    const refit = refitState(state, trainerOf({ 'mid/kernel': 2, ...FRESH_TOP }), WEIGHTS);
    const { variables, updates } = refit.trainer;
    expect(variables.get('mid/kernel')).toEqual(Float32Array.of(21));
    for (const [name, values] of variablesOf(LEARNING_TOP)) expect(variables.get(name)).toEqual(values);
    expect(updates).toBe(40);
    expect({ ...refit, trainer: state.trainer }).toEqual(state);
  });

  it('resets the optimizer and starts from the EMA where a layer becomes trainable', () => {
    const state = stateOf({ 'mid/kernel': 20, ...LEARNING_TOP }, JUDGED);
    const refit = refitState(state, trainerOf({ ...FRESH_MID, ...FRESH_TOP }), WEIGHTS);
    expect(refit.trainer).toEqual({
      ...trainerOf({
        'mid/kernel': 20,
        'mid/kernel/m': 0,
        'mid/kernel/average': 20,
        'top/kernel': 31,
        'top/kernel/m': 0,
        'top/kernel/average': 31,
      }),
      batches: 40,
    });
    expect({ ...refit, trainer: state.trainer }).toEqual(state);
  });

  it('takes layers that the state lacks from the weights', () => {
    const state = stateOf({ ...LEARNING_MID, ...LEARNING_TOP }, JUDGED);
    const fresh = trainerOf({ 'low/kernel': 1, ...FRESH_MID, ...FRESH_TOP });
    const { trainer, first, best } = refitState(state, fresh, WEIGHTS);
    expect(trainer).toEqual(trainerOf({ 'low/kernel': 1, ...LEARNING_MID, ...LEARNING_TOP }, 40));
    const judged = variablesOf({ 'low/kernel': 1, ...JUDGED });
    expect(first).toEqual({ epoch: 0, validationLoss: 0.5, weights: judged });
    expect(best).toEqual({ epoch: 3, validationLoss: 0.25, weights: judged });
  });

  it('keeps variables of another network, so that the trainer rejects the state', () => {
    const state = stateOf({ ...LEARNING_TOP, 'other/kernel': 4 }, JUDGED);
    const { trainer } = refitState(state, trainerOf({ ...FRESH_MID, ...FRESH_TOP }), WEIGHTS);
    expect(trainer.variables.has('other/kernel')).toBe(true);
  });
});
