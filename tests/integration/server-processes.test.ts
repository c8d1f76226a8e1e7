// One server as several processes that share a port and a folder.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';

const FOVEA = fileURLToPath(new URL('../../bin/fovea.mjs', import.meta.url));
const TIMEOUT_MS = 120_000;

let dataDir: string;
const started: ChildProcess[] = [];

function start(...args: readonly string[]): ChildProcess {
  const server = spawn(process.execPath, [FOVEA, 'start', '--data', dataDir, '--processes', '2', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(server);
  return server;
}

/** Its address, once it has started. */
function urlOf({ stdout }: ChildProcess): Promise<string> {
  let output = '';
  return new Promise((resolve, reject) => {
    stdout?.on('data', (chunk) => {
      output += chunk;
      const [, url] = /API +(http:\S+)\/v1/.exec(output) ?? [];
      if (url !== undefined) resolve(url);
    });
    stdout?.on('end', () => reject(new Error(`The server ended: ${output}`)));
  });
}

/** The processes that serve, by their numbers. */
function servingOf({ pid }: ChildProcess): number[] {
  return execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim().split(/ +/))
    .filter(([, parent, ...args]) => Number(parent) === pid && args.includes('--processes'))
    .map(([child]) => Number(child));
}

const JSON_POST = { method: 'POST', headers: { 'Content-Type': 'application/json' } } as const;

/** Over a connection of its own, which goes to the next process. */
const ask = (url: string, init: RequestInit = {}) =>
  fetch(url, { ...init, headers: { ...init.headers, Connection: 'close' } });

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(os.tmpdir(), 'fovea-processes-'));
});

afterAll(async () => {
  for (const server of started) server.kill('SIGKILL');
  await rm(dataDir, { recursive: true, force: true });
});

it('processes open the upload links of each other, are replaced when they are lost, and stop together', {
  timeout: TIMEOUT_MS,
}, async () => {
  const server = start('--port', '0');
  const url = await urlOf(server);
  const [lost, other] = servingOf(server);
  const put: number[] = [];
  // Each request goes to the next process, so every link comes to the one that did not make it.
  for (let time = 0; time < 3; time++) {
    const body = JSON.stringify({ bytes: 3, mime_type: 'image/jpeg' });
    const asked = await ask(`${url}/v1/uploads`, { ...JSON_POST, body });
    const link = (await asked.json()) as { url: string; headers: Record<string, string> };
    put.push((await ask(link.url, { method: 'PUT', headers: link.headers, body: 'abc' })).status);
  }
  expect(put).toEqual([200, 200, 200]);
  const countUploads = async () => {
    const text = await (await ask(`${url}/metrics`)).text();
    return Number(/^fovea_requests_total\{operation="createUpload",status="200"\} (\d+)$/m.exec(text)?.[1]);
  };
  // Whichever answers, it tells of all.
  expect([await countUploads(), await countUploads()]).toEqual([3, 3]);
  const listFamilies = async () => (await (await ask(`${url}/metrics`)).text()).match(/(?<=^# TYPE )\S+/gm);
  const families = await listFamilies();
  expect(families).toEqual(expect.arrayContaining(['process_start_time_seconds', 'fovea_jobs']));
  process.kill(lost ?? 0, 'SIGKILL');
  await vi.waitFor(() => expect(servingOf(server)).not.toContain(lost), {
    timeout: TIMEOUT_MS,
    interval: 20,
  });
  // Also while another takes its place.
  expect((await listFamilies())?.toSorted()).toEqual(families?.toSorted());
  await vi.waitFor(
    () => {
      const serving = servingOf(server);
      expect(serving).toHaveLength(2);
      expect(serving).toContain(other);
      expect(serving).not.toContain(lost);
    },
    { timeout: TIMEOUT_MS, interval: 200 },
  );
  expect((await ask(`${url}/healthz`)).status).toBe(200);
  // What the lost one had counted is not lost.
  expect([await countUploads(), await countUploads()]).toEqual([3, 3]);
  const serving = servingOf(server);
  const exit = once(server, 'exit');
  server.kill('SIGTERM');
  expect(await exit).toEqual([0, null]);
  for (const pid of serving) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});

it('stop while they start', { timeout: TIMEOUT_MS }, async () => {
  const server = start('--port', '0');
  const output: string[] = [];
  server.stdout?.on('data', (chunk) => output.push(String(chunk)));
  server.stderr?.on('data', (chunk) => output.push(String(chunk)));
  await vi.waitFor(() => expect(servingOf(server)).not.toEqual([]), { timeout: TIMEOUT_MS, interval: 20 });
  server.kill('SIGTERM');
  expect(await once(server, 'close')).toEqual([0, null]);
  expect(output.join('')).toBe('Stopping …\n');
});

it('say once why they cannot start', { timeout: TIMEOUT_MS }, async () => {
  const server = start('--port', '0', '--host', '192.0.2.1', '--api-keys', path.join(dataDir, 'none.json'));
  let errors = '';
  server.stderr?.on('data', (chunk) => {
    errors += chunk;
  });
  expect(await once(server, 'close')).toEqual([1, null]);
  expect(errors.match(/fovea: /g)).toHaveLength(1);
  expect(errors).toContain('none.json');
});
