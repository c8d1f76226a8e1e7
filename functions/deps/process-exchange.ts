// How the processes of one server tell each other what each knows of itself. Knows neither how they talk nor what they say.

/** What one process has told. */
export interface Told {
  /** As JSON has it. */
  readonly value: unknown;
  /** False where the process is gone or did not answer in time, and this is what it told last. */
  readonly isCurrent: boolean;
}

/** The processes of one server, seen from one of them. */
export interface ProcessExchange {
  /** What the process whose place this one took told last, before it was lost; `undefined` where there was none. */
  readonly inherited: unknown;
  /** Sets what this process tells when one of them asks. */
  answer(tell: () => Promise<unknown>): void;
  /** What each of them tells, this one included. */
  ask(): Promise<readonly Told[]>;
}
