// Learning-rate schedules: compute the rate of an optimizer update from its number. Pure functions of numbers.

/** The learning rate of an update, counted from 0. */
export type LearningRate = (update: number) => number;

/** How the learning rate changes. Rates are those of a single optimizer update. */
export type Schedule =
  | { readonly type: 'constant'; readonly rate: number }
  /** `rate / (1 + decay * update)`: Keras 2's `decay`, Keras 3's `InverseTimeDecay` with `decay_steps` 1. */
  | { readonly type: 'inverse-time'; readonly rate: number; readonly decay: number }
  /** Half a cosine from `rate` to `final` (default 0) over `updates` (Loshchilov and Hutter 2017, without restarts). */
  | { readonly type: 'cosine'; readonly rate: number; readonly updates: number; readonly final?: number };

/** How the learning rate rises before a schedule. */
export interface WarmUp {
  /** Number of updates in which the rate rises linearly to the start of the schedule; 0 for none. */
  readonly updates: number;
}

/**
 * The learning rates of a schedule. After a warm-up the schedule counts its updates from 0, so a cosine that follows a warm-up
 * should be given the number of updates that are left.
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
