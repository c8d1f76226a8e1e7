// Serves an app on a Node socket, and stops without cutting off requests in progress.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { getRequestListener } from '@hono/node-server';
import compression from 'compression';
import { FoveaError } from '../core/errors/errors.ts';
import type { Connection } from './deps/connection.ts';
import { retryHeaders, toErrorBody } from './http/error-response.ts';
import { answerRefusal, refuseUnread } from './http/refuse-unread.ts';

/** The app, and the address on which it is served. */
export interface StartServerOptions {
  readonly app: {
    readonly fetch: (
      request: Request,
      env: { readonly connection: Connection },
    ) => Response | Promise<Response>;
  };
  /** An address of this machine; `127.0.0.1` is reachable from this machine alone. */
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  /** How long everything is still answered after {@link RunningServer.stop}, in milliseconds. Default: 0. */
  readonly drainMs?: number | undefined;
  /** How long running requests may take after that, in milliseconds. Default: {@link DEFAULT_GRACE_MS}. */
  readonly graceMs?: number | undefined;
  /** Waits until the draining is over; default: a timer. */
  readonly wait?: (ms: number) => Promise<unknown>;
}

/** A server that takes requests. */
export interface RunningServer {
  /** E.g. `http://127.0.0.1:8787`. */
  readonly url: string;
  readonly port: number;
  /**
   * For `drainMs` all requests are answered as before, each with `Connection: close`, so that clients go elsewhere. Then the port is
   * closed, requests that still come are refused with `server-stopping`, and running ones have `graceMs` until their connections are cut.
   */
  stop(): Promise<void>;
}

/** Smaller answers would hardly become shorter: a packet of the network takes some 1400 bytes. */
const COMPRESSED_FROM_BYTES = 1400;
/** Compresses text, but for parts of files and for events, which must not wait for each other. */
const compress = compression({
  threshold: COMPRESSED_FROM_BYTES,
  filter: (request, response) =>
    response.statusCode !== PARTIAL_CONTENT &&
    !hasType(response, 'text/event-stream') &&
    // Weights hardly shrink, and who downloads them wants to know their length.
    !hasType(response, 'application/octet-stream') &&
    (hasType(response, METRICS_TYPE) || compression.filter(request, response)),
});
const PARTIAL_CONTENT = 206;
/** Text, although its name does not say so. */
const METRICS_TYPE = 'application/openmetrics-text';
const hasType = (response: ServerResponse, type: string) =>
  String(response.getHeader('Content-Type')).startsWith(type);
/** Longer than the 60 seconds after which load balancers give up a connection that is not used, so that never both ends do at once. */
const KEEP_ALIVE_MS = 75_000;
/** Less than the 10 seconds after which Docker kills a container that it stops. */
export const DEFAULT_GRACE_MS = 8000;

/**
 * Starts serving; resolves when the port is open.
 * @throws Node's own error where the port cannot be opened (`EADDRINUSE`, `EACCES`).
 */
export async function startServer(options: StartServerOptions): Promise<RunningServer> {
  const { app, host, drainMs = 0, graceMs = DEFAULT_GRACE_MS, wait = sleep } = options;
  let state: 'serving' | 'draining' | 'closing' = 'serving';
  const unanswered = new Set<ServerResponse>();
  const connectionOf = createConnections();
  const listener = getRequestListener(
    (request, { outgoing }) => app.fetch(request, { connection: connectionOf(outgoing as ServerResponse) }),
    { hostname: host, errorHandler: refuse },
  );
  // Node's own refusal of a request without a Host has no body.
  const server = createServer({ requireHostHeader: false }, (incoming, outgoing) => {
    if (lacksHost(incoming)) return answerRefusal(outgoing, namesNoUrl('it has no Host'));
    if (state === 'closing') return answerRefusal(outgoing, stopping());
    if (state === 'draining') outgoing.setHeader('Connection', 'close');
    unanswered.add(outgoing);
    outgoing.once('close', () => unanswered.delete(outgoing));
    compress(incoming, outgoing, () => void listener(incoming, outgoing));
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  refuseUnread(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    async stop() {
      state = 'draining';
      for (const outgoing of unanswered) {
        if (!outgoing.headersSent) outgoing.setHeader('Connection', 'close');
      }
      if (drainMs > 0) await wait(drainMs);
      state = 'closing';
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const forced = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      clearTimeout(forced);
    },
  };
}

/** Makes what the app sees of connections. One that is kept serves several requests, so each begins where the one before ended. */
function createConnections(): (outgoing: ServerResponse) => Connection {
  const counted = new WeakMap<Socket, { readonly read: number; readonly written: number }>();
  return (outgoing) => {
    const { socket } = outgoing.req;
    const before = counted.get(socket) ?? { read: 0, written: 0 };
    return {
      onAnswered(tell) {
        const end = () => {
          const { bytesRead, bytesWritten } = socket;
          counted.set(socket, { read: bytesRead, written: bytesWritten });
          tell({
            bytesIn: bytesRead - before.read,
            bytesOut: bytesWritten - before.written,
            isWhole: outgoing.writableFinished,
          });
        };
        // The client may have gone while its request was worked on.
        if (outgoing.closed) end();
        else outgoing.once('close', end);
      },
    };
  };
}

/** HTTP/1.0 has no Host; a request of that version is served under the server's own address. */
const lacksHost = ({ headers, httpVersion }: IncomingMessage) =>
  headers.host === undefined && httpVersion !== '1.0';

/** Answers a request that names no URL (an invalid Host, a target that is not a path), before any app sees it. */
function refuse(error: unknown): Response {
  const refused = namesNoUrl(error instanceof Error ? error.message : 'it cannot be read');
  return Response.json(toErrorBody(refused), { status: 400, headers: retryHeaders(refused.code) });
}

const stopping = () =>
  new FoveaError(
    'server-stopping',
    'The server is stopping and begins nothing new. Send the request again: another server, or the next start of this one, answers it.',
  );

const namesNoUrl = (reason: string) =>
  new FoveaError(
    'request-invalid',
    `The request names no URL: ${reason}. Send a path that starts with "/" and the server's own Host.`,
  );
