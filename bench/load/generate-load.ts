// Sends requests to a server at a given pressure and measures what comes back. Knows no contender and no model.

import http from 'node:http';

/** What is sent, and how hard. */
export interface LoadOptions {
  /** Where to, or a function that says so for each request. */
  readonly url: URL | (() => URL);
  readonly headers: Readonly<Record<string, string>>;
  /** Bodies, sent in turn. At least one. */
  readonly bodies: readonly Uint8Array[];
  /** How long requests are begun, in seconds. Those under way are waited for. */
  readonly seconds: number;
  /**
   * `clients` (closed loop): so many connections, each of which asks again as soon as it has its answer. `perSecond` (open loop): requests
   * begin by the clock, whether or not earlier ones are answered, each on a free connection or a new one.
   */
  readonly pressure: { readonly clients: number } | { readonly perSecond: number };
  /** Ends the load early. */
  readonly signal?: AbortSignal;
}

/** One request: when it was due and when its answer was whole, in milliseconds since the load began. */
export interface Sample {
  readonly startedMs: number;
  readonly endedMs: number;
  /** 0 where the connection failed. */
  readonly status: number;
  /** Node's code of a failed connection, e.g. `ECONNRESET`. */
  readonly failure?: string;
}

/** What a load comes to. */
export interface LoadSummary {
  /** Answers with status 200, a second, over the time in which requests were begun. */
  readonly perSecond: number;
  /** Milliseconds from when a request was due to its whole answer, of answers with status 200. */
  readonly p50: number;
  readonly p99: number;
  /** Requests by status; 0 for failed connections. */
  readonly statuses: ReadonlyMap<number, number>;
}

/** Sends requests until the time is over, and gives a sample of each. It never throws for what a server does. */
export async function generateLoad(options: LoadOptions): Promise<Sample[]> {
  const { pressure, seconds, bodies, signal } = options;
  const clients = 'clients' in pressure ? pressure.clients : Number.POSITIVE_INFINITY;
  const agent = new http.Agent({ keepAlive: true, maxSockets: clients, maxFreeSockets: 4096 });
  const samples: Sample[] = [];
  const began = performance.now();
  const sinceBegan = () => performance.now() - began;
  const isOver = () => sinceBegan() >= seconds * 1000 || signal?.aborted === true;
  let sent = 0;
  const sendNext = async (startedMs: number) => {
    const body = bodies[sent++ % bodies.length] ?? new Uint8Array();
    const answer = await send(options, agent, body);
    samples.push({ startedMs, endedMs: sinceBegan(), ...answer });
  };
  if ('clients' in pressure) {
    const loop = async () => {
      while (!isOver()) await sendNext(sinceBegan());
    };
    await Promise.all(Array.from({ length: pressure.clients }, loop));
  } else {
    const underWay = new Set<Promise<void>>();
    const stepMs = 1000 / pressure.perSecond;
    for (let dueMs = 0; !isOver(); dueMs += stepMs) {
      const waitMs = dueMs - sinceBegan();
      if (waitMs > 1) await new Promise((resolve) => setTimeout(resolve, waitMs));
      // A request counts from when it was due: a generator that is late must not hide that a server is.
      const request = sendNext(dueMs).finally(() => underWay.delete(request));
      underWay.add(request);
    }
    await Promise.all(underWay);
  }
  agent.destroy();
  return samples;
}

function send(
  { url, headers }: LoadOptions,
  agent: http.Agent,
  body: Uint8Array,
): Promise<Pick<Sample, 'status' | 'failure'>> {
  return new Promise((resolve) => {
    const fail = (error: NodeJS.ErrnoException) =>
      resolve({ status: 0, failure: error.code ?? error.message });
    const request = http.request(typeof url === 'function' ? url() : url, {
      method: 'POST',
      agent,
      headers: { ...headers, 'Content-Length': body.byteLength },
    });
    request.on('error', fail);
    request.on('response', (response) => {
      response.on('error', fail);
      response.on('end', () => resolve({ status: response.statusCode ?? 0 }));
      response.resume();
    });
    request.end(body);
  });
}

/** The value below which a share of sorted values lies (nearest rank); NaN of none. */
export const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;

/** Sums samples up. @param seconds how long requests were begun. */
export function summarizeLoad(samples: readonly Sample[], seconds: number): LoadSummary {
  const answered = samples.filter(({ status }) => status === 200);
  const times = answered.map(({ startedMs, endedMs }) => endedMs - startedMs).sort((a, b) => a - b);
  const statuses = new Map<number, number>();
  for (const { status } of samples) statuses.set(status, (statuses.get(status) ?? 0) + 1);
  return {
    perSecond: answered.filter(({ endedMs }) => endedMs <= seconds * 1000).length / seconds,
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
    statuses,
  };
}
