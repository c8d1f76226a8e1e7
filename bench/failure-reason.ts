// Finds out why a process ended, from what it wrote: the error's own line, not the stack below it.

import { present } from '../core/present.ts';

/** A line that an uncaught error begins with, as Node and Python print it. */
const ERROR_LINE = /^(?:Uncaught )?[\w.]*(?:Error|Exception)(?: \[[\w-]+\])?: .+$/gm;

/** The line of the last error in the output, or else its last line; empty where there is no output. */
export function failureReason(output: string): string {
  return output.match(ERROR_LINE)?.at(-1) ?? present(output.trim().split('\n').at(-1), 'a last line');
}
