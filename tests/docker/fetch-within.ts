// A request whose server may vanish at any moment.

import { setTimeout as sleep } from 'node:timers/promises';

/**
 * The answer, undefined where none comes in time. Each request has a connection of its own: where the far end is a container's port,
 * the engine takes connections before the container does, and lets them go without a word.
 */
export function fetchWithin(
  timeoutMs: number,
  url: string,
  init: RequestInit = {},
): Promise<Response | undefined> {
  const over = new AbortController();
  const headers = { ...init.headers, connection: 'close' };
  return Promise.race([
    fetch(url, { ...init, headers }).catch(() => undefined),
    // A timer of its own, since a signal's would not keep the process alive.
    sleep(timeoutMs, undefined, { signal: over.signal }).catch(() => undefined),
  ]).finally(() => over.abort());
}
