// What a view asks the API for once, and again when something may have changed.

import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, ConnectionError } from '../../../client/api-error.ts';
import { outdated } from '../state/changes.ts';
import { health } from '../state/session.ts';

/** What was asked for. */
export interface Asked<T> {
  readonly value: T | undefined;
  readonly error: unknown;
  /** Asks again; what was known stays until then. Resolves when there is an answer, or the view is gone. */
  readonly again: () => Promise<void>;
}

/** How a view asks. */
export interface AskedOptions {
  /** Whether the answer stays as it is, or costs the server much. Then a look at the tab is no reason to ask again. */
  readonly isLasting?: boolean;
}

interface State<T> {
  readonly of: string;
  readonly value?: T;
  readonly error?: unknown;
}

/** Whoever comes back to the tab sooner sees what was known. */
const LOOK_AGAIN_MS = 3000;
const TOO_MANY = 429;
const SERVER_FAULT = 500;

/** Whether the same request may succeed a little later. */
export const isPassing = (error: unknown): boolean =>
  error instanceof ConnectionError ||
  (error instanceof ApiError && (error.status === TOO_MANY || error.status >= SERVER_FAULT));

/** What is known after an answer. An answer that says the same leaves what is drawn alone. */
function answered<T>(before: State<T>, of: string, value: T): State<T> {
  const isSame = before.of === of && JSON.stringify(before.value) === JSON.stringify(value);
  if (!isSame || before.value === undefined) return { of, value };
  return before.error === undefined ? before : { of, value: before.value };
}

/** What is known after a failure. */
function failed<T>(before: State<T>, of: string, error: unknown): State<T> {
  const staysKnown = before.of === of && before.value !== undefined && isPassing(error);
  return staysKnown ? { of, value: before.value, error } : { of, error };
}

/** Asks again when a server that did not answer is back. @param error why there is no answer so far. */
export function useServerBack(error: unknown, again: () => unknown): void {
  const isUp = health.value === 'up';
  useEffect(() => {
    if (isUp && error instanceof ConnectionError) again();
  }, [isUp]);
}

/**
 * Asks when the view appears, when one of `inputs` changes, when somebody looks at the tab again, when what it shows may be old, and when a
 * server that did not answer is back. An answer that comes too late is dropped.
 * @param ask must end with its signal. Its answer is JSON.
 */
export function useAsked<T>(
  ask: (signal: AbortSignal) => Promise<T>,
  inputs: readonly (string | number | null | undefined)[],
  { isLasting = false }: AskedOptions = {},
): Asked<T> {
  const [state, setState] = useState<State<T>>({ of: '' });
  const [round, setRound] = useState(0);
  const asked = useRef({ atMs: 0, isOpen: false });
  const waiting = useRef<(() => void)[]>([]);
  const settle = () => {
    for (const resolve of waiting.current.splice(0)) resolve();
  };
  const of = JSON.stringify(inputs);
  // `inputs` say when to ask; `ask` is new with every draw.
  useEffect(() => {
    const controller = new AbortController();
    const end = (next: (before: State<T>) => State<T>) => {
      if (controller.signal.aborted) return;
      asked.current.isOpen = false;
      setState(next);
      settle();
    };
    asked.current = { atMs: performance.now(), isOpen: true };
    ask(controller.signal).then(
      (value) => end((before) => answered(before, of, value)),
      (error: unknown) => end((before) => failed(before, of, error)),
    );
    return () => controller.abort();
  }, [of, round]);
  useEffect(() => settle, []);
  const again = useCallback(
    () =>
      new Promise<void>((resolve) => {
        waiting.current.push(resolve);
        setRound((before) => before + 1);
      }),
    [],
  );
  useServerBack(state.error, again);
  const changes = outdated.value;
  const known = useRef(changes);
  useEffect(() => {
    if (isLasting || known.current === changes) return;
    known.current = changes;
    // A tab that nobody sees asks when somebody looks.
    if (document.hidden) asked.current = { atMs: Number.NEGATIVE_INFINITY, isOpen: false };
    else void again();
  }, [changes]);
  useEffect(() => {
    if (isLasting) return undefined;
    const look = () => {
      const { atMs, isOpen } = asked.current;
      if (document.hidden || isOpen || performance.now() - atMs < LOOK_AGAIN_MS) return;
      asked.current = { atMs: performance.now(), isOpen: true };
      void again();
    };
    document.addEventListener('visibilitychange', look);
    addEventListener('focus', look);
    return () => {
      document.removeEventListener('visibilitychange', look);
      removeEventListener('focus', look);
    };
  }, [isLasting]);
  const isOld = state.of !== of;
  return { value: isOld ? undefined : state.value, error: isOld ? undefined : state.error, again };
}
