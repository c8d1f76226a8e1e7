// A batch on a server on this machine. Its process is killed, then the server with all that belongs to it; the next server goes on.

import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { startTestServer, type TestServer } from '../load/server.ts';
import { findingsOf } from '../scale/write-tiny-pictures.ts';
import { freePort } from '../support/free-port.ts';
import type { AnyJson } from '../support/test-app.ts';
import { problemsOf } from './check-results.ts';

const POLL_MS = 200;
const ASKED = 200;

/** The pictures, and who is told how it goes. */
export interface BatchTest {
  readonly pictures: number;
  readonly say: (text: string) => void;
}

/** @returns what is wrong. */
export async function killServer(data: string, { pictures, say }: BatchTest): Promise<string[]> {
  let server = await startTestServer(data, await freePort());
  const get = async (route: string): Promise<AnyJson> => (await fetch(`${server.url}${route}`)).json();
  const sample = await readFile(`${data}/datasets/tiny/class-0/1.png`);
  const ask = async (): Promise<AnyJson> =>
    (
      await fetch(`${server.url}/v1/models/color/predict`, {
        method: 'POST',
        body: sample,
        headers: { 'content-type': 'image/png' },
      })
    ).json();
  try {
    await ask();
    const idle = await latencies(ask);
    const made = await fetch(`${server.url}/v1/batches`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'color', input_prefix: 'datasets/tiny/' }),
    });
    const batch: AnyJson = await made.json();
    if (made.status !== 200) return [JSON.stringify(batch)];
    say(`the batch is made; it is expected to take ${batch.estimate.seconds.toFixed(0)} s`);
    const answered = async (): Promise<number> => {
      const { request_counts: counts, status } = await get(`/v1/batches/${batch.id}`);
      if (status === 'failed') throw new Error('The batch has failed.');
      return counts.completed + counts.failed;
    };
    const until = async (share: number) => {
      while ((await answered()) < share * pictures) await delay(POLL_MS);
    };
    await until(0.15);
    const from = { answered: await answered(), ms: performance.now() };
    const busy = await latencies(ask);
    await until(0.3);
    const speed = ((await answered()) - from.answered) / ((performance.now() - from.ms) / 1000);
    await killChildrenOf(server);
    say(`the process of the batch is killed after ${await answered()} pictures`);
    await until(0.6);
    await killAll(server);
    say('the server is killed');
    server = await startTestServer(data, await freePort());
    await until(1);
    let end: AnyJson;
    do {
      await delay(POLL_MS);
      end = await get(`/v1/batches/${batch.id}`);
    } while (end.status !== 'completed' && end.status !== 'failed');
    say(
      `${end.status}: ${JSON.stringify(end.request_counts)}, ${end.spent.seconds.toFixed(0)} s of a process, ${speed.toFixed(0)} pictures a second ` +
        `between the kills, which is ${(speed / idle.perSecond).toFixed(1)} times one client of /predict (${idle.perSecond.toFixed(0)}). A prediction ` +
        `took ${idle.medianMs.toFixed(1)} ms (median) before the batch and ${busy.medianMs.toFixed(1)} ms beside it`,
    );
    const results = await (await fetch(`${server.url}/v1/batches/${batch.id}/results`)).text();
    const lines = results.trimEnd().split('\n');
    const problems = problemsOf(lines, pictures, findingsOf(pictures).broken);
    if (end.status !== 'completed') problems.push(`The batch is ${end.status}.`);
    const line: AnyJson = lines
      .map((text) => JSON.parse(text))
      .find(({ key }) => key === 'datasets/tiny/class-0/1.png');
    if (JSON.stringify(line?.predictions) !== JSON.stringify((await ask()).predictions))
      problems.push('A prediction answers otherwise.');
    return problems;
  } finally {
    await killAll(server);
  }
}

async function latencies(ask: () => Promise<unknown>) {
  const times: number[] = [];
  for (let count = 0; count < ASKED; count++) {
    const startedMs = performance.now();
    await ask();
    times.push(performance.now() - startedMs);
  }
  const sum = times.reduce((total, ms) => total + ms, 0);
  return { perSecond: (1000 * ASKED) / sum, medianMs: times.toSorted((a, b) => a - b)[ASKED / 2] ?? 0 };
}

const childrenOf = async (pid: number): Promise<number[]> =>
  (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => ''))
    .split(' ')
    .filter(Boolean)
    .map(Number);

const kill = (pid: number) => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
};

async function killChildrenOf({ pid }: TestServer): Promise<void> {
  for (const child of await childrenOf(pid)) kill(child);
}

/** Kills a server and its batch at the same moment, as a machine that loses its power. */
async function killAll(server: TestServer): Promise<void> {
  const children = await childrenOf(server.pid);
  kill(server.pid);
  for (const child of children) kill(child);
}
