// Why a process ended, from what it wrote: the error's own line, not the stack below it.

import { present } from '../core/present.ts';

/** A line that an uncaught error begins with, as Node and Python print it. */
const ERROR_LINE = /^(?:Uncaught )?[\w.]*(?:Error|Exception)(?: \[[\w-]+\])?: .+$/gm;

/** The last error that is told of, or else the last line. */
export function failureReason(output: string): string {
  return output.match(ERROR_LINE)?.at(-1) ?? present(output.trim().split('\n').at(-1), 'a last line');
}
