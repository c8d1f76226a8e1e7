// Starts servers over a folder with models, as users do, and reads what their processes hold.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { generateLoad, type LoadOptions, type Sample } from '../../bench/load/generate-load.ts';
import { openObjectStore } from '../../core/storage/drivers/open-object-store.ts';

export interface LoadTest {
  /** Of overload. */
  readonly seconds: number;
  readonly predictions: number;
  readonly swaps: number;
  /** For the data of servers. */
  readonly folder: string;
}

export interface LoadLine {
  readonly what: string;
  readonly found: string;
  readonly allowed: string;
  readonly isRight: boolean;
}

export interface TestServer {
  readonly url: string;
  readonly pid: number;
  /** PSS of the process, in bytes. */
  memoryBytes(): Promise<number>;
  /** Sends SIGTERM and waits for the end. */
  stop(): Promise<void>;
}

const COMMAND = fileURLToPath(new URL('../../bin/fovea.mjs', import.meta.url));
const STARTS_WITHIN_MS = 120_000;

export async function startTestServer(
  dataDir: string,
  port: number,
  args: readonly string[] = [],
): Promise<TestServer> {
  const child = spawn(
    process.execPath,
    [COMMAND, 'start', '--data', dataDir, '--port', String(port), ...args],
    // Its log has a line for each request.
    { stdio: ['ignore', 'ignore', 'ignore'] },
  );
  const exited = once(child, 'exit');
  const url = `http://127.0.0.1:${port}`;
  const began = performance.now();
  while (!(await isReady(url))) {
    if (child.exitCode !== null || performance.now() - began > STARTS_WITHIN_MS) {
      child.kill('SIGKILL');
      throw new Error(`The server over ${dataDir} did not start.`);
    }
    await sleep(50);
  }
  const pid = child.pid as number;
  return {
    url,
    pid,
    memoryBytes: () => memoryOf(pid),
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

export const isReady = (url: string): Promise<boolean> =>
  fetch(`${url}/readyz`).then(
    async (response) => {
      await response.arrayBuffer();
      return response.ok;
    },
    () => false,
  );

/** Unlike RSS it does not count pages that the kernel may take back lazily twice; the children of a server, its trainers, are left out. */
async function memoryOf(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1]) * 1024;
}

export async function openDataFolder(folder: string, name: string) {
  const dataDir = path.join(folder, name);
  await mkdir(dataDir, { recursive: true });
  return { dataDir, store: await openObjectStore(pathToFileURL(dataDir).href) };
}

/** A JPEG of seeded noise over a gradient, some 60 KB at 500 × 375. */
export async function drawPhoto(width: number, height: number, seed: number): Promise<Buffer> {
  const pixels = Buffer.alloc(width * height * 3);
  let state = seed;
  for (let at = 0; at < pixels.length; at += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    pixels[at] = Math.min(255, (((at / 3) % width) * 200) / width + (state >>> 27));
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 90 })
    .toBuffer();
}

export const JPEG = { 'Content-Type': 'image/jpeg' } as const;

export const predictUrl = (server: Pick<TestServer, 'url'>, model: string): URL =>
  new URL(`/v1/models/${model}/predict`, server.url);

export const send = (
  url: LoadOptions['url'],
  bodies: readonly Uint8Array[],
  seconds: number,
  pressure: LoadOptions['pressure'],
  signal?: AbortSignal,
): Promise<Sample[]> =>
  generateLoad({
    url,
    headers: JPEG,
    bodies,
    seconds,
    pressure,
    ...(signal === undefined ? {} : { signal }),
  });

export const mib = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;
export const ms = (value: number): string => `${value.toFixed(1)} ms`;
