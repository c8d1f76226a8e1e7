// The places that the commands are tried on: a server that `fovea up` starts, the containers of compose.yaml, and the function under AWS's
// runtime over a stand-in for AWS, with a worker that trains.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { environment } from '../../core/environment.ts';
import { findEngine } from '../docker/engine.ts';
import { fetchWithin } from '../docker/fetch-within.ts';
import { openInstallation } from '../docker/installation.ts';
import type { BundledCommand } from '../support/bundled-command.ts';
import { freePort } from '../support/free-port.ts';
import { startFunction } from '../support/lambda/start-function.ts';

/** A server that the commands ask. */
export interface Place {
  readonly url: string;
  readonly key: string;
  close(): Promise<void>;
}

/** A place, or why it is not to be had. */
export type PlaceOrReason = Place | string;

const KEY = 'the-key-of-the-commands';
const READY_MS = 60_000;

/** The places by name, in the order in which they are tried. */
export const PLACES: Readonly<
  Record<
    string,
    { readonly title: string; readonly open: (command: BundledCommand) => Promise<PlaceOrReason> }
  >
> = {
  machine: { title: 'on this machine', open: openMachine },
  docker: { title: 'in Docker', open: openDocker },
  aws: { title: 'over a stand-in for AWS', open: openAws },
};

/** A program that runs in the background of a shell until it is told to end. */
function startInBackground(command: BundledCommand, line: string, env: Readonly<Record<string, string>>) {
  const ended = command.shell(`echo $$ >background.pid; exec ${line}`, env);
  return async () => {
    const pid = Number(await readFile(path.join(command.folder, 'background.pid'), 'utf8'));
    try {
      process.kill(pid, 'SIGTERM');
    } catch {
      // It has ended by itself.
    }
    return ended;
  };
}

async function openMachine(command: BundledCommand): Promise<PlaceOrReason> {
  const port = await freePort();
  const stop = startInBackground(command, `fovea up --port ${port} --data served`, {
    [environment.apiKey]: KEY,
  });
  const url = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + READY_MS;
  while ((await fetchWithin(1000, `${url}/readyz`))?.ok !== true) {
    if (Date.now() < deadline) continue;
    const { stdout, stderr } = await stop();
    throw new Error(`fovea up did not get ready: ${stdout}${stderr}`);
  }
  return { url, key: KEY, close: async () => void (await stop()) };
}

async function openDocker(): Promise<PlaceOrReason> {
  const engine = await findEngine();
  if (typeof engine === 'string') return engine;
  const installation = await openInstallation(engine.compose);
  const close = async () => {
    await installation.remove();
    await engine.stop();
  };
  try {
    await installation.build();
    await installation.up();
    const { FOVEA_URL: url = '', FOVEA_API_KEY: key = '' } = await installation.access();
    return { url, key, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openAws(command: BundledCommand): Promise<PlaceOrReason> {
  const api = await startFunction({ tester: KEY }, { [environment.queue]: 'workers' });
  if (api.url === undefined) return api.reason;
  const stop = startInBackground(
    command,
    `fovea worker --store ${api.storeUrl} --poll 1`,
    api.storeEnvironment,
  );
  return {
    url: api.url,
    key: KEY,
    async close() {
      await stop();
      await api.stop();
    },
  };
}
