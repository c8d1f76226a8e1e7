// A worker process and its line protocol: one line in (a number of steps), one line out (what they took).

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { failureReason } from '../failure-reason.ts';

/** What a runner reported. */
export interface Timing {
  readonly seconds: number;
  readonly peakBytes: number;
}

/** A running worker that times training steps. */
export interface Runner {
  readonly name: string;
  /** From the process's start to the end of its first step, loading and building included. */
  readonly firstStepSeconds: number;
  readonly run: (steps: number) => Promise<Timing>;
  readonly stop: () => void;
}

/**
 * Starts a runner.
 *
 * @returns undefined, with the reason printed, where it does not get through its first step.
 */
export async function startRunner(
  name: string,
  command: string,
  args: readonly string[],
): Promise<Runner | undefined> {
  const child: ChildProcess = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const errors: string[] = [];
  child.stderr?.on('data', (data: Buffer) => errors.push(data.toString()));
  const failed = new Promise<undefined>((resolve) => {
    child.on('error', () => resolve(undefined));
    // Not `exit`: what it wrote at its end is still to be read then.
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
    console.warn(`Left out: ${name}. ${failureReason(errors.join(''))}`);
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
