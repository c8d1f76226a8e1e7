import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { isFoveaError } from '../../../core/errors/errors.ts';
import type { AppEnv, HostRules } from '../../../functions/deps/deps.ts';
import { allowHosts } from '../../../functions/http/allow-hosts.ts';
import { publicOrigin } from '../../../functions/http/public-origin.ts';

const OWN: HostRules = { names: ['localhost', '127.0.0.1', '[::1]'] };

function createAnswer(rules: HostRules, { origins = [] as string[], trustsProxy = false } = {}) {
  const app = new Hono<AppEnv>();
  app.use(publicOrigin(trustsProxy));
  app.use(allowHosts(rules, origins));
  app.all('/', (c) => c.text(c.get('publicOrigin') ?? ''));
  app.onError((error, c) => c.text(isFoveaError(error) ? error.code : 'unexpected'));
  return async (method: string, headers: Record<string, string>) =>
    (await app.request('http://127.0.0.1:8787/', { method, headers })).text();
}

describe('allowHosts', () => {
  const answer = createAnswer(OWN);

  it.each(['127.0.0.1:8787', 'localhost', 'LOCALHOST', '[::1]:8787'])('answers for %s', async (host) => {
    expect(await answer('POST', { host })).toBe(`http://${host.toLowerCase()}`);
  });

  it.each(['evil.example', '127.0.0.1.evil.example:8787', 'localhost@evil.example', ' ', '127.0.0.2', 'a b'])(
    'rejects the host %j',
    async (host) => {
      expect(await answer('GET', { host })).toBe('host-not-allowed');
    },
  );

  it('accepts changes from its own page and from clients that are no web pages', async () => {
    const host = 'localhost:8787';
    expect(await answer('POST', { host, origin: 'http://localhost:8787' })).toBe('http://localhost:8787');
    expect(await answer('POST', { host })).toBe('http://localhost:8787');
  });

  it.each(['http://evil.example', 'http://localhost:9999', 'https://localhost:8787', 'null'])(
    'rejects changes from a page of %s, and lets it read',
    async (origin) => {
      const host = 'localhost:8787';
      expect(await answer('POST', { host, origin })).toBe('origin-not-allowed');
      expect(await answer('GET', { host, origin })).toBe('http://localhost:8787');
    },
  );

  it('accepts changes from pages of the allowed origins, and from no others', async () => {
    const host = 'localhost';
    const named = createAnswer(OWN, { origins: ['https://app.example', 'capacitor://localhost'] });
    for (const origin of ['https://app.example', 'capacitor://localhost'])
      expect(await named('POST', { host, origin })).toBe('http://localhost');
    for (const origin of ['https://app.example.evil.example', 'http://app.example', 'null'])
      expect(await named('POST', { host, origin })).toBe('origin-not-allowed');
    expect(await createAnswer(OWN, { origins: ['*'] })('POST', { host, origin: 'null' })).toBe(
      'http://localhost',
    );
  });

  it('answers for any IP address, and for no other name, where it listens on all addresses', async () => {
    const any = createAnswer({ names: ['localhost'], anyAddress: true });
    for (const host of ['192.168.1.7:8787', '10.0.0.1', '[fe80::1]:80'])
      expect(await any('POST', { host })).toBe(
        `http://${host.replace(':80', host.endsWith(':80') ? '' : ':80')}`,
      );
    for (const host of ['evil.example', '192.168.1.7.evil.example', 'a192.168.1.7'])
      expect(await any('GET', { host })).toBe('host-not-allowed');
  });
});

describe('behind a proxy', () => {
  const rules = { names: ['fovea.example.com', '127.0.0.1'] };
  const behind = createAnswer(rules, { trustsProxy: true });
  const forwarded = {
    host: '127.0.0.1:8787',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'fovea.example.com',
  };

  it('the origin is the one that the client asked the proxy for', async () => {
    expect(await behind('GET', forwarded)).toBe('https://fovea.example.com');
    expect(await behind('POST', { ...forwarded, origin: 'https://fovea.example.com' })).toBe(
      'https://fovea.example.com',
    );
    expect(await behind('GET', { ...forwarded, 'x-forwarded-proto': 'HTTPS, http' })).toBe(
      'https://fovea.example.com',
    );
    expect(await behind('GET', { host: 'fovea.example.com', 'x-forwarded-proto': 'https' })).toBe(
      'https://fovea.example.com',
    );
    expect(await behind('GET', { ...forwarded, 'x-forwarded-proto': 'gopher' })).toBe(
      'http://fovea.example.com',
    );
  });

  it('host and origin are still checked', async () => {
    expect(await behind('GET', { ...forwarded, 'x-forwarded-host': 'evil.example' })).toBe(
      'host-not-allowed',
    );
    for (const origin of ['http://fovea.example.com', 'https://evil.example', 'http://127.0.0.1:8787'])
      expect(await behind('POST', { ...forwarded, origin })).toBe('origin-not-allowed');
  });

  it('forwarded headers do not count where the server is not told of a proxy', async () => {
    const plain = createAnswer(rules);
    expect(await plain('GET', forwarded)).toBe('http://127.0.0.1:8787');
    expect(await plain('POST', { ...forwarded, origin: 'https://fovea.example.com' })).toBe(
      'origin-not-allowed',
    );
    expect(await plain('GET', { host: 'evil.example', 'x-forwarded-host': '127.0.0.1' })).toBe(
      'host-not-allowed',
    );
  });
});
