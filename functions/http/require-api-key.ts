// Admits requests that have one of the API keys. The caller knows where keys are stored.

import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import type { FindKey } from '../../core/api-key/known-key.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import type { AppEnv } from '../deps/deps.ts';

/** The scheme's name may be written in any case (RFC 9110, 11.1). */
const BEARER = /^bearer +(?<token>\S+) *$/i;
const NAMES_BEARER = /^bearer(\s|$)/i;

/** Where a protocol's clients send the key. */
export interface KeyPlace {
  /** The key; undefined where the request has none. */
  readonly read: (c: Context<AppEnv>) => string | undefined;
  /** What is wrong with a request without one. Default: that it has none. */
  readonly problem?: (c: Context<AppEnv>) => string;
  /** How to send it. */
  readonly advice: string;
  /** The header or parameter that errors name. */
  readonly param: string;
}

/** `Authorization: Bearer <key>`, as OpenAI's clients send it. */
export const BEARER_KEY: KeyPlace = {
  read: (c) => BEARER.exec(c.req.header('authorization') ?? '')?.groups?.['token'],
  problem(c) {
    const header = c.req.header('authorization');
    if (header === undefined) return 'no Authorization header';
    return NAMES_BEARER.test(header)
      ? 'no key after "Bearer", or a key with white space'
      : 'an Authorization header of another scheme';
  },
  advice: 'send "Authorization: Bearer <API key>"',
  param: 'Authorization',
};

/**
 * Admits a request by its key, and leaves what is known of it for the handlers.
 * @param token undefined where the request has none.
 * @throws {FoveaError} `api-key-missing`, `api-key-invalid` or `api-key-expired`, answered with 401.
 */
export async function admitKey(
  c: Context<AppEnv>,
  findKey: FindKey,
  token: string | undefined,
  place: KeyPlace = BEARER_KEY,
): Promise<void> {
  if (token === undefined || token === '') {
    c.header('WWW-Authenticate', 'Bearer');
    const problem = place.problem?.(c) ?? 'no API key';
    throw new FoveaError('api-key-missing', `The request has ${problem}: ${place.advice}.`, {
      param: place.param,
    });
  }
  // Says so of every answer that refuses the key.
  c.header('WWW-Authenticate', 'Bearer error="invalid_token"');
  const key = await findKey(token);
  if (key === undefined) {
    throw new FoveaError(
      'api-key-invalid',
      'The API key is not known. Ask the operator of this installation for one.',
      { param: place.param },
    );
  }
  c.header('WWW-Authenticate', undefined);
  c.set('apiKey', key);
}

/** Middleware that requires an API key. @throws as {@link admitKey}. */
export function requireApiKey(findKey: FindKey, place: KeyPlace = BEARER_KEY) {
  return createMiddleware<AppEnv>(async (c, next) => {
    await admitKey(c, findKey, place.read(c), place);
    await next();
  });
}
