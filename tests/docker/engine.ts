// Finds a Docker engine and Compose, or starts an engine; says what stands for what is not to be had.

import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { baseImageOf, hasImage, standInForGo, standInForNode } from '../support/cloud/base-image.ts';
import { canRun } from '../support/cloud/run-command.ts';

const START_TRIES = 30;

/** What the test runs on. */
export interface Engine {
  /** Command and first arguments of Compose. */
  readonly compose: readonly string[];
  stop(): Promise<void>;
}

/** The engine, or why there is none. */
export async function findEngine(): Promise<Engine | string> {
  const stop = await startEngine();
  if (typeof stop === 'string') return stop;
  const why = await findImages();
  const compose = (await canRun('docker', 'compose', 'version'))
    ? ['docker', 'compose']
    : (await canRun('docker-compose', 'version'))
      ? ['docker-compose']
      : undefined;
  if (why === undefined && compose !== undefined) return { compose, stop };
  await stop();
  return why ?? 'there is no Compose (docker compose version)';
}

async function startEngine(): Promise<(() => Promise<void>) | string> {
  if (await canRun('docker', 'info')) return async () => undefined;
  if (process.getuid?.() !== 0 || !(await canRun('dockerd', '--version')))
    return 'no Docker engine answers (docker info), and none can be started (root, dockerd)';
  const daemon = spawn('dockerd', [], { stdio: 'ignore', detached: true });
  const stop = async () => {
    daemon.kill('SIGTERM');
    while (daemon.exitCode === null && daemon.signalCode === null) await sleep(200);
  };
  for (let i = 0; i < START_TRIES && daemon.exitCode === null; i++) {
    if (await canRun('docker', 'info')) {
      console.log('A Docker engine was started for this test.');
      return stop;
    }
    await sleep(1000);
  }
  await stop();
  return 'dockerd does not start';
}

/** Why a base image is missing, if one is. */
async function findImages(): Promise<string | undefined> {
  const node = await baseImageOf('batch-job/Dockerfile');
  const go = await baseImageOf('docker/s3.Dockerfile', 'GO_BASE');
  for (const [image, make] of [
    [node, () => standInForNode(node)],
    [go, () => standInForGo(go, node)],
  ] as const) {
    if (await hasImage(image)) continue;
    const standIn = await make();
    if (standIn === undefined) return `the image ${image} is neither here nor to be pulled or made`;
    console.log(`For ${image} stands: ${standIn}.`);
  }
  return undefined;
}
