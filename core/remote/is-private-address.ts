// Tells addresses of the public internet from all others. Resolves no names.

import { BlockList, isIP } from 'node:net';

/**
 * Networks of IPv4 that are not of the public internet: this machine, private and link-local networks, carrier NAT, multicast, and what is
 * reserved, for tests and for documents (RFC 1112, 1122, 1918, 2544, 3927, 5737, 6598, 6890). Services that tell machines their secrets are at
 * link-local addresses, in 192.0.0.0/24, and at one public address.
 */
const PRIVATE_IPV4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['168.63.129.16', 32],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const;
/** The prefixes of IPv6 that an address of IPv4 is written behind: mapped, translated, compatible (RFC 4291, 6145), NAT64 (RFC 6052). */
const BEFORE_IPV4 = ['::ffff:', '::ffff:0:', '::', '64:ff9b::'];
/**
 * Public addresses of IPv6 are in 2000::/3, or written behind one of {@link BEFORE_IPV4}, which are in ::/8. The other networks hold unique local,
 * link-local, site-local and multicast addresses (RFC 4193, 4291), or nothing. In 2000::/3, there are Teredo, which may lead to any address of
 * IPv4, and networks for tests and documents (RFC 4380, 5180, 3849, 9637). Of ::/8, local NAT64 (RFC 8215).
 */
const PRIVATE_IPV6 = [
  ['::', 127],
  ['64:ff9b:1::', 48],
  ['100::', 8],
  ['200::', 7],
  ['400::', 6],
  ['800::', 5],
  ['1000::', 4],
  ['2001::', 32],
  ['2001:2::', 48],
  ['2001:db8::', 32],
  ['3fff::', 20],
  ['4000::', 2],
  ['8000::', 1],
] as const;

/** The network of 6to4 that wraps one of IPv4, in the 32 bits behind its prefix (RFC 3056). */
const to6to4 = (net: string) => {
  const [a = 0, b = 0, c = 0, d = 0] = net.split('.').map(Number);
  return `2002:${(256 * a + b).toString(16)}:${(256 * c + d).toString(16)}::`;
};

const PRIVATE = new BlockList();
for (const [net, prefix] of PRIVATE_IPV4) {
  PRIVATE.addSubnet(net, prefix, 'ipv4');
  for (const before of BEFORE_IPV4) PRIVATE.addSubnet(`${before}${net}`, 96 + prefix, 'ipv6');
  PRIVATE.addSubnet(to6to4(net), 16 + prefix, 'ipv6');
}
for (const [net, prefix] of PRIVATE_IPV6) PRIVATE.addSubnet(net, prefix, 'ipv6');

/** Whether an IP address, in text, is not of the public internet. What is no address counts as private. */
export function isPrivateAddress(address: string): boolean {
  const [bare = ''] = address.split('%', 1);
  const version = isIP(bare);
  return version === 0 || PRIVATE.check(bare, version === 4 ? 'ipv4' : 'ipv6');
}

/** The IP address that is the host of a URL, without brackets; undefined where the host is a name. */
export function literalAddress({ hostname }: URL): string | undefined {
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  return isIP(host) === 0 ? undefined : host;
}
