// Serves an app on a Node socket, and stops without cutting off requests in progress.

import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { FoveaError } from '../core/errors/errors.ts';
import { retryHeaders, toErrorBody } from './http/error-response.ts';
import { answerRefusal, refuseUnread } from './http/refuse-unread.ts';

/** The app, and the address on which it is served. */
export interface StartServerOptions {
  readonly app: { readonly fetch: (request: Request) => Response | Promise<Response> };
  /** An address of this machine; `127.0.0.1` is reachable from this machine alone. */
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  /** How long running requests may take after {@link RunningServer.stop}, in milliseconds. */
  readonly graceMs?: number;
}

/** A server that takes requests. */
export interface RunningServer {
  /** E.g. `http://127.0.0.1:8787`. */
  readonly url: string;
  readonly port: number;
  /** Takes no new requests, waits for running ones for at most `graceMs`, then closes their connections. */
  stop(): Promise<void>;
}

const DEFAULT_GRACE_MS = 3000;

/**
 * Starts serving; resolves when the port is open.
 * @throws Node's own error where the port cannot be opened (`EADDRINUSE`, `EACCES`).
 */
export async function startServer(options: StartServerOptions): Promise<RunningServer> {
  const { app, host, graceMs = DEFAULT_GRACE_MS } = options;
  const listener = getRequestListener((request) => app.fetch(request), {
    hostname: host,
    errorHandler: refuse,
  });
  // Node's own refusal of a request without a Host has no body.
  const server = createServer({ requireHostHeader: false }, (incoming, outgoing) => {
    if (lacksHost(incoming)) answerRefusal(outgoing, namesNoUrl('it has no Host'));
    else void listener(incoming, outgoing);
  });
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
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const forced = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      clearTimeout(forced);
    },
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

const namesNoUrl = (reason: string) =>
  new FoveaError(
    'request-invalid',
    `The request names no URL: ${reason}. Send a path that starts with "/" and the server's own Host.`,
  );
