// Whoever runs the command wants it to end: SIGINT (Ctrl-C) or SIGTERM; SIGHUP where the terminal is closed.

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
type InterruptingSignal = (typeof SIGNALS)[number] | 'SIGHUP';
/** As shells count: 128 and the signal's number. */
const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const satisfies Record<
  InterruptingSignal,
  number
>;

/** The command was told to end before it was done. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
  readonly exitCode: number;

  constructor(signal: InterruptingSignal) {
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

/**
 * Listens for the first signal; a second one ends the process at once, as if nobody listened.
 * @param hangup Whether SIGHUP is one of them. Otherwise it ends the process at once, also under nohup: Node undoes what that does.
 */
export function listenForInterruption({ hangup = false } = {}): Interruption {
  const signals: readonly InterruptingSignal[] = hangup ? [...SIGNALS, 'SIGHUP'] : SIGNALS;
  const controller = new AbortController();
  const stopListening = () => {
    for (const signal of signals) process.off(signal, interrupt);
  };
  const interrupt = (signal: InterruptingSignal) => {
    stopListening();
    if (signal === 'SIGHUP') outliveTerminal();
    controller.abort(new InterruptedError(signal));
  };
  for (const signal of signals) process.on(signal, interrupt);
  return { signal: controller.signal, stopListening };
}

/** A closed terminal takes no more output, which is no reason to end before the job is cancelled. */
function outliveTerminal(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  // The shell's second one, or that of the terminal's kernel beside it.
  process.on('SIGHUP', () => undefined);
}

/** Resolves at the first signal. */
export function untilInterrupted(): Promise<void> {
  return new Promise((resolve) => {
    listenForInterruption().signal.addEventListener('abort', () => resolve());
  });
}
