// Webhooks of a server that is a process of its own, and is killed: what ends meanwhile is told after its next start.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { createJobStore } from '../../core/job/record/job-store.ts';
import { createFilesystemStore } from '../../core/storage/drivers/filesystem.ts';
import { newJob } from '../support/new-job.ts';
import { type Received, startReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';

const FOVEA = fileURLToPath(new URL('../../bin/fovea.mjs', import.meta.url));
const TIMEOUT_MS = 120_000;

let dataDir: string;
let receiver: WebhookReceiver;
let server: ChildProcess;

/** Starts a server. @returns the address of its API. */
async function start(): Promise<string> {
  const args = [FOVEA, 'start', '--data', dataDir, '--port', '0', '--webhook-receivers', 'any'];
  server = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  let output = '';
  for await (const chunk of server.stdout as NodeJS.ReadableStream) {
    output += chunk;
    const [, url] = /API +(http:\S+\/v1)/.exec(output) ?? [];
    if (url !== undefined) return url;
  }
  throw new Error(`The server ended: ${output}`);
}

async function end(signal: NodeJS.Signals): Promise<void> {
  const exit = once(server, 'exit');
  server.kill(signal);
  await exit;
}

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(os.tmpdir(), 'fovea-webhooks-'));
  receiver = await startReceiver();
});
afterAll(async () => {
  if (server.exitCode === null && server.signalCode === null) await end('SIGTERM');
  await receiver.stop();
  await rm(dataDir, { recursive: true, force: true });
});

it('are told of jobs that end while the server runs, and while it is dead', {
  timeout: TIMEOUT_MS,
}, async () => {
  const jobs = createJobStore({ store: createFilesystemStore({ root: dataDir }), now: Date.now });
  const endJob = async () => {
    const { id } = await jobs.create(newJob());
    await jobs.requestCancel(id);
    return id;
  };
  const url = await start();
  const made = await fetch(`${url}/webhooks`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ url: receiver.url, events: ['fine_tuning.job.cancelled'] }),
  });
  const { secret } = (await made.json()) as { secret: string };
  const told = () =>
    receiver.received.map(
      ({ body, headers }: Received) =>
        (new Webhook(secret).verify(body, headers) as { data: { id: string } }).data.id,
    );
  const whileAlive = await endJob();
  await vi.waitFor(() => expect(told()).toEqual([whileAlive]), { timeout: TIMEOUT_MS, interval: 100 });
  await end('SIGKILL');
  const whileDead = await endJob();
  await start();
  await vi.waitFor(() => expect(told()).toEqual([whileAlive, whileDead]), {
    timeout: TIMEOUT_MS,
    interval: 100,
  });
});
