import { describe, expect, it } from 'vitest';
import { FRONT_HEADER } from '../../../core/environment.ts';
import { createTestApp, readAnswer } from '../../support/test-app.ts';

const SECRET = 'what-the-front-sends';
const ORIGIN = 'https://fovea.example.com';
const KEY = { authorization: 'Bearer a-key-that-is-long-enough' };

const newApp = (secret = SECRET) =>
  createTestApp({
    front: { origin: ORIGIN, secret: async () => secret },
    apiKeys: async () => ({ phone: 'a-key-that-is-long-enough' }),
  });

describe('an installation with a front', () => {
  it.each(['/v1/models', '/', '/docs', '/healthz', '/readyz', '/v2', '/nowhere'])(
    'refuses %s past it, with a key or without, and says where it answers',
    async (path) => {
      const { app } = newApp();
      for (const headers of [
        {},
        KEY,
        { ...KEY, [FRONT_HEADER]: 'guessed' },
        { ...KEY, [FRONT_HEADER]: '' },
      ]) {
        const { status, body } = await readAnswer(await app.request(path, { headers }));
        expect(status).toBe(403);
        expect(JSON.stringify(body)).toContain(ORIGIN);
        expect(JSON.stringify(body)).not.toContain(SECRET);
      }
    },
  );

  it('answers what comes through it, and still requires a key', async () => {
    const { app, logLines } = newApp();
    const front = { [FRONT_HEADER]: SECRET };
    expect((await app.request('/healthz', { headers: front })).status).toBe(200);
    expect((await app.request('/v1/models', { headers: front })).status).toBe(401);
    expect((await app.request('/v1/models', { headers: { ...front, ...KEY } })).status).toBe(200);
    expect(logLines.join('\n')).not.toContain(SECRET);
  });

  it('makes links that lead through it', async () => {
    const { app } = newApp();
    const { body } = await readAnswer(
      await app.request('/v1/uploads', {
        method: 'POST',
        headers: { ...KEY, [FRONT_HEADER]: SECRET, 'content-type': 'application/json' },
        body: JSON.stringify({ bytes: 10, mime_type: 'image/png' }),
      }),
    );
    expect(new URL(body.url).origin).toBe(ORIGIN);
  });

  it('admits nobody while its secret is empty', async () => {
    const { app } = newApp('');
    expect((await app.request('/healthz', { headers: { [FRONT_HEADER]: '' } })).status).toBe(403);
    expect((await app.request('/healthz')).status).toBe(403);
  });
});
