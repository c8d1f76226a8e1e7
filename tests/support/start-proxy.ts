// A proxy on this machine that passes connections on: whatever host is asked for, they end at one port here.

import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

/** A proxy that is listening on 127.0.0.1. */
export interface LocalProxy {
  readonly url: string;
  /** The hosts that were asked for, `name:port`. */
  readonly hosts: readonly string[];
  stop(): Promise<void>;
}

/** Starts a proxy for the server that listens on a port of 127.0.0.1. */
export async function startProxy(port: number): Promise<LocalProxy> {
  const hosts: string[] = [];
  const open = new Set<Socket>();
  const server = createServer((_, response) => response.writeHead(405).end());
  server.on('connect', ({ url = '' }, client: Socket) => {
    hosts.push(url);
    const upstream = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      upstream.pipe(client).pipe(upstream);
    });
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => open.delete(socket));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hosts,
    stop() {
      for (const socket of open) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
