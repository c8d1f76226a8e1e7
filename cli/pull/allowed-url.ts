// Decides which addresses a pull may ask, at first and after a redirect. Opens nothing.

import { FoveaError } from '../../core/errors/errors.ts';
import { isPrivateAddress, literalAddress } from '../../core/remote/is-private-address.ts';
import { shownUrl } from '../../core/remote/shown-url.ts';

/** What a pull may ask beside servers with TLS. */
export interface UrlRules {
  /** `host` or `host:port` of servers that may be asked without TLS, as their URLs say them. */
  readonly allowHttp: readonly string[];
}

/** Whether a URL says by its host alone that it is of this machine or a private network. */
function isPrivate(url: URL): boolean {
  const address = literalAddress(url);
  return address === undefined ? /(^|\.)localhost\.?$/.test(url.hostname) : isPrivateAddress(address);
}

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
