import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { isFoveaError } from '../../../core/errors.ts';
import { allowHosts } from '../../../functions/http/allow-hosts.ts';

const app = new Hono();
app.use(allowHosts(['localhost', '127.0.0.1', '[::1]']));
app.all('/', (c) => c.text('through'));
app.onError((error, c) => c.text(isFoveaError(error) ? error.code : 'unexpected'));

const answer = async (method: string, headers: Record<string, string>) =>
  (await app.request('http://127.0.0.1:8787/', { method, headers })).text();

describe('allowHosts', () => {
  it.each(['127.0.0.1:8787', 'localhost', '[::1]:8787'])('answers for %s', async (host) => {
    expect(await answer('POST', { host })).toBe('through');
  });

  it.each(['evil.example', '127.0.0.1.evil.example:8787', 'localhost@evil.example', ' ', '127.0.0.2'])(
    'rejects the host %j',
    async (host) => {
      expect(await answer('GET', { host })).toBe('host-not-allowed');
    },
  );

  it('takes changes from its own page and from clients that are no pages', async () => {
    const host = 'localhost:8787';
    expect(await answer('POST', { host, origin: 'http://localhost:8787' })).toBe('through');
    expect(await answer('POST', { host })).toBe('through');
  });

  it.each(['http://evil.example', 'http://localhost:9999', 'https://localhost:8787', 'null'])(
    'rejects changes from a page of %s, and lets it read',
    async (origin) => {
      const host = 'localhost:8787';
      expect(await answer('POST', { host, origin })).toBe('origin-not-allowed');
      expect(await answer('GET', { host, origin })).toBe('through');
    },
  );
});
