// Which addresses a webhook may have: https on the public internet, or any where the operator says so. Sends nothing.

import { lookup } from 'node:dns/promises';
import type { WebhookReceivers } from '../environment.ts';
import { FoveaError, isFoveaError } from '../errors/errors.ts';
import { reasonOf } from '../remote/ask-host.ts';
import {
  askNameServers,
  type HostAddress,
  type PublicHost,
  type ResolveName,
  resolvePublic,
} from '../remote/resolve-public.ts';

/** Whom webhooks may reach, and how names are looked up. */
export interface ReceiverRules {
  readonly receivers: WebhookReceivers;
  readonly resolve?: ResolveName | undefined;
  /** Default: whatever is of the public internet. */
  readonly isPublic?: ((address: string) => boolean) | undefined;
}

const refused = (problem: string) =>
  new FoveaError('webhook-url-refused', `Nothing is sent to this address: ${problem}`, { param: 'url' });

const notPublic = () =>
  refused(
    "its host is not on the public internet. The server's operator may allow other receivers (--webhook-receivers any, in the cloud " +
      'fovea:webhookReceivers).',
  );

/** Names that this machine alone knows, such as `localhost`, are in its own file; name servers that do not answer are not waited for twice. */
const askAnywhere: ResolveName = async (name) => {
  try {
    return await askNameServers(name);
  } catch (error) {
    if (reasonOf(error) === 'ETIMEOUT') throw error;
    const found = await lookup(name, { all: true });
    return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
  }
};

/** Which addresses may be connected to. */
export const publicHost = ({ receivers, resolve, isPublic }: ReceiverRules): PublicHost =>
  receivers === 'any'
    ? { resolve: resolve ?? askAnywhere, notPublic, isPublic: () => true }
    : { resolve, notPublic, isPublic };

/**
 * The URL of a receiver, by its text alone.
 * @throws {FoveaError} `webhook-url-refused`.
 */
export function parseReceiver(text: string, { receivers }: ReceiverRules): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['https:', 'http:'].includes(url.protocol))
    throw refused('it is no URL of https. Give one as https://hooks.example.com/fovea.');
  if (url.protocol === 'http:' && receivers !== 'any')
    throw refused(
      "only https is allowed. The server's operator may allow http (--webhook-receivers any, in the cloud fovea:webhookReceivers).",
    );
  if (url.username !== '' || url.password !== '')
    throw refused('it has a name or a password in it. Leave them out: the signature tells who sends.');
  return url;
}

/**
 * Looks up where a receiver is, and refuses what the rules do not allow.
 * @throws {FoveaError} `webhook-url-refused`; what the look-up of its name throws.
 */
export const receiverAddresses = (url: URL, rules: ReceiverRules): Promise<readonly HostAddress[]> =>
  resolvePublic(url, publicHost(rules));

/**
 * Refuses an address that nothing would be sent to. Where any are allowed, names are not looked up: their hosts may be off today.
 * @throws {FoveaError} `webhook-url-refused`.
 */
export async function checkReceiver(text: string, rules: ReceiverRules): Promise<void> {
  const url = parseReceiver(text, rules);
  if (rules.receivers === 'any') return;
  try {
    await receiverAddresses(url, rules);
  } catch (error) {
    if (isFoveaError(error, 'webhook-url-refused')) throw error;
    throw refused(`its name is not found (${reasonOf(error)}). Check it.`);
  }
}
