// Runs commands of the trainer in processes of their own, because the command itself knows nothing of TensorFlow.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { nodeProgram } from '../../core/node-program.ts';

/** Written in full: the bundle of the command has programs of its own in their place. */
const PROGRAMS = {
  setup: new URL('../../batch-job/setup.ts', import.meta.url),
  worker: new URL('../../batch-job/worker.ts', import.meta.url),
};

/** The signals by which systems ask a process to end; a terminal sends its own to all processes on it. */
const FORWARDED = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const;

/**
 * Runs `batch-job/<entry>.ts` on this terminal; its exit code becomes the command's, 1 where a signal ended it. Signals are passed on.
 * @param env further variables of its environment.
 */
export async function runTrainerEntry(
  entry: keyof typeof PROGRAMS,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const child = spawn(process.execPath, [...nodeProgram(fileURLToPath(PROGRAMS[entry])), ...args], {
    // By the channel a worker notices that this process is gone.
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, ...env },
  });
  for (const signal of FORWARDED) process.on(signal, () => void child.kill(signal));
  const [code] = (await once(child, 'exit')) as [number | null];
  process.exitCode = code ?? 1;
}
