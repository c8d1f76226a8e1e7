// Runs commands of the trainer in processes of their own, because the command itself knows nothing of TensorFlow.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** The signals by which systems ask a process to end; a terminal sends its own to all processes on it. */
const FORWARDED = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const;

/**
 * Runs `batch-job/<entry>.ts` on this terminal; its exit code becomes the command's, 1 where a signal ended it. Signals are passed on.
 * @param env further variables of its environment.
 */
export async function runTrainerEntry(
  entry: 'setup' | 'worker',
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const file = fileURLToPath(new URL(`../../batch-job/${entry}.ts`, import.meta.url));
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), file, ...args], {
    // By the channel a worker notices that this process is gone.
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, ...env },
  });
  for (const signal of FORWARDED) process.on(signal, () => void child.kill(signal));
  const [code] = (await once(child, 'exit')) as [number | null];
  process.exitCode = code ?? 1;
}
