import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../../..');
const BULK = '/-/npm/v1/security/advisories/bulk';
const ADVISORY = {
  id: 1,
  url: 'https://advisories.example/1',
  title: 'Zod gives in',
  severity: 'high',
  vulnerable_versions: '*',
  cwe: [],
  cvss: { score: 8, vectorString: null },
};

let cache: string;
let server: Server | undefined;
beforeAll(() => {
  cache = mkdtempSync(path.join(os.tmpdir(), 'fovea-audit-'));
});
afterEach(() => {
  server?.close();
  server = undefined;
});
afterAll(() => rmSync(cache, { recursive: true, force: true }));

/** A registry that knows of some vulnerabilities, or has no audits where it is given none. */
async function startRegistry(advisories: object | undefined) {
  const asked: string[] = [];
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const name = decodeURIComponent(request.url?.slice(1) ?? '');
    if (request.url === BULK) {
      const body = Buffer.concat(chunks);
      const text = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
      asked.push(...Object.keys(JSON.parse(text.toString())));
      response.statusCode = advisories === undefined ? 405 : 200;
      response.end(JSON.stringify(advisories ?? {}));
    } else if (request.method === 'GET') {
      const versions = { '1.0.0': { name, version: '1.0.0' } };
      response.end(JSON.stringify({ name, versions, 'dist-tags': { latest: '1.0.0' } }));
    } else {
      response.statusCode = 404;
      response.end('{}');
    }
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, asked };
}

async function audit(registry: string, ...args: string[]) {
  const env = {
    ...process.env,
    npm_config_registry: registry,
    npm_config_cache: cache,
    npm_config_fetch_retries: '0',
    // As in `npm run -s audit`.
    npm_config_loglevel: 'silent',
  };
  const child = spawn('node', ['--import', 'tsx', 'scripts/audit.ts', ...args], { cwd: root, env });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  return { code, output };
}

describe('npm run audit', () => {
  it('fails on a known vulnerability of a production package', async () => {
    const { url, asked } = await startRegistry({ zod: [ADVISORY] });
    const { code, output } = await audit(url);
    expect(output).toContain('high: zod *\n  Zod gives in https://advisories.example/1\n');
    expect(code).toBe(1);
    // Production packages that development needs, too, are among them; others of development are not.
    expect(asked).toEqual(expect.arrayContaining(['zod', 'commander', 'esbuild', 'sharp']));
    expect(asked).not.toContain('vitest');
  });

  it('passes where all findings are below the threshold', async () => {
    const { url } = await startRegistry({ zod: [ADVISORY] });
    const { code, output } = await audit(url, '--level', 'critical');
    expect(output).toContain('of which critical or above: 0.');
    expect(code).toBe(0);
  });

  it('passes where the registry knows of none', async () => {
    const { url } = await startRegistry({});
    expect(await audit(url)).toEqual({
      code: 0,
      output: 'Packages with known vulnerabilities: 0, of which moderate or above: 0.\n',
    });
  });

  it('passes and says so where the registry has no audits', async () => {
    const { url } = await startRegistry(undefined);
    const { code, output } = await audit(url);
    expect(output).toMatch(/^No audit was made, because the registry does not answer audits: .*405/);
    expect(code).toBe(0);
  });

  it('passes and says so without a network', async () => {
    const { code, output } = await audit('http://127.0.0.1:9/');
    expect(output).toMatch(/^No audit was made, because the registry does not answer audits: .*ECONNREFUSED/);
    expect(code).toBe(0);
  });

  it('fails where npm fails for another reason', async () => {
    const { code, output } = await audit('http://127.0.0.1:9/', 'no-such-folder');
    expect(output).toContain('no-such-folder');
    expect(code).toBe(1);
  });
});
