// A program of another release of Node, with what it wrote.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const TIMEOUT_MS = 300_000;

export interface Ended {
  /** Null where it was ended, also for taking too long. */
  readonly exitCode: number | null;
  /** Standard output and error together. */
  readonly output: string;
}

/** Runs `node <args>` in the repository, to its end. */
export async function runWith(
  node: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const child = spawn(node, args, {
    cwd: REPOSITORY,
    env: { ...process.env, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (output += text));
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { exitCode, output };
}
