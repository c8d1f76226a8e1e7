// Decides who may reach a server on a machine, and under which names. A server that other machines reach needs API keys.

import { hostname } from 'node:os';
import type { ConfiguredKeys } from '../core/api-key/configured-keys.ts';
import type { WebhookReceivers } from '../core/environment.ts';
import { FoveaError } from '../core/errors/errors.ts';
import { isLoopback } from '../core/remote/is-loopback.ts';
import type { HostRules } from './deps/deps.ts';

/** Who may use a server, and how. */
export interface ServerAccess {
  /** Keys that the API requires; without them, everybody on this machine may use it. */
  readonly apiKeys?: ConfiguredKeys | undefined;
  /** Names beside the machine's own that requests may be addressed to, e.g. that of a proxy. */
  readonly allowHosts?: readonly string[] | undefined;
  /** Pages of other sites that may use the API; `*` for all. */
  readonly allowOrigins?: readonly string[] | undefined;
  /** Ports of https URLs by which predictions may name pictures. Default: they may name none. */
  readonly imageUrlPorts?: readonly number[] | undefined;
  /** Whom webhooks may reach. Default: `public`. */
  readonly webhookReceivers?: WebhookReceivers | undefined;
  /** Whether pictures that people send with their right labels are kept. Default: they are not. */
  readonly keepsFeedback?: boolean | undefined;
  /** Whether `X-Forwarded-Proto` and `X-Forwarded-Host` count. */
  readonly trustsProxy?: boolean | undefined;
}

const ANY_ADDRESS = new Set(['0.0.0.0', '::']);
const WAY_OUT =
  'Put keys into a JSON file, {"me": "…"}, of 16 characters or more each (openssl rand -hex 24), and start with --api-keys ' +
  'FILE; or set FOVEA_API_KEY to one.';

/**
 * Refuses to start a server without keys that other machines or web pages would reach.
 * @throws {FoveaError} `api-keys-needed`.
 */
export function assertKeys(host: string, { apiKeys, allowOrigins = [] }: ServerAccess): void {
  if (apiKeys !== undefined) return;
  if (!isLoopback(host))
    throw new FoveaError(
      'api-keys-needed',
      `Other machines can reach a server on ${host}, and without API keys everybody there could use it. ${WAY_OUT} ` +
        'Or listen on 127.0.0.1, which this machine alone reaches.',
    );
  if (allowOrigins.includes('*'))
    throw new FoveaError(
      'api-keys-needed',
      `With --allow-origin "*", every page that a browser on this machine opens could use the server. ${WAY_OUT} Or name ` +
        'the origins one by one.',
    );
}

/** The hosts that requests may be addressed to: the names of this machine for itself, and those that were given. */
export function hostRules(host: string, { allowHosts = [] }: ServerAccess): HostRules {
  const anyAddress = ANY_ADDRESS.has(host);
  const own = host.includes(':') ? `[${host}]` : host;
  const names = ['localhost', '127.0.0.1', '[::1]', own, ...(anyAddress ? [hostname()] : []), ...allowHosts];
  return { names: [...new Set(names.map((name) => name.toLowerCase()))], anyAddress };
}
