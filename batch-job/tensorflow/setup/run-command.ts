// Runs the programs that set-up needs and reads their output by lines. Recognizes a missing program and a full disk.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** The surroundings of a program. */
export interface CommandOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Called with every line of stdout and stderr. */
  readonly onLine?: (line: string) => void;
}

/** How a program ended. */
export interface CommandResult {
  /** null where the program is not on the PATH or was killed. */
  readonly code: number | null;
  /** Whether the program is not on the PATH. */
  readonly missing: boolean;
  /** The last lines of its output. */
  readonly tail: string;
}

const TAIL_LINES = 15;

/** Runs a program to its end. Its failing is a result, not an exception. */
export function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  const { cwd, env, onLine } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const tail: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        tail.push(line);
        if (tail.length > TAIL_LINES) tail.shift();
        onLine?.(line);
      });
    }
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') resolve({ code: null, missing: true, tail: '' });
      else reject(error);
    });
    child.on('close', (code) => resolve({ code, missing: false, tail: tail.join('\n') }));
  });
}

/** Whether a program's output speaks of a full disk. */
export const isDiskFull = (text: string): boolean =>
  /ENOSPC|no space left on device|disk quota exceeded/i.test(text);
