// What a command prints, and how: for people, as JSON for programs, or only what a script takes. Answers go to the standard output, all else to
// the standard error.

/** How much a command prints. */
export interface OutputOptions {
  /** Prints the answer as the API gave it. */
  readonly json?: boolean | undefined;
  /** Prints only names or ids. */
  readonly quiet?: boolean | undefined;
}

/** One answer in its three forms. */
export interface Answer {
  /** As the API has it. */
  readonly json: unknown;
  /** For people. */
  readonly text: () => string;
  /** What a script takes: names or ids, one a line; empty prints nothing. */
  readonly short: () => string;
}

/** Where a command prints. */
export interface Output {
  readonly isJson: boolean;
  readonly isQuiet: boolean;
  /** Whether progress is drawn: for people, at a terminal. */
  readonly isDrawing: boolean;
  /** Prints an answer in the form that was asked for. */
  answer(answer: Answer): void;
  /** Prints a line of JSON, with `--json` alone. */
  line(value: unknown): void;
  /** Tells people something beside the answer. */
  note(text: string): void;
}

/** Makes the output of a command. */
export function createOutput({ json = false, quiet = false }: OutputOptions): Output {
  const print = (text: string) => {
    if (text !== '') console.log(text);
  };
  return {
    isJson: json,
    isQuiet: quiet,
    isDrawing: !json && !quiet && process.stdout.isTTY === true,
    answer({ json: value, text, short }) {
      if (json) console.log(JSON.stringify(value));
      else print(quiet ? short() : text());
    },
    line(value) {
      if (json) console.log(JSON.stringify(value));
    },
    note(text) {
      if (!json && !quiet) console.error(text);
    },
  };
}
