import { describe, expect, it } from 'vitest';
import { createTestApp } from '../../support/test-app.ts';

const KEY = 'k'.repeat(40);

describe('requireApiKey', () => {
  const { send } = createTestApp({
    apiKeys: async () => ({ default: KEY, other: 'o'.repeat(40), emptied: '' }),
  });
  const get = (authorization?: string) =>
    send('GET', '/v1/models', undefined, authorization === undefined ? {} : { authorization });

  it.each([`Bearer ${KEY}`, `bearer  ${KEY}`, `Bearer ${'o'.repeat(40)}`])(
    'lets in %s',
    async (authorization) => {
      expect(await get(authorization)).toMatchObject({ status: 200 });
    },
  );

  it('rejects requests without a key, and says how to send one', async () => {
    const { status, headers, body } = await get();
    expect(status).toBe(401);
    expect(headers.get('www-authenticate')).toBe('Bearer');
    expect(body.error).toMatchObject({
      code: 'api-key-missing',
      param: 'Authorization',
      message: expect.stringContaining('Authorization: Bearer <API key>'),
    });
  });

  it.each([
    [`Basic ${KEY}`, /of another scheme/],
    ['Bearer ', /no key after "Bearer"/],
    ['Bearer a b', /a key with white space/],
  ])('says what is wrong with "%s"', async (authorization, message) => {
    expect((await get(authorization)).body.error.message).toMatch(message);
  });

  it.each([
    ['of another scheme', `Basic ${KEY}`, 'api-key-missing'],
    ['that is empty', 'Bearer ', 'api-key-missing'],
    ['that is wrong', `Bearer ${'x'.repeat(40)}`, 'api-key-invalid'],
    ['that is the beginning of a good one', `Bearer ${KEY.slice(1)}`, 'api-key-invalid'],
    ['that has a good one inside', `Bearer ${KEY}x`, 'api-key-invalid'],
    ["that is a key's name", 'Bearer default', 'api-key-invalid'],
  ])('rejects a key %s', async (_what, authorization, code) => {
    const { status, body } = await get(authorization);
    expect(status).toBe(401);
    expect(body.error.code).toBe(code);
    expect(JSON.stringify(body)).not.toContain(authorization.slice(7) || 'never');
  });

  it('guards every path below /v1, also those that do not exist', async () => {
    for (const path of ['/v1/fine_tuning/jobs', '/v1/datasets', '/v1/nothing']) {
      expect(await send('GET', path)).toMatchObject({ status: 401 });
    }
  });

  it('leaves health, description and page open', async () => {
    expect(await send('GET', '/healthz')).toMatchObject({ status: 200 });
    expect(await send('GET', '/openapi.json')).toMatchObject({ status: 200 });
  });
});
