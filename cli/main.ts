// The `fovea` command: reads arguments, runs a command, turns errors into a message and an exit code.

import { readFileSync } from 'node:fs';
import { CommanderError } from 'commander';
import { adviceOf, messageOf } from './context/advice.ts';
import { createProgram, type PackageFacts } from './program/create-program.ts';
import { EXIT_CODES, exitCodeOf } from './terminal/exit-codes.ts';

const facts = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as PackageFacts;

/** With `--json` errors are for programs, too. They have the form of the API's. */
function print(error: unknown): void {
  const advice = adviceOf(error);
  const message = [messageOf(error), ...(advice === undefined ? [] : [advice])].join(' ');
  if (!process.argv.includes('--json')) {
    console.error(`fovea: ${message}`);
    return;
  }
  const {
    code = null,
    param = null,
    details,
  } = error as { code?: unknown; param?: unknown; details?: unknown };
  console.error(
    JSON.stringify({ error: { message, code, param, ...(details === undefined ? {} : { details }) } }),
  );
}

// A pipe that is closed, as by `head`, is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT_CODES.done);
  throw error;
});

try {
  await createProgram(facts).parseAsync();
} catch (error) {
  if (error instanceof CommanderError)
    process.exitCode = error.exitCode === 0 ? EXIT_CODES.done : EXIT_CODES.usage;
  else {
    print(error);
    process.exitCode = exitCodeOf(error);
  }
}
