// How long the page's own script keeps the browser busy. It counts processor time of the main thread, so that other programs of the machine
// change little, and only tasks that run the page's script.

import type { Browser, Page } from 'playwright-core';

/** A task longer than this makes a page stutter (W3C Long Tasks). */
export const LONG_TASK_MS = 50;

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds. */
  readonly ts: number;
  readonly dur?: number;
  /** Of the thread's processor time. */
  readonly tdur?: number;
  readonly args?: { readonly data?: { readonly url?: string; readonly scriptName?: string } };
}

const CATEGORIES = ['toplevel', 'devtools.timeline', 'disabled-by-default-devtools.timeline'];
const TASKS = new Set(['RunTask', 'ThreadControllerImpl::RunTask']);

/**
 * The processor times, in milliseconds, of the tasks that run the page's script while `act` works, the longest first.
 * @param script the end of its address.
 */
export async function ourTasks(
  browser: Browser,
  page: Page,
  script: string,
  act: () => Promise<void>,
): Promise<readonly number[]> {
  await browser.startTracing(page, { categories: CATEGORIES });
  await act();
  const trace: { readonly traceEvents: readonly TraceEvent[] } = JSON.parse(
    (await browser.stopTracing()).toString('utf8'),
  );
  const events = trace.traceEvents.filter(({ ph }) => ph === 'X');
  const calls = events.filter(({ args }) =>
    [args?.data?.url, args?.data?.scriptName].some((from) => from?.endsWith(script)),
  );
  const tasks = events.filter(({ name }) => TASKS.has(name));
  return tasks
    .filter((task) =>
      calls.some(
        ({ pid, tid, ts }) =>
          pid === task.pid && tid === task.tid && ts >= task.ts && ts <= task.ts + (task.dur ?? 0),
      ),
    )
    .map(({ tdur = Number.NaN }) => tdur / 1000)
    .sort((a, b) => b - a);
}
