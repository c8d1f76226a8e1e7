// A server of files on this machine, as a hub or a store is one: ranges, etags, redirects; and faults on demand.

import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the server does, which a test changes as it goes. */
export interface FileServer {
  /** Without a slash at its end. */
  readonly url: string;
  /** `host:port`. */
  readonly host: string;
  /** Contents by path, e.g. `/a/b.onnx`. */
  readonly files: Map<string, Uint8Array>;
  /** Addresses by path. */
  readonly redirects: Map<string, string>;
  /** Requests so far: path, and headers that matter. */
  readonly requests: { readonly path: string; readonly range?: string; readonly authorization?: string }[];
  /** Bytes after which the next answers break off, one for each answer with a body. */
  readonly breaks: number[];
  /** Whether answers name an etag. */
  hasEtags: boolean;
  /** Whether answers say their size. */
  hasSizes: boolean;
  close(): Promise<unknown>;
}

/** Starts a server on a free port of the loopback address. */
export async function startFileServer(): Promise<FileServer> {
  const http = createServer((request, response) => answer(server, request, response));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(http.address() as AddressInfo).port}`;
  const server: FileServer = {
    url: `http://${host}`,
    host,
    files: new Map(),
    redirects: new Map(),
    requests: [],
    breaks: [],
    hasEtags: true,
    hasSizes: true,
    close: () => {
      http.closeAllConnections();
      return new Promise((resolve) => http.close(resolve));
    },
  };
  return server;
}

function answer(server: FileServer, { url, headers }: IncomingMessage, response: ServerResponse): void {
  const path = new URL(url ?? '/', server.url).pathname;
  const { range, authorization } = headers;
  server.requests.push({
    path,
    ...(range === undefined ? {} : { range }),
    ...(authorization === undefined ? {} : { authorization }),
  });
  const redirect = server.redirects.get(path);
  if (redirect !== undefined) {
    response.writeHead(302, { location: redirect }).end();
    return;
  }
  const body = server.files.get(path);
  if (body === undefined) {
    response.writeHead(404).end('no such file');
    return;
  }
  const etag = `"${createHash('sha256').update(body).digest('hex')}"`;
  const isSame = headers['if-range'] === undefined || headers['if-range'] === etag;
  const from = isSame ? Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0) : 0;
  const rest = body.subarray(from);
  response.writeHead(from > 0 ? 206 : 200, {
    ...(server.hasEtags ? { etag } : {}),
    ...(server.hasSizes ? { 'content-length': rest.byteLength } : {}),
    ...(from > 0 ? { 'content-range': `bytes ${from}-${body.byteLength - 1}/${body.byteLength}` } : {}),
  });
  const broken = server.breaks.shift();
  if (broken === undefined) response.end(rest);
  else response.write(rest.subarray(0, broken), () => response.destroy());
}
