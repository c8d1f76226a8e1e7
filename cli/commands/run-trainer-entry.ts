// Runs commands of the trainer in processes of their own, because the command itself knows nothing of TensorFlow.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Runs `batch-job/<entry>.ts` on this terminal; its exit code becomes the command's, 1 where a signal ended it. */
export async function runTrainerEntry(
  entry: 'setup' | 'doctor',
  args: readonly string[] = [],
): Promise<void> {
  const file = fileURLToPath(new URL(`../../batch-job/${entry}.ts`, import.meta.url));
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), file, ...args], {
    stdio: 'inherit',
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  process.exitCode = code ?? 1;
}
