// A copy of the repository, brought up by Compose as a new user would, and ways to kill its containers.

import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { certificateAuthority } from '../support/cloud/base-image.ts';
import { runCommand } from '../support/cloud/run-command.ts';
import { freePort } from '../support/free-port.ts';
import { fetchWithin } from './fetch-within.ts';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const PROJECT = 'fovea-test';
const READY_TRIES = 240;
const READY_TIMEOUT_MS = 5000;

/** The containers of an installation. */
export const SERVICES = ['s3', 'api', 'worker'] as const;
export type Service = (typeof SERVICES)[number];

/** What `access` prints: keys and addresses. */
export type Access = Readonly<Record<string, string | undefined>>;

/** An installation of compose.yaml. */
export interface Installation {
  build(): Promise<void>;
  /** Starts all containers, and waits until the API is ready. */
  up(): Promise<void>;
  down(...options: string[]): Promise<void>;
  access(): Promise<Access>;
  logs(service: Service): Promise<string>;
  /** Kills all processes of a container at once, as a crash does; its restart policy brings it back. */
  kill(service: Service): Promise<void>;
  untilReady(): Promise<void>;
  /** Ends everything that it made. */
  remove(): Promise<void>;
}

/** Copies the repository's files into a new folder. @param compose command and first arguments of Compose. */
export async function openInstallation([command = '', ...first]: readonly string[]): Promise<Installation> {
  const folder = await mkdtemp(path.join(tmpdir(), 'fovea-docker-'));
  const files = await runCommand('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: REPOSITORY,
  });
  for (const file of files.split('\0').filter((name) => name !== '')) {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
    await copyFile(path.join(REPOSITORY, file), path.join(folder, file));
  }
  const authority = await certificateAuthority();
  if (authority !== undefined) await copyFile(authority, path.join(folder, 'extra-ca.pem'));
  // Builds reach package registries as this machine does, also where containers' own network leads nowhere.
  const services = Object.fromEntries(SERVICES.map((name) => [name, { build: { network: 'host' } }]));
  await writeFile(path.join(folder, 'compose.test.json'), JSON.stringify({ services }));
  const [apiPort, s3Port] = [await freePort(), await freePort()];
  const env = {
    COMPOSE_PROJECT_NAME: PROJECT,
    FOVEA_PORT: String(apiPort),
    FOVEA_S3_PORT: String(s3Port),
    DOCKER_BUILDKIT: '0',
  };
  const compose = (...args: readonly string[]) =>
    runCommand(command, [...first, '-f', 'compose.yaml', '-f', 'compose.test.json', ...args], {
      cwd: folder,
      env,
    });
  const containerOf = async (service: Service) => (await compose('ps', '-q', service)).trim();
  const inspect = async (container: string, format: string) =>
    (await runCommand('docker', ['inspect', '--format', format, container])).trim();

  async function untilReady(): Promise<void> {
    for (let i = 0; i < READY_TRIES; i++) {
      const answer = await fetchWithin(READY_TIMEOUT_MS, `http://127.0.0.1:${apiPort}/readyz`);
      if (answer?.ok) return;
      await sleep(500);
    }
    throw new Error(
      `The API did not get ready.\n${await compose('ps')}\n${await compose('logs', '--tail', '50')}`,
    );
  }

  return {
    build: async () => void (await compose('build')),
    async up() {
      await compose('up', '-d', '--no-build');
      await untilReady();
    },
    down: async (...options) => void (await compose('down', ...options)),
    async access() {
      const lines = await compose('exec', '-T', 'api', 'access');
      return Object.fromEntries(
        [...lines.matchAll(/^export (\w+)='(.*)'$/gm)].map(([, name = '', value = '']) => [name, value]),
      );
    },
    logs: (service) => compose('logs', '--no-color', service),
    async kill(service) {
      const container = await containerOf(service);
      const before = await inspect(container, '{{.RestartCount}}');
      process.kill(Number(await inspect(container, '{{.State.Pid}}')), 'SIGKILL');
      while ((await inspect(container, '{{.RestartCount}} {{.State.Running}}')) === `${before} true`)
        await sleep(50);
      while ((await inspect(container, '{{.State.Running}}')) !== 'true') await sleep(50);
    },
    untilReady,
    async remove() {
      await compose('down', '-v', '--timeout', '5');
      await rm(folder, { recursive: true, force: true });
    },
  };
}
