// Serves an app on a Node socket, and ends without cutting off who is being served.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { FoveaError } from '../core/errors.ts';
import { toErrorBody } from './http/error-response.ts';

export interface StartServerOptions {
  readonly app: { readonly fetch: (request: Request) => Response | Promise<Response> };
  /** An address of this machine; `127.0.0.1` is reachable from this machine alone. */
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** How long running requests may take after {@link RunningServer.stop}, in milliseconds. */
  readonly graceMs?: number;
}

export interface RunningServer {
  /** E.g. `http://127.0.0.1:8787`. */
  readonly url: string;
  readonly port: number;
  /** Takes no new requests, lets running ones end within the grace, then closes their connections. */
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
  const server = createServer((incoming, outgoing) => void listener(incoming, outgoing));
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

/** Answers a request that names no URL (no or a broken Host, a target that is no path), before any app sees it. */
function refuse(error: unknown): Response {
  const reason = error instanceof Error ? error.message : 'it cannot be read';
  const refused = new FoveaError(
    'request-invalid',
    `The request names no URL: ${reason}. Send a path that starts with "/" and the server's own Host.`,
  );
  return Response.json(toErrorBody(refused), { status: 400 });
}
