// Learning-rate schedules: the rate of an optimizer update from its number alone. Pure functions of numbers.

/** Rate of an update, counted from 0. */
export type LearningRate = (update: number) => number;

export type Schedule =
  | { readonly type: 'constant'; readonly rate: number }
  /** `rate / (1 + decay * update)`: Keras 2's `decay`, Keras 3's `InverseTimeDecay` with `decay_steps` 1. */
  | { readonly type: 'inverse-time'; readonly rate: number; readonly decay: number }
  /** Half a cosine from `rate` to `final` (default 0) over `updates` (Loshchilov and Hutter 2017, without restarts). */
  | { readonly type: 'cosine'; readonly rate: number; readonly updates: number; readonly final?: number };

export interface WarmUp {
  /** Updates in which the rate rises in equal steps to where the schedule starts; 0 is none. */
  readonly updates: number;
}

/**
 * The rates of a schedule.
 *
 * After a warm-up the schedule counts its updates from 0; a cosine that has a warm-up before it should be given the
 * updates that are left.
 */
export function learningRate(schedule: Schedule, warmUp: WarmUp = { updates: 0 }): LearningRate {
  const scheduled = rateOf(schedule);
  return (update) => {
    if (update < warmUp.updates) return (scheduled(0) * (update + 1)) / (warmUp.updates + 1);
    return scheduled(update - warmUp.updates);
  };
}

function rateOf(schedule: Schedule): LearningRate {
  const { rate } = schedule;
  switch (schedule.type) {
    case 'constant':
      return () => rate;
    case 'inverse-time':
      return (update) => rate / (1 + schedule.decay * update);
    case 'cosine': {
      const { updates, final = 0 } = schedule;
      return (update) =>
        final + ((rate - final) * (1 + Math.cos(Math.PI * Math.min(1, update / updates)))) / 2;
    }
  }
}
