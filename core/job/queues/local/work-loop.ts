// The loop of whoever runs trainers one after another: looks for work, does it, and looks again after a while or when it is woken.
// Knows nothing of jobs.

/** A loop that is started and stopped with its process. */
export interface WorkLoop {
  start(): void;
  /** Looks for work now, or as soon as the work in hand is done. */
  wake(): void;
  readonly isStopped: () => boolean;
  /** Begins nothing new. @returns once the work in hand is done. */
  stop(): Promise<void>;
}

/** What a loop does. */
export interface WorkLoopOptions {
  /** Looks for work and does it. @returns whether there was any. */
  readonly step: () => Promise<boolean>;
  /** Before an idle loop looks again, in milliseconds. */
  readonly pollMs: number;
  /** Before a loop whose step failed looks again, in milliseconds. */
  readonly retryMs: number;
  /** Told of steps that failed; the loop goes on. */
  readonly onError: (error: unknown) => void;
}

/** A loop that has not started. */
export function createWorkLoop({ step, pollMs, retryMs, onError }: WorkLoopOptions): WorkLoop {
  let isWorking = false;
  let work = Promise.resolve();
  /** Whether somebody has called {@link WorkLoop.wake} since the loop last looked for work. */
  let wanted = false;
  let stopped = true;
  let timer: NodeJS.Timeout | undefined;

  function wake(): void {
    wanted = true;
    if (!isWorking && !stopped) work = run();
  }

  function wakeIn(delayMs: number): void {
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(wake, delayMs);
  }

  async function run(): Promise<void> {
    isWorking = true;
    try {
      while (!stopped) {
        wanted = false;
        if (!(await step()) && !wanted) return wakeIn(pollMs);
      }
    } catch (error) {
      onError(error);
      wakeIn(retryMs);
    } finally {
      isWorking = false;
    }
  }

  return {
    start() {
      stopped = false;
      wake();
    },
    wake,
    isStopped: () => stopped,
    stop() {
      stopped = true;
      clearTimeout(timer);
      return work;
    },
  };
}
