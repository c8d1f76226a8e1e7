// The check for open jobs that have no key, as another server of an earlier version makes them: at the start, every hour,
// and where somebody has deleted the keys. One at a time, beside the worker.

import type { JobStore } from '../../record/job-store.ts';

/** How often jobs without a key are looked for. */
const CHECK_MS = 60 * 60 * 1000;

/** The check of one worker. */
export interface OpenJobsCheck {
  /** Checks now, also jobs of the week before, and from now on every hour. */
  start(): void;
  /** Checks at once where the keys of open jobs were deleted, unless a check is running or has just failed. */
  checkDeleted(): Promise<void>;
  /** Ends the check that is running. */
  stop(): Promise<void>;
}

/** What {@link createOpenJobsCheck} works with. */
export interface OpenJobsCheckDeps {
  readonly jobs: JobStore;
  /** Monotonic, in milliseconds. */
  readonly clock: () => number;
  /** How long {@link OpenJobsCheck.checkDeleted} waits after a check that failed, in milliseconds. */
  readonly retryMs: number;
  /** Called where a check has found jobs. */
  readonly onFound: () => void;
  readonly onError: (error: unknown) => void;
}

/** A check that has not started. */
export function createOpenJobsCheck({
  jobs,
  clock,
  retryMs,
  onFound,
  onError,
}: OpenJobsCheckDeps): OpenJobsCheck {
  let controller = new AbortController();
  let running: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let retryAtMs = 0;

  function check(looksBehind: boolean): void {
    const { signal } = controller;
    if (signal.aborted) return;
    running ??= jobs
      .checkOpen({ signal, looksBehind })
      .then(
        (found) => {
          if (found > 0) onFound();
        },
        (error: unknown) => {
          retryAtMs = clock() + retryMs;
          if (!signal.aborted) onError(error);
        },
      )
      .finally(() => {
        running = undefined;
      });
  }

  return {
    start() {
      controller = new AbortController();
      check(true);
      timer = setInterval(() => check(false), CHECK_MS).unref();
    },
    async checkDeleted() {
      if (running === undefined && clock() >= retryAtMs && !(await jobs.isOpenChecked())) check(false);
    },
    async stop() {
      clearInterval(timer);
      controller.abort();
      await running;
    },
  };
}
