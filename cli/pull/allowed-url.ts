// Decides which addresses a pull may ask, at first and after a redirect. Opens nothing.

import { BlockList, isIP } from 'node:net';
import { FoveaError } from '../../core/errors/errors.ts';

/** What a pull may ask beside servers with TLS. */
export interface UrlRules {
  /** `host` or `host:port` of servers that may be asked without TLS, as their URLs say them. */
  readonly allowHttp: readonly string[];
}

/** Addresses of this machine and of private networks (RFC 1122, 1918, 3927, 4193, 4291, 6598, 8215). */
const PRIVATE = new BlockList();
/** The prefixes of IPv6 that an address of IPv4 is written behind: mapped, translated, compatible (RFC 4291, 6145), NAT64 (RFC 6052). */
const BEFORE_IPV4 = ['::ffff:', '::ffff:0:', '::', '64:ff9b::'];
/** The network of 6to4 that wraps one of IPv4, in the 32 bits behind its prefix (RFC 3056). */
const to6to4 = (net: string) => {
  const [a = 0, b = 0, c = 0, d = 0] = net.split('.').map(Number);
  return `2002:${(256 * a + b).toString(16)}:${(256 * c + d).toString(16)}::`;
};
for (const [net, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const) {
  PRIVATE.addSubnet(net, prefix, 'ipv4');
  for (const before of BEFORE_IPV4) PRIVATE.addSubnet(`${before}${net}`, 96 + prefix, 'ipv6');
  PRIVATE.addSubnet(to6to4(net), 16 + prefix, 'ipv6');
}
PRIVATE.addSubnet('::', 127, 'ipv6');
PRIVATE.addSubnet('fc00::', 7, 'ipv6');
PRIVATE.addSubnet('fe80::', 10, 'ipv6');
PRIVATE.addSubnet('64:ff9b:1::', 48, 'ipv6');

/** Whether a URL says by its host alone that it is of this machine or a private network. */
function isPrivate({ hostname }: URL): boolean {
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const version = isIP(host);
  if (version !== 0) return PRIVATE.check(host, version === 4 ? 'ipv4' : 'ipv6');
  return /(^|\.)localhost\.?$/.test(host);
}

/** A URL for messages, without what may be a secret. */
export const shownUrl = ({ origin, pathname }: URL): string => `${origin}${pathname}`;

/**
 * Refuses an address that a pull must not ask.
 *
 * People name private servers themselves; a redirect must not lead there from another host, because its answer would be stored as if the
 * named server had given it. The name of a host is not looked up: its certificate proves whose it is.
 *
 * @param from Where the redirect began; undefined for the address that a person named.
 * @throws {FoveaError} `download-refused`.
 */
export function checkUrl(url: URL, { allowHttp }: UrlRules, from?: URL): void {
  const problem = problemOf(url, allowHttp, from);
  if (problem === undefined) return;
  const redirect = from === undefined ? '' : `, to which ${shownUrl(from)} redirects,`;
  throw new FoveaError('download-refused', `${shownUrl(url)}${redirect} is not asked: ${problem}`, {
    param: 'source',
    details: { url: shownUrl(url) },
  });
}

function problemOf(url: URL, allowHttp: readonly string[], from: URL | undefined): string | undefined {
  if (url.username !== '' || url.password !== '') return 'it has a name or a password in it. Leave them out.';
  const isAllowed = allowHttp.includes(url.host);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isAllowed)) {
    return url.protocol === 'http:'
      ? `it has no TLS. Use https, or allow this one server with --allow-http ${url.host}.`
      : 'only https is allowed.';
  }
  if (from !== undefined && isPrivate(url) && url.host !== from.host && !isAllowed) {
    return 'it is an address of this machine or of a private network. Name that address yourself, if you trust it.';
  }
  return undefined;
}
