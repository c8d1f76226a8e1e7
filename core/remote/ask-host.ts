// Asks a server whose addresses were looked up and allowed before. Each request has a connection of its own, to those addresses alone, and goes
// through no proxy. Redirects are answers like others.

import { type IncomingMessage, type RequestOptions, request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import { isPrivateAddress } from './is-private-address.ts';
import type { HostAddress, PublicHost } from './resolve-public.ts';

const MOST_HEADER_BYTES = 16 * 1024;

/** What is asked, and whom. */
export interface HostQuestion extends Pick<PublicHost, 'isPublic' | 'notPublic'> {
  /** Those of the URL's host. */
  readonly addresses: readonly HostAddress[];
  /** Default: `GET`. */
  readonly method?: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** Ends the request, and the answer while it is read. */
  readonly signal: AbortSignal;
  /** Certificates of authorities in PEM, in place of those that Node trusts. */
  readonly ca?: string | undefined;
}

/**
 * Resolves with the headers of the answer, whose body is still to be read.
 * @throws {FoveaError} that of `notPublic`, where the connection has another address; Node's own error where no answer comes.
 */
export function askHost(url: URL, question: HostQuestion): Promise<IncomingMessage> {
  const { addresses, method = 'GET', headers, body, signal, ca, notPublic } = question;
  const isPublic = question.isPublic ?? ((address: string) => !isPrivateAddress(address));
  const [first] = addresses;
  if (first === undefined) throw new Error('its name has no address');
  const lookup: RequestOptions['lookup'] = (_name, { all }, callback) =>
    all ? callback(null, [...addresses]) : callback(null, first.address, first.family);
  return new Promise((resolve, reject) => {
    const request = url.protocol === 'http:' ? requestPlain : requestTls;
    const asking = request(url, {
      agent: false,
      method,
      lookup,
      signal,
      maxHeaderSize: MOST_HEADER_BYTES,
      rejectUnauthorized: true,
      headers: { 'user-agent': 'fovea', ...headers },
      ca,
    });
    // The address that the connection has, whoever chose it, before the request is sent.
    asking.on('socket', (socket) =>
      socket.once('connect', () => {
        if (!isPublic(socket.remoteAddress ?? '')) asking.destroy(notPublic(url));
      }),
    );
    asking.on('response', resolve);
    asking.on('error', reject);
    asking.end(body);
  });
}

/** What went wrong, in a code of the system where it has one: its message may name addresses. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return code ?? (error instanceof Error ? error.message : String(error));
}
