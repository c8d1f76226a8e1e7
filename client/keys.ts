// API keys of a server: the calls.

import type { CreateApiKeyBody, WireApiKey, WireCurrentApiKey, WireNewApiKey } from '../api/api-key.ts';
import { entries, type ListOptions } from './pages.ts';
import { type CallOptions, segment, type Transport } from './transport.ts';

/** The calls of API keys. */
export interface KeyCalls {
  /** Makes a key; its secret is in this answer and never again. */
  create(body: CreateApiKeyBody, options?: CallOptions): Promise<WireNewApiKey>;
  /** The keys of the server's store, by name. */
  list(options?: ListOptions): AsyncIterable<WireApiKey>;
  get(name: string, options?: CallOptions): Promise<WireApiKey>;
  /** What the key of this client allows; everything where the server requires none. */
  current(options?: CallOptions): Promise<WireCurrentApiKey>;
  /** Gives a key a new secret. The present one stays valid for `graceSeconds`, by default not at all. */
  rotate(
    name: string,
    options?: CallOptions & { readonly graceSeconds?: number | undefined },
  ): Promise<WireNewApiKey>;
  revoke(name: string, options?: CallOptions): Promise<void>;
}

/** The calls of API keys by a transport. */
export function keyCalls(transport: Transport): KeyCalls {
  const { ask } = transport;
  const KEYS = '/v1/keys';
  const pathOf = (name: string) => `${KEYS}/${segment(name)}`;
  return {
    create: (body, options) => ask('api_key', 'POST', KEYS, { ...options, json: body, makes: true }),
    list: (options) => entries<WireApiKey>(transport, KEYS, ({ name }) => name, options),
    get: (name, options) => ask('api_key', 'GET', pathOf(name), options),
    current: (options) => ask('current_api_key', 'GET', '/v1/key', options),
    rotate: (name, { graceSeconds = 0, signal } = {}) =>
      ask('api_key', 'POST', `${pathOf(name)}/rotate`, {
        json: { grace_seconds: graceSeconds },
        makes: true,
        signal,
      }),
    async revoke(name, options) {
      await ask('api_key', 'DELETE', pathOf(name), options);
    },
  };
}
