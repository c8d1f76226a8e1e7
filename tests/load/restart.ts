// Two servers over one data folder, restarted one after the other under steady load, behind what a load balancer does: it asks `/readyz`
// and sends requests to those that are ready.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Sample } from '../../bench/load/generate-load.ts';
import { colorPicture, commitColorModel } from '../support/color-model.ts';
import { freePort } from '../support/free-port.ts';
import {
  isReady,
  type LoadLine,
  type LoadTest,
  openDataFolder,
  predictUrl,
  send,
  startTestServer,
} from './server.ts';

const PER_SECOND = 50;
const POLL_MS = 200;
/** Longer than the balancer takes to notice. */
const DRAIN_SECONDS = 3;
const MODEL = 'color';

export async function runRestart({ folder }: LoadTest): Promise<LoadLine[]> {
  const { dataDir, store } = await openDataFolder(folder, 'restart');
  await commitColorModel(store);
  const start = (port: number) => startTestServer(dataDir, port, ['--drain', String(DRAIN_SECONDS)]);
  const ports = [await freePort(), await freePort()];
  const servers = await Promise.all(ports.map(start));
  const over = new AbortController();
  const balancer = createBalancer(
    servers.map(({ url }) => url),
    over.signal,
  );
  await balancer.poll();
  const picture = await colorPicture('red', 'jpeg');
  const load = send(
    () => predictUrl({ url: balancer.next() }, MODEL),
    [picture],
    Number.POSITIVE_INFINITY,
    { perSecond: PER_SECOND },
    over.signal,
  );
  await sleep(1000);
  for (const [index, port] of ports.entries()) {
    await servers[index]?.stop();
    servers[index] = await start(port);
    // Until the balancer has noticed.
    await sleep(5 * POLL_MS);
  }
  over.abort();
  const samples = await load;
  await Promise.all(servers.map((server) => server.stop()));
  const lost = samples.filter(({ status }) => status !== 200);
  return [
    {
      what: 'requests lost in a rolling restart',
      found: `${lost.length} of ${samples.length} ${describe(lost)}`.trim(),
      allowed: 'none',
      isRight: lost.length === 0 && samples.length > 0,
    },
  ];
}

const describe = (lost: readonly Sample[]) =>
  [...new Set(lost.map(({ status, failure }) => failure ?? String(status)))].join(', ');

function createBalancer(urls: readonly string[], signal: AbortSignal) {
  let ready: readonly string[] = [];
  let turn = 0;
  const ask = async () => {
    const states = await Promise.all(urls.map(isReady));
    ready = urls.filter((_, index) => states[index]);
  };
  const poll = async () => {
    while (!signal.aborted) {
      await sleep(POLL_MS);
      await ask();
    }
  };
  return {
    async poll() {
      await ask();
      void poll();
    },
    next(): string {
      turn += 1;
      return ready[turn % ready.length] ?? urls[turn % urls.length] ?? '';
    },
  };
}
