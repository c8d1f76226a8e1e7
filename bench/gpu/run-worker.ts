// Runs a measurement in a process of its own: passes on its lines as they come, and ends it after its time.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A figure, or another line that the process printed. */
export type Line = Readonly<Record<string, unknown>> | string;

/** The time limit of the process, its environment, and who gets its lines. */
export interface RunWorkerOptions {
  readonly timeoutMs: number;
  readonly env: NodeJS.ProcessEnv;
  readonly onLine: (line: Line) => void;
}

const KEPT_ERRORS = 12;

/** Runs a process to its end, and gives all its lines. Of one that fails, the last lines of stderr are passed on, too. */
export async function runWorker(
  [command = '', ...args]: readonly string[],
  { timeoutMs, env, onLine }: RunWorkerOptions,
): Promise<readonly Line[]> {
  // A group of its own, so that the processes that it has started end with it.
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) =>
      resolve(code === 0 ? '' : `ended by ${signal ?? `exit code ${code}`}`),
    );
  });
  const end = () => child.pid !== undefined && child.exitCode === null && process.kill(-child.pid, 'SIGKILL');
  const timer = setTimeout(end, timeoutMs);
  process.once('exit', end);
  const errors: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => errors.push(line));
  const lines: Line[] = [];
  for await (const text of createInterface({ input: child.stdout })) {
    const line = parseLine(text);
    lines.push(line);
    onLine(line);
  }
  const problem = await ended;
  clearTimeout(timer);
  process.off('exit', end);
  if (problem !== '') onLine([problem, ...errors.slice(-KEPT_ERRORS)].join('\n  '));
  return lines;
}

function parseLine(text: string): Line {
  try {
    return JSON.parse(text) as Line;
  } catch {
    return text;
  }
}
