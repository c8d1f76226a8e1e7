// Finds the address at which other machines reach a server that listens on all addresses of this machine.

import { hostname, networkInterfaces } from 'node:os';

const ANY_ADDRESS = new Set(['0.0.0.0', '[::]']);

/**
 * The server's URL, with an address of this machine in place of `0.0.0.0` or `::`; with its name where it has only loopback.
 * @param url the URL on which the server listens, e.g. `http://0.0.0.0:8787`.
 */
export function reachableUrl(url: string, interfaces = networkInterfaces(), name = hostname()): string {
  const { protocol, hostname: host, port } = new URL(url);
  if (!ANY_ADDRESS.has(host)) return url;
  const outer = Object.values(interfaces)
    .flat()
    .find((found) => found !== undefined && !found.internal && found.family === 'IPv4');
  return `${protocol}//${outer?.address ?? name}${port === '' ? '' : `:${port}`}`;
}
