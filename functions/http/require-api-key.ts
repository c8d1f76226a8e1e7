// Admits requests that have one of the API keys. The caller knows where keys are stored.

import { createHash, timingSafeEqual } from 'node:crypto';
import { createMiddleware } from 'hono/factory';
import { FoveaError } from '../../core/errors/errors.ts';
import type { ApiKeys, AppEnv } from '../deps/deps.ts';

/** The scheme's name may be written in any case (RFC 9110, 11.1). */
const BEARER = /^bearer +(?<token>\S+) *$/i;
const NAMES_BEARER = /^bearer(\s|$)/i;

/**
 * Middleware that requires `Authorization: Bearer <key>`, as OpenAI's clients send it, and leaves the key's name for the handlers.
 * Comparing takes the same time for all keys.
 * @throws {FoveaError} `api-key-missing` or `api-key-invalid`, answered with 401.
 */
export function requireApiKey(keys: ApiKeys) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const header = c.req.header('authorization');
    const token = header === undefined ? undefined : BEARER.exec(header)?.groups?.['token'];
    if (token === undefined) {
      const problem =
        header === undefined
          ? 'no Authorization header'
          : NAMES_BEARER.test(header)
            ? 'no key after "Bearer", or a key with white space'
            : 'an Authorization header of another scheme';
      c.header('WWW-Authenticate', 'Bearer');
      throw new FoveaError(
        'api-key-missing',
        `The request has ${problem}: send "Authorization: Bearer <API key>".`,
        { param: 'Authorization' },
      );
    }
    const name = nameOf(await keys(), token);
    if (name === undefined) {
      c.header('WWW-Authenticate', 'Bearer error="invalid_token"');
      throw new FoveaError(
        'api-key-invalid',
        'The API key is not known. Ask the operator of this installation for one.',
        {
          param: 'Authorization',
        },
      );
    }
    c.set('client', name);
    await next();
  });
}

const digest = (text: string) => createHash('sha256').update(text).digest();

/** The name of a key. Compares with every key to its end, so that the time reveals nothing. Hashing makes all of them equally long. */
function nameOf(keys: Readonly<Record<string, string>>, token: string): string | undefined {
  const wanted = digest(token);
  let found: string | undefined;
  for (const [name, key] of Object.entries(keys)) {
    const isSame = timingSafeEqual(digest(key), wanted);
    if (isSame && key !== '') found ??= name;
  }
  return found;
}
