// Lets a fixed number of tasks through at a time. Knows nothing of what they do.

/** Runs a task as soon as fewer than the gate's number are running; in the order of arrival. */
export type Gate = <T>(task: () => Promise<T>) => Promise<T>;

/** @param width how many tasks may run at the same time, at least 1. */
export function createGate(width: number): Gate {
  const waiting: (() => void)[] = [];
  let free = width;
  return async (task) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      // A place is handed on rather than freed, so that nobody can slip in between.
      if (next === undefined) free += 1;
      else next();
    }
  };
}
