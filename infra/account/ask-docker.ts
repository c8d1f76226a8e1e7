// Asks the engine that builds the trainer's image.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** What a container engine says of itself, or why it says nothing. */
export type DockerFacts =
  | { readonly architecture: string }
  | { readonly isInstalled: boolean; readonly reason: string };

const TIMEOUT_MS = 20_000;

/** Asks the engine that the CDK would use: `docker`, or what CDK_DOCKER names. */
export async function askDocker(command: string): Promise<DockerFacts> {
  try {
    const { stdout } = await promisify(execFile)(command, ['info', '--format', '{{.Architecture}}'], {
      timeout: TIMEOUT_MS,
    });
    return { architecture: stdout.trim() };
  } catch (error) {
    const isInstalled = !(error instanceof Error && 'code' in error && error.code === 'ENOENT');
    const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    return { isInstalled, reason: stderr.split('\n').at(-1) || `${command} info fails` };
  }
}
