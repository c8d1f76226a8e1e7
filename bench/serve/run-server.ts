// Starts a server of the comparison in a process of its own, and ends it with all that it started.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerProcess } from './contenders.ts';

/** A server that has answered once. */
export interface StartedServer {
  readonly pid: number;
  readonly url: URL;
  /** From the start of the process to its first prediction, in milliseconds. */
  readonly firstAnswerMs: number;
  stop(): Promise<void>;
}

const STARTS_WITHIN_MS = 60_000;
const POLL_MS = 10;
const ENDS_WITHIN_MS = 5000;

/**
 * Starts a server and waits for its first prediction.
 * @throws {Error} where it ends, or gives none within a minute; with what it printed last.
 */
export async function startServer(
  { command, args, env, path }: ServerProcess,
  port: number,
  picture: Uint8Array,
  headers: Readonly<Record<string, string>>,
): Promise<StartedServer> {
  const began = performance.now();
  // A group of its own: workers end with it.
  const child = spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let printed = '';
  const keep = (text: Buffer) => {
    printed = `${printed}${text}`.slice(-2000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const { pid } = child;
  if (pid === undefined) {
    const [error] = (await once(child, 'error')) as [Error];
    throw error;
  }
  const url = new URL(path, `http://127.0.0.1:${port}`);
  while (!(await answers(url, picture, headers))) {
    if (child.exitCode !== null || performance.now() - began > STARTS_WITHIN_MS) {
      endGroup(child, 'SIGKILL');
      throw new Error(`${command} does not answer: ${printed}`);
    }
    await sleep(POLL_MS);
  }
  const firstAnswerMs = performance.now() - began;
  return {
    pid,
    url,
    firstAnswerMs,
    async stop() {
      const exited = once(child, 'exit');
      endGroup(child, 'SIGTERM');
      const killer = setTimeout(() => endGroup(child, 'SIGKILL'), ENDS_WITHIN_MS);
      await exited;
      clearTimeout(killer);
      endGroup(child, 'SIGKILL');
    },
  };
}

const answers = (url: URL, body: Uint8Array, headers: Readonly<Record<string, string>>): Promise<boolean> =>
  fetch(url, { method: 'POST', headers, body: new Uint8Array(body) }).then(
    async (response) => {
      await response.arrayBuffer();
      return response.ok;
    },
    () => false,
  );

function endGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // It has ended already.
  }
}
