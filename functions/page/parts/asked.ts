// What a view asks the API for once, and again when something changes.

import { useCallback, useEffect, useState } from 'preact/hooks';

/** What was asked for. */
export interface Asked<T> {
  readonly value: T | undefined;
  readonly error: unknown;
  /** Asks again; what was known stays until then. */
  readonly again: () => void;
}

/**
 * Asks when the view appears and when one of `inputs` changes. An answer that comes too late is dropped.
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
  const isOld = state.of !== of;
  return { value: isOld ? undefined : state.value, error: isOld ? undefined : state.error, again };
}
