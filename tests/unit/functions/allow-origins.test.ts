import { describe, expect, it } from 'vitest';
import { createTestApp } from '../../support/test-app.ts';

const APP = 'https://app.example.com';
const PREDICT = '/v1/models/color/predict';
const KEYS = async () => ({ default: 'a-key-of-sixteen-characters' });

const preflight = (test: ReturnType<typeof createTestApp>, origin: string) =>
  test.app.request(PREDICT, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization, content-type, x-stainless-os',
    },
  });

describe('pages of other sites', () => {
  it('of an allowed origin may send a preflight request without a key, and any header', async () => {
    const test = createTestApp({ allowOrigins: [APP], apiKeys: KEYS });
    const answer = await preflight(test, APP);
    expect(answer.status).toBe(204);
    expect(answer.headers.get('access-control-allow-origin')).toBe(APP);
    expect(answer.headers.get('access-control-allow-methods')).toContain('POST');
    expect(answer.headers.get('access-control-allow-headers')).toContain('authorization');
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
    expect(answer.headers.get('vary')).toContain('Origin');
  });

  it('of an allowed origin may read answers, errors included', async () => {
    const test = createTestApp({ allowOrigins: [APP], apiKeys: KEYS });
    const authorization = `Bearer ${(await KEYS()).default}`;
    for (const [path, headers, status] of [
      ['/v1/models', { authorization }, 200],
      ['/v1/models/none', { authorization }, 404],
      ['/v1/models', {}, 401],
      ['/nowhere', {}, 404],
    ] as const) {
      const answer = await test.app.request(path, { headers: { origin: APP, ...headers } });
      expect(answer.status).toBe(status);
      expect(answer.headers.get('access-control-allow-origin'), path).toBe(APP);
      expect(answer.headers.get('access-control-expose-headers')).toContain('Retry-After');
    }
  });

  it.each([
    ['that are not named', [APP], 'https://evil.example'],
    ['of a server that names none', [], APP],
    ['of a server that says nothing of them', undefined, APP],
  ])('%s may not', async (_, allowOrigins, origin) => {
    const test = createTestApp({ allowOrigins });
    expect((await preflight(test, origin)).headers.get('access-control-allow-origin')).toBeNull();
    const answer = await test.app.request('/v1/models', { headers: { origin } });
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  });
});
