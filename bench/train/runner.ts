// A worker process and its line protocol: it reads a number of steps in a line, and answers with a line that says what they
// took.

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { failureReason } from '../failure-reason.ts';

/** What a worker reported for one turn. */
export interface Timing {
  readonly seconds: number;
  /** The processor time of all threads together. */
  readonly processorSeconds: number;
  readonly peakBytes: number;
}

/** A running worker that times training steps. */
export interface Runner {
  readonly name: string;
  /** Seconds from the process's start to the end of its first step, loading and building included. */
  readonly firstStepSeconds: number;
  readonly run: (steps: number) => Promise<Timing>;
  readonly stop: () => void;
}

/**
 * Starts a worker process and waits for its first step.
 *
 * @returns undefined where its first step fails, with the reason printed.
 */
export async function startRunner(
  name: string,
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Runner | undefined> {
  const child: ChildProcess = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  const errors: string[] = [];
  child.stderr?.on('data', (data: Buffer) => errors.push(data.toString()));
  const failed = new Promise<undefined>((resolve) => {
    child.on('error', () => resolve(undefined));
    // At `exit`, its last output may not have been read yet.
    child.on('close', (code, signal) => {
      errors.push(`\nIt ended by ${signal ?? `exit code ${code}`}.`);
      resolve(undefined);
    });
  });
  if (child.stdout === null || child.stdin === null) return undefined;
  const { stdin } = child;
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const line = await Promise.race([lines.next(), failed]);
    return line === undefined || line.done === true ? undefined : JSON.parse(line.value);
  };
  const first = (await next()) as { readonly firstStepSeconds: number } | undefined;
  if (first === undefined) {
    console.warn(`Skipped: ${name}. ${failureReason(errors.join(''))}`);
    return undefined;
  }
  return {
    name,
    firstStepSeconds: first.firstStepSeconds,
    async run(steps) {
      stdin.write(`${steps}\n`);
      const timing = (await next()) as Timing | undefined;
      if (timing === undefined) throw new Error(`${name} ended: ${errors.join('')}`);
      return timing;
    },
    stop: () => void child.kill(),
  };
}
