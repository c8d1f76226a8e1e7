// Measures one server: start, closed loops, open loops, processor time and memory.

import { generateLoad, type LoadOptions, summarizeLoad } from '../load/generate-load.ts';
import type { ServerProcess } from './contenders.ts';
import { readUsage } from './process-usage.ts';
import { startServer } from './run-server.ts';

/** A load and what it came to. */
export interface LoadResult {
  /** Answers a second. */
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Share of requests that were not answered with 200. */
  readonly refused: number;
}

/** What was measured of one server in one round. */
export interface ServerResult {
  readonly firstAnswerMs: number;
  /** By the number of clients. */
  readonly closed: Readonly<Record<string, LoadResult>>;
  /** By the multiple of the throughput with most clients; absent where no open loop was asked for. */
  readonly open: Readonly<Record<string, LoadResult>>;
  /** Processor time of one prediction with most clients, in milliseconds. */
  readonly processorMs: number;
  /** Memory after the closed loops, in bytes. */
  readonly memoryBytes: number;
}

/** What to send, how long, and in which loops. */
export interface MeasureOptions {
  readonly pictures: readonly Uint8Array[];
  readonly port: number;
  readonly seconds: number;
  readonly clients: readonly number[];
  /** Multiples of the server's own throughput with most clients. */
  readonly multiples: readonly number[];
}

const HEADERS = { 'Content-Type': 'image/jpeg' } as const;
const WARM_UP_SECONDS = 1.5;

/** Starts the server, measures it and ends it. @throws {Error} where it does not start. */
export async function measureServer(server: ServerProcess, options: MeasureOptions): Promise<ServerResult> {
  const { pictures, port, seconds, clients, multiples } = options;
  const [first = new Uint8Array()] = pictures;
  const started = await startServer(server, port, first, HEADERS);
  try {
    const load = async (pressure: LoadOptions['pressure'], length = seconds): Promise<LoadResult> => {
      const samples = await generateLoad({
        url: started.url,
        headers: HEADERS,
        bodies: pictures,
        seconds: length,
        pressure,
      });
      const { perSecond, p50, p99, statuses } = summarizeLoad(samples, length);
      return { perSecond, p50, p99, refused: 1 - (statuses.get(200) ?? 0) / samples.length };
    };
    const most = Math.max(...clients);
    await load({ clients: most }, WARM_UP_SECONDS);
    const closed: Record<string, LoadResult> = {};
    let processorMs = Number.NaN;
    for (const count of clients) {
      const before = await readUsage(started.pid);
      const result = await load({ clients: count });
      const after = await readUsage(started.pid);
      closed[count] = result;
      if (count === most)
        processorMs = (after.processorMs - before.processorMs) / (result.perSecond * seconds);
    }
    const { memoryBytes } = await readUsage(started.pid);
    const open: Record<string, LoadResult> = {};
    const saturation = closed[most]?.perSecond ?? 1;
    for (const multiple of multiples) open[multiple] = await load({ perSecond: multiple * saturation });
    return { firstAnswerMs: started.firstAnswerMs, closed, open, processorMs, memoryBytes };
  } finally {
    await started.stop();
  }
}
