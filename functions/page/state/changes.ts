// Changes that somebody makes: each is sent once, and views that show something older ask again, in this tab and in the others of the browser.

import { signal } from '@preact/signals';
import { ApiError } from '../../../client/api-error.ts';

/** What tabs tell each other on. */
const CHANNEL = 'fovea-changes';
/** Not found, conflict, and precondition failed. */
const OUTDATED: ReadonlySet<number> = new Set([404, 409, 412]);

/** Rises when what views show may be old: another tab changed something, or the server refused what was based on it. */
export const outdated = signal(0);

const channel = new BroadcastChannel(CHANNEL);
channel.addEventListener('message', () => {
  outdated.value += 1;
});

/** Tells the other tabs that something changed. */
export const tellTabs = (): void => channel.postMessage(null);

const underWay = new Set<string>();

/** The parts of a change. */
export interface Change<T> {
  /** Whether somebody wants it; asked first. */
  readonly sure?: () => boolean | Promise<boolean>;
  /** Sends it. */
  readonly send: () => Promise<T>;
  /** Shows what became of it. Until it resolves, the same change is not sent again. */
  readonly done: (answer: T) => unknown;
  /** Is told what any of the parts threw. */
  readonly fail: (error: unknown) => void;
}

/**
 * Makes a change, unless the same one is under way.
 * @param name what is changed and how; changes of one name are the same.
 */
export async function makeChange<T>(name: string, { sure, send, done, fail }: Change<T>): Promise<void> {
  if (underWay.has(name)) return;
  underWay.add(name);
  try {
    if (sure !== undefined && !(await sure())) return;
    const answer = await send();
    tellTabs();
    await done(answer);
  } catch (error) {
    fail(error);
    if (error instanceof ApiError && OUTDATED.has(error.status)) outdated.value += 1;
  } finally {
    underWay.delete(name);
  }
}
