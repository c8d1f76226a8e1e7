// Lets a child process have the processors only where its parent does not want them.

import type { ChildProcess } from 'node:child_process';
import os from 'node:os';

/** By how much a trainer steps back: it gets a tenth of a core that a prediction wants, and all of one that nobody wants. */
const STEPS = os.constants.priority.PRIORITY_BELOW_NORMAL;

/**
 * Lowers the priority of a process that has just started, and of the threads that it will start, below that of this process. Where the
 * system refuses, it says so and the process runs as it is.
 */
export function yieldToServer({ pid }: ChildProcess, onError: (error: unknown) => void): void {
  if (pid === undefined) return;
  try {
    os.setPriority(pid, Math.min(os.constants.priority.PRIORITY_LOW, os.getPriority() + STEPS));
  } catch (error) {
    onError(error);
  }
}
