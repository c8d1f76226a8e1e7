// Finds the addresses of a host, and refuses those that are not of the public internet. Connects to nothing.

import { Resolver } from 'node:dns/promises';
import type { FoveaError } from '../errors/errors.ts';
import { isPrivateAddress, literalAddress } from './is-private-address.ts';

/** One address of a host. */
export interface HostAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Gives the addresses of a name; none where it has none. */
export type ResolveName = (name: string) => Promise<readonly HostAddress[]>;

const RESOLVER_TIMEOUT_MS = 2000;
const RESOLVER_TRIES = 2;

/**
 * Asks the name servers of this machine. Its threads are not used, unlike by `dns.lookup`: a name server that never answers would keep pictures
 * from being decoded there.
 */
export const askNameServers: ResolveName = async (name) => {
  const resolver = new Resolver({ timeout: RESOLVER_TIMEOUT_MS, tries: RESOLVER_TRIES });
  const [v4, v6] = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
  if (v4.status === 'rejected' && v6.status === 'rejected') throw v4.reason;
  return [
    ...(v4.status === 'fulfilled' ? v4.value.map((address) => ({ address, family: 4 as const })) : []),
    ...(v6.status === 'fulfilled' ? v6.value.map((address) => ({ address, family: 6 as const })) : []),
  ];
};

/** Which addresses may be asked, and what is thrown at others. */
export interface PublicHost {
  /** Default: {@link askNameServers}. */
  readonly resolve?: ResolveName | undefined;
  /** Default: whatever {@link isPrivateAddress} does not refuse. */
  readonly isPublic?: ((address: string) => boolean) | undefined;
  /**
   * The error of a host that is not on the public internet. It must not say which address that has: it would be an answer of a private name
   * server.
   */
  readonly notPublic: (url: URL) => FoveaError;
}

/**
 * The addresses of the host of a URL. All of them must be public: a name that has a private address beside a public one means no good.
 * @throws {FoveaError} that of `notPublic`; what `resolve` throws.
 */
export async function resolvePublic(
  url: URL,
  { resolve = askNameServers, isPublic = (address) => !isPrivateAddress(address), notPublic }: PublicHost,
): Promise<readonly HostAddress[]> {
  const literal = literalAddress(url);
  const addresses: readonly HostAddress[] =
    literal === undefined
      ? await resolve(url.hostname)
      : [{ address: literal, family: literal.includes(':') ? 6 : 4 }];
  if (!addresses.every(({ address }) => isPublic(address))) throw notPublic(url);
  return addresses;
}
