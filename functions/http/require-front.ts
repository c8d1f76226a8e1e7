// Closes the function's own address where the installation has a front with a domain name: what the front adds to each request shows that
// it came that way.

import { createHash, timingSafeEqual } from 'node:crypto';
import { createMiddleware } from 'hono/factory';
import { FRONT_HEADER } from '../../core/environment.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import type { AppEnv } from '../deps/deps.ts';
import type { Front } from '../deps/front.ts';

const digest = (text: string) => createHash('sha256').update(text).digest();

/**
 * Middleware that admits requests by the front alone, and leaves its origin as `publicOrigin`. Hashing makes secrets equally long, so the
 * time of the comparison reveals nothing.
 * @throws {FoveaError} `host-not-allowed`.
 */
export function requireFront({ origin, secret }: Front) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const sent = c.req.header(FRONT_HEADER) ?? '';
    const expected = await secret();
    if (expected === '' || !timingSafeEqual(digest(sent), digest(expected)))
      throw new FoveaError(
        'host-not-allowed',
        `This installation answers at ${origin} alone. Send the request there.`,
        { param: 'Host' },
      );
    c.set('publicOrigin', origin);
    await next();
  });
}
