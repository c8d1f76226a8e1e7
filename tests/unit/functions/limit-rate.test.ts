import { describe, expect, it } from 'vitest';
import { createRateLimiter } from '../../../core/api-key/rate-limiter.ts';
import { type AnyJson, createTestApp } from '../../support/test-app.ts';

describe('a limiter', () => {
  it('allows so many at once, and as many anew within a minute', () => {
    let nowMs = 0;
    const limiter = createRateLimiter(() => nowMs);
    const taken = () => limiter.take('a', 6);
    expect(Array.from({ length: 7 }, taken).map(({ isAllowed }) => isAllowed)).toEqual([
      ...Array(6).fill(true),
      false,
    ]);
    expect(taken()).toEqual({ isAllowed: false, remaining: 0, waitSeconds: 10, resetSeconds: 60 });
    expect(limiter.take('b', 6)).toMatchObject({ isAllowed: true, remaining: 5 });
    nowMs += 9999;
    expect(taken()).toMatchObject({ isAllowed: false, waitSeconds: 1 });
    nowMs += 1;
    expect([taken().isAllowed, taken().isAllowed]).toEqual([true, false]);
    nowMs += 10 * 60_000;
    expect(Array.from({ length: 7 }, taken).filter(({ isAllowed }) => isAllowed)).toHaveLength(6);
  });

  it('is exact where many ask at the same moment, and follows a limit that changes', () => {
    const limiter = createRateLimiter(() => 0);
    const allowed = Array.from({ length: 1000 }, () => limiter.take('a', 60)).filter(
      ({ isAllowed }) => isAllowed,
    );
    expect(allowed).toHaveLength(60);
    expect(limiter.take('a', 10).isAllowed).toBe(false);
  });
});

describe('a key with a limit', () => {
  it('gets 429 with Retry-After beyond it, and is told how much is left', async () => {
    const test = createTestApp({ apiKeys: async () => ({ operator: 'the-key-of-the-operator' }) });
    const as = (secret: string) => ({ authorization: `Bearer ${secret}` });
    const key = { name: 'phone', scopes: ['predict'], requests_per_minute: 2 };
    const { body }: { body: AnyJson } = await test.send(
      'POST',
      '/v1/keys',
      key,
      as('the-key-of-the-operator'),
    );
    const ask = () => test.send('GET', '/v1/models', undefined, as(body.secret));
    const { status, headers } = await ask();
    expect([status, headers.get('ratelimit-limit'), headers.get('ratelimit-remaining')]).toEqual([
      200,
      '2',
      '1',
    ]);
    await ask();
    const refused = await ask();
    expect(refused.status).toBe(429);
    const seconds = Number(refused.headers.get('retry-after'));
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(30);
    expect(refused.headers.get('x-should-retry')).toBe('true');
    expect(refused.body.error).toMatchObject({
      code: 'rate-limited',
      details: { key: 'phone', requests_per_minute: 2, retry_after_seconds: seconds },
    });
    // Others have limits of their own, and configured keys none.
    expect(await test.send('GET', '/v1/models', undefined, as('the-key-of-the-operator'))).toMatchObject({
      status: 200,
    });
  });
});
