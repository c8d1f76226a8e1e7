// Four times as many predictions as the server can make, and a monitor that asks whether it lives.

import { setTimeout as sleep } from 'node:timers/promises';
import { quantile, type Sample, summarizeLoad } from '../../bench/load/generate-load.ts';
import { publishNetwork } from '../../bench/serve/publish-network.ts';
import { freePort } from '../support/free-port.ts';
import {
  drawPhoto,
  type LoadLine,
  type LoadTest,
  ms,
  openDataFolder,
  predictUrl,
  send,
  startTestServer,
} from './server.ts';

const MODEL = 'photos';
const PROBE_MS = 50;
const CLIENTS = 16;
const OVERLOAD = 4;
/** Share of what the server can do at which nobody waits for another. */
const UNLOADED = 0.2;

export async function runOverload({ folder, seconds }: LoadTest): Promise<LoadLine[]> {
  const { dataDir, store } = await openDataFolder(folder, 'overload');
  await publishNetwork(store, { model: MODEL, architecture: 'mobilenet_v2_1.0' });
  const photos = await Promise.all([1, 2, 3, 4].map((seed) => drawPhoto(500, 375, seed)));
  const server = await startTestServer(dataDir, await freePort());
  try {
    const url = predictUrl(server, MODEL);
    await send(url, photos, 3, { clients: CLIENTS });
    const shortly = Math.max(5, seconds / 4);
    const closed = summarizeLoad(await send(url, photos, shortly, { clients: CLIENTS }), shortly);
    const alone = Math.max(10, seconds / 2);
    const unloaded = summarizeLoad(
      await send(url, photos, alone, { perSecond: UNLOADED * closed.perSecond }),
      alone,
    );
    const probe = new AbortController();
    const probes = probeHealth(server.url, probe.signal);
    const samples = await send(url, photos, seconds, { perSecond: OVERLOAD * closed.perSecond });
    probe.abort();
    const healthMs = (await probes).sort((a, b) => a - b);
    const loaded = summarizeLoad(samples, seconds);
    const refused = refusedMs(samples);
    const others = samples.filter(({ status }) => status !== 200 && status !== 503);
    const after = (await send(url, photos, 6, { perSecond: closed.perSecond / 2 })).filter(
      ({ startedMs }) => startedMs > 3000,
    );
    const ratio = loaded.p99 / unloaded.p99;
    const health = quantile(healthMs, 0.99);
    return [
      {
        what: 'admitted p99 at four times saturation',
        found: `${ms(loaded.p99)}, ${ratio.toFixed(2)} × the unloaded ${ms(unloaded.p99)}`,
        allowed: 'at most 2 ×',
        isRight: ratio <= 2,
      },
      {
        what: 'throughput at four times saturation',
        found: `${loaded.perSecond.toFixed(0)} of ${closed.perSecond.toFixed(0)} a second`,
        allowed: 'at least half',
        isRight: loaded.perSecond >= closed.perSecond / 2,
      },
      {
        what: 'everything else is 503',
        found: `${loaded.statuses.get(503) ?? 0} refused, p99 ${ms(quantile(refused, 0.99))}; others: ${others.map(({ status, failure }) => failure ?? status).join(' ') || 'none'}`,
        allowed: 'no others',
        isRight: others.length === 0 && (loaded.statuses.get(503) ?? 0) > 0,
      },
      {
        what: '/healthz p99 meanwhile',
        found: `${ms(health)} of ${healthMs.length}`,
        allowed: 'at most 50 ms',
        isRight: health <= 50,
      },
      {
        what: 'half of what it can do, from three seconds after',
        found: `${after.filter(({ status }) => status === 200).length} of ${after.length} answered`,
        allowed: 'all',
        isRight: after.every(({ status }) => status === 200),
      },
    ];
  } finally {
    await server.stop();
  }
}

const refusedMs = (samples: readonly Sample[]) =>
  samples
    .filter(({ status }) => status === 503)
    .map(({ startedMs, endedMs }) => endedMs - startedMs)
    .sort((a, b) => a - b);

/** Milliseconds of each answer of `/healthz`; infinite where it fails. */
async function probeHealth(url: string, signal: AbortSignal): Promise<number[]> {
  const times: number[] = [];
  while (!signal.aborted) {
    const began = performance.now();
    const isLive = await fetch(`${url}/healthz`).then(
      async (response) => {
        await response.arrayBuffer();
        return response.ok;
      },
      () => false,
    );
    times.push(isLive ? performance.now() - began : Number.POSITIVE_INFINITY);
    await sleep(PROBE_MS);
  }
  return times;
}
