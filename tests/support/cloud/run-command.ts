// Runs a program to its end, and tells what it wrote when it failed.

import { execFile } from 'node:child_process';

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

export interface RunCommandOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly timeoutMs?: number;
}

/** What the program wrote to standard output. Its environment is this process's, with `env` added. */
export function runCommand(
  command: string,
  args: readonly string[],
  { env = {}, cwd, timeoutMs = 0 }: RunCommandOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { env: { ...process.env, ...env }, cwd, timeout: timeoutMs, maxBuffer: MAX_OUTPUT_BYTES };
    execFile(command, [...args], options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else
        reject(
          new Error(
            `${command} ${args.slice(0, 3).join(' ')} … failed: ${error.message}\n${stdout}\n${stderr}`,
          ),
        );
    });
  });
}

/** Whether a program runs and ends well. */
export const canRun = (command: string, ...args: string[]): Promise<boolean> =>
  runCommand(command, args).then(
    () => true,
    () => false,
  );
