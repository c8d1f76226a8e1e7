// What a view asks the API for once, and again when something changes.

import { useCallback, useEffect, useState } from 'preact/hooks';
import { ConnectionError } from '../../../client/api-error.ts';
import { health } from '../state/session.ts';

/** What was asked for. */
export interface Asked<T> {
  readonly value: T | undefined;
  readonly error: unknown;
  /** Asks again; what was known stays until then. */
  readonly again: () => void;
}

/**
 * Asks when the view appears, when one of `inputs` changes, and when a server that did not answer is back. An answer that comes too late is
 * dropped.
 * @param ask must end with its signal.
 */
export function useAsked<T>(
  ask: (signal: AbortSignal) => Promise<T>,
  inputs: readonly (string | number | null | undefined)[],
): Asked<T> {
  const [state, setState] = useState<{ readonly of: string; readonly value?: T; readonly error?: unknown }>({
    of: '',
  });
  const [round, setRound] = useState(0);
  const of = JSON.stringify(inputs);
  // `inputs` say when to ask; `ask` is new with every draw.
  useEffect(() => {
    const controller = new AbortController();
    ask(controller.signal).then(
      (value) => {
        if (!controller.signal.aborted) setState({ of, value });
      },
      (error: unknown) => {
        if (!controller.signal.aborted) setState({ of, error });
      },
    );
    return () => controller.abort();
  }, [of, round]);
  const again = useCallback(() => setRound((before) => before + 1), []);
  const isUp = health.value === 'up';
  useEffect(() => {
    if (isUp && state.error instanceof ConnectionError) again();
  }, [isUp]);
  const isOld = state.of !== of;
  return { value: isOld ? undefined : state.value, error: isOld ? undefined : state.error, again };
}
