// Refuses requests of an API key that sends more than it may, and tells every client of such a key how much is left.

import { createMiddleware } from 'hono/factory';
import type { RateLimiter } from '../../core/api-key/rate-limiter.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import type { AppEnv } from '../deps/deps.ts';

/**
 * Middleware behind the check of keys. Answers carry `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset`, where the key has a
 * limit.
 * @param processes how many share the requests of the installation; each allows its part.
 * @throws {FoveaError} `rate-limited`, answered with 429 and `Retry-After`.
 */
export function limitRate(limiter: RateLimiter, processes: number) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const key = c.get('apiKey');
    if (key?.requestsPerMinute !== undefined) {
      const limit = Math.max(1, key.requestsPerMinute / processes);
      const { isAllowed, remaining, resetSeconds, waitSeconds } = limiter.take(key.name, limit);
      c.header('RateLimit-Limit', String(key.requestsPerMinute));
      c.header('RateLimit-Remaining', String(remaining));
      c.header('RateLimit-Reset', String(resetSeconds));
      if (!isAllowed)
        throw new FoveaError(
          'rate-limited',
          `The API key "${key.name}" may send ${key.requestsPerMinute} requests a minute and has sent them. Send the request again in ` +
            `${waitSeconds} s.`,
          {
            param: 'Authorization',
            details: {
              key: key.name,
              requestsPerMinute: key.requestsPerMinute,
              retryAfterSeconds: waitSeconds,
            },
          },
        );
    }
    await next();
  });
}
