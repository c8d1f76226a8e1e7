// The trainer's image, built from batch-job/Dockerfile as a deployment builds it, for the stand-in's containers.

import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { certificateAuthority } from './base-image.ts';
import { runCommand } from './run-command.ts';

const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));
const CONTEXT = [
  'package.json',
  'package-lock.json',
  '.npmrc',
  '.dockerignore',
  'tsconfig.json',
  'LICENSE',
  'LICENSES',
  'THIRD-PARTY-NOTICES.md',
  'core',
  'batch-job',
];
const TAG = 'fovea-trainer:test';

/**
 * Builds the image; after the first time only what has changed. A certificate authority that npm is configured with goes
 * in by the Dockerfile's own door.
 * @returns its tag.
 */
export async function buildTrainerImage(variant: string): Promise<string> {
  const context = await mkdtemp(path.join(tmpdir(), 'fovea-image-'));
  try {
    for (const name of CONTEXT)
      await cp(path.join(REPOSITORY, name), path.join(context, name), { recursive: true });
    const authority = await certificateAuthority();
    if (authority !== undefined) await cp(authority, path.join(context, 'extra-ca.pem'));
    const args = [
      'build',
      '--network',
      'host',
      '--build-arg',
      `VARIANT=${variant}`,
      '-f',
      'batch-job/Dockerfile',
    ];
    await runCommand('docker', [...args, '-t', TAG, '.'], { cwd: context, env: { DOCKER_BUILDKIT: '0' } });
    return TAG;
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

/** The same image with variables in it, e.g. where the stand-in for AWS is. Takes no time. */
export async function withVariables(
  image: string,
  variables: Readonly<Record<string, string>>,
  tag: string,
): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'fovea-image-'));
  try {
    const lines = Object.entries(variables).map(([name, value]) => `ENV ${name}=${JSON.stringify(value)}`);
    await writeFile(path.join(folder, 'Dockerfile'), [`FROM ${image}`, ...lines].join('\n'));
    await runCommand('docker', ['build', '-t', tag, '.'], { cwd: folder, env: { DOCKER_BUILDKIT: '0' } });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
