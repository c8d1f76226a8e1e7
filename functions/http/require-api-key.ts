// Admits requests that have one of the API keys. The caller knows where keys are stored.

import { createMiddleware } from 'hono/factory';
import type { FindKey } from '../../core/api-key/known-key.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import type { AppEnv } from '../deps/deps.ts';

/** The scheme's name may be written in any case (RFC 9110, 11.1). */
const BEARER = /^bearer +(?<token>\S+) *$/i;
const NAMES_BEARER = /^bearer(\s|$)/i;

/**
 * Middleware that requires `Authorization: Bearer <key>`, as OpenAI's clients send it, and leaves what is known of the key for the handlers.
 * @throws {FoveaError} `api-key-missing`, `api-key-invalid` or `api-key-expired`, answered with 401.
 */
export function requireApiKey(findKey: FindKey) {
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
    // Says so of every answer that refuses the key.
    c.header('WWW-Authenticate', 'Bearer error="invalid_token"');
    const key = await findKey(token);
    if (key === undefined) {
      throw new FoveaError(
        'api-key-invalid',
        'The API key is not known. Ask the operator of this installation for one.',
        {
          param: 'Authorization',
        },
      );
    }
    c.header('WWW-Authenticate', undefined);
    c.set('apiKey', key);
    await next();
  });
}
