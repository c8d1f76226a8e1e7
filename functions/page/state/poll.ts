// Asks again and again while somebody looks: not in a hidden tab, where what is under way is given up, and at once when the tab is shown again.

import { ApiError } from '../../../client/api-error.ts';

/** What is asked: gives the milliseconds until it is asked again, or undefined where that is all. */
export type Ask = (signal: AbortSignal) => Promise<number | undefined>;

const FAILED_MS = 5000;
/** Forbidden, and not found. */
const FINAL: ReadonlySet<number> = new Set([403, 404]);

/** Starts asking. @returns what ends it; a request that is under way is then given up. */
export function poll(ask: Ask): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running: AbortController | undefined;
  let isOver = false;

  async function run(): Promise<void> {
    clearTimeout(timer);
    if (isOver || document.hidden || running !== undefined) return;
    const controller = new AbortController();
    running = controller;
    let waitMs: number | undefined = FAILED_MS;
    try {
      waitMs = await ask(controller.signal);
    } catch (error) {
      // Who asks shows what failed; the next time may do better, unless the key does not allow it or the thing is gone.
      if (error instanceof ApiError && FINAL.has(error.status)) waitMs = undefined;
    }
    running = undefined;
    const isGivenUp = controller.signal.aborted;
    if (waitMs === undefined && !isGivenUp) isOver = true;
    if (!isOver && !document.hidden) timer = setTimeout(() => void run(), isGivenUp ? 0 : waitMs);
  }

  const onVisibility = () => {
    if (!document.hidden) return void run();
    clearTimeout(timer);
    return running?.abort();
  };
  document.addEventListener('visibilitychange', onVisibility);
  void run();
  return () => {
    isOver = true;
    clearTimeout(timer);
    running?.abort();
    document.removeEventListener('visibilitychange', onVisibility);
  };
}
