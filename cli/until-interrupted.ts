// Whoever runs the command wants it to end: SIGINT (Ctrl-C) or SIGTERM.

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
/** As shells count: 128 and the signal's number. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** The command was told to end before it was done. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
  readonly exitCode: number;

  constructor(signal: (typeof SIGNALS)[number]) {
    super(`The command was interrupted by ${signal}.`);
    this.exitCode = EXIT_CODES[signal];
  }
}

export interface Interruption {
  /** Aborted at the first signal, with an {@link InterruptedError}. */
  readonly signal: AbortSignal;
  /** Signals mean again what they mean to Node. */
  stopListening(): void;
}

/** Listens for the first signal; a second one ends the process at once, as if nobody listened. */
export function listenForInterruption(): Interruption {
  const controller = new AbortController();
  const stopListening = () => {
    for (const signal of SIGNALS) process.off(signal, interrupt);
  };
  const interrupt = (signal: (typeof SIGNALS)[number]) => {
    stopListening();
    controller.abort(new InterruptedError(signal));
  };
  for (const signal of SIGNALS) process.on(signal, interrupt);
  return { signal: controller.signal, stopListening };
}

/** Resolves at the first signal. */
export function untilInterrupted(): Promise<void> {
  return new Promise((resolve) => {
    listenForInterruption().signal.addEventListener('abort', () => resolve());
  });
}
