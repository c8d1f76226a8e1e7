// Serves an app on a Node socket, and ends without cutting off who is being served.

import type { Server } from 'node:http';
import { serve } from '@hono/node-server';

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
  const { server, port } = await new Promise<{ server: Server; port: number }>((resolve, reject) => {
    const listening = serve(
      { fetch: (request) => app.fetch(request), hostname: host, port: options.port },
      (address) => {
        listening.off('error', reject);
        resolve({ server: listening as Server, port: address.port });
      },
    );
    listening.once('error', reject);
  });
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
