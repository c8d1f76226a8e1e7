import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../functions/deps/logger.ts';
import { startLocalServer } from '../../../functions/local-server.ts';
import { assertKeys, hostRules } from '../../../functions/server-access.ts';

const apiKeys = async () => ({ me: 'a-key-of-sixteen-characters' });
const folder = mkdtempSync(path.join(tmpdir(), 'fovea-access-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('a server without keys', () => {
  it.each([
    '0.0.0.0',
    '::',
    '192.168.1.7',
    'fe80::1',
    'fovea.example.com',
    '127.0.0.1.example.com',
    '128.0.0.1',
  ])('is refused on %s, with the way out, before anything is made', async (host) => {
    const dataDir = path.join(folder, 'data');
    const starting = startLocalServer({ dataDir, host, port: 0, version: '0.0.0', logger: silentLogger });
    await expect(starting).rejects.toMatchObject({ code: 'api-keys-needed' });
    await expect(starting).rejects.toThrow(/--api-keys.*FOVEA_API_KEY.*127\.0\.0\.1/s);
    expect(existsSync(dataDir)).toBe(false);
  });

  it.each(['127.0.0.1', '127.1.2.3', 'localhost', '::1'])('may be on %s', (host) => {
    expect(() => assertKeys(host, {})).not.toThrow();
    expect(() => assertKeys(host, { allowOrigins: ['https://app.example.com'] })).not.toThrow();
    expect(() => assertKeys(host, { allowOrigins: ['*'] })).toThrow(/every page/);
  });
});

describe('a server with keys', () => {
  it('may listen on any address', () => {
    for (const host of ['0.0.0.0', '::', 'fovea.example.com', '127.0.0.1'])
      expect(() => assertKeys(host, { apiKeys, allowOrigins: ['*'] })).not.toThrow();
  });
});

describe('hostRules', () => {
  it("has the machine's own names and those that are given", () => {
    expect(hostRules('127.0.0.1', {})).toEqual({
      names: ['localhost', '127.0.0.1', '[::1]'],
      anyAddress: false,
    });
    expect(hostRules('fe80::1', { allowHosts: ['Fovea.example.com'] })).toEqual({
      names: ['localhost', '127.0.0.1', '[::1]', '[fe80::1]', 'fovea.example.com'],
      anyAddress: false,
    });
    expect(hostRules('0.0.0.0', {})).toMatchObject({
      names: expect.arrayContaining([hostname().toLowerCase()]),
      anyAddress: true,
    });
  });
});
