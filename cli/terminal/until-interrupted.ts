// Notices that the user wants the command to end: by SIGINT (Ctrl-C) or SIGTERM, and by SIGHUP where the terminal is closed.

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
type InterruptingSignal = (typeof SIGNALS)[number] | 'SIGHUP';
/** Exit codes as shells use them: 128 plus the signal's number. */
const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const satisfies Record<
  InterruptingSignal,
  number
>;

/** A signal told the command to end before it was done. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
  readonly exitCode: number;

  constructor(signal: InterruptingSignal) {
    super(`The command was interrupted by ${signal}.`);
    this.exitCode = EXIT_CODES[signal];
  }
}

/** A signal that the command waits for. */
export interface Interruption {
  /** Aborted at the first signal, with an {@link InterruptedError}. */
  readonly signal: AbortSignal;
  /** Gives signals back the meaning that they have to Node. */
  stopListening(): void;
}

/**
 * Listens for the first signal; a second one ends the process at once, as if nobody listened.
 * @param hangup whether to listen for SIGHUP, too. Otherwise it ends the process at once, also under nohup, whose effect Node undoes.
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

/** Ignores that a closed terminal takes no more output, so that the job can still be cancelled. */
function outliveTerminal(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  // The shell may send a second one, and the kernel one of its own.
  process.on('SIGHUP', () => undefined);
}

/** Resolves at the first SIGINT or SIGTERM. */
export function untilInterrupted(): Promise<void> {
  return new Promise((resolve) => {
    listenForInterruption().signal.addEventListener('abort', () => resolve());
  });
}
